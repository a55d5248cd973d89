/* Controls, and of Unicode what has no form of its own: formatting, direction, fillers, selectors of variants, tags
 * (DerivedCoreProperties: Default_Ignorable_Code_Point, and category Cf).
 *
 * calls: none */
#include <cordon/text.h>

/* In the order of their code points. */
static const struct {
	uint32_t from, to;
} unseen[] = {
	{ 0x00, 0x08 },
	{ 0x0b, 0x0c },
	{ 0x0e, 0x1f },
	{ 0x7f, 0x9f },
	{ 0xad, 0xad },
	{ 0x34f, 0x34f },
	{ 0x61c, 0x61c },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

int
cordon_text_is_unseen(uint32_t c)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].from && c <= unseen[i].to)
			return 1;
	return 0;
}

uint32_t
cordon_text_code_point(const void *character, size_t size)
{
	const unsigned char *t = character;
	uint32_t c = size == 1 ? t[0] : t[0] & (0x7fu >> size);

	for (size_t i = 1; i < size; i++)
		c = c << 6 | (t[i] & 0x3fu);
	return c;
}
