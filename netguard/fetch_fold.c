/* The tables have the letters of the marks that are looked for (fetch_wrap.c), as those scripts draw them that are at hand to
 * whoever forges one. They are not complete, and need not be: what is forged so does not have the boundary.
 *
 * calls: none */
#include "fetch_fold.h"

#include <string.h>

#include <cordon/text.h>

/* In the order of their code points. */
/* clang-format off */
static const struct {
	uint16_t c;
	char looks_like;
} looks[] = {
	{ 0x00a0, ' ' }, { 0x00c0, 'a' }, { 0x00c1, 'a' }, { 0x00c2, 'a' }, { 0x00c3, 'a' }, { 0x00c4, 'a' }, { 0x00c5, 'a' }, { 0x00c7, 'c' },
	{ 0x00c8, 'e' }, { 0x00c9, 'e' }, { 0x00ca, 'e' }, { 0x00cb, 'e' }, { 0x00cc, 'i' }, { 0x00cd, 'i' }, { 0x00ce, 'i' }, { 0x00cf, 'i' },
	{ 0x00d1, 'n' }, { 0x00d2, 'o' }, { 0x00d3, 'o' }, { 0x00d4, 'o' }, { 0x00d5, 'o' }, { 0x00d6, 'o' }, { 0x00d8, 'o' }, { 0x00d9, 'u' },
	{ 0x00da, 'u' }, { 0x00db, 'u' }, { 0x00dc, 'u' }, { 0x00dd, 'y' }, { 0x00e0, 'a' }, { 0x00e1, 'a' }, { 0x00e2, 'a' }, { 0x00e3, 'a' },
	{ 0x00e4, 'a' }, { 0x00e5, 'a' }, { 0x00e7, 'c' }, { 0x00e8, 'e' }, { 0x00e9, 'e' }, { 0x00ea, 'e' }, { 0x00eb, 'e' }, { 0x00ec, 'i' },
	{ 0x00ed, 'i' }, { 0x00ee, 'i' }, { 0x00ef, 'i' }, { 0x00f1, 'n' }, { 0x00f2, 'o' }, { 0x00f3, 'o' }, { 0x00f4, 'o' }, { 0x00f5, 'o' },
	{ 0x00f6, 'o' }, { 0x00f8, 'o' }, { 0x00f9, 'u' }, { 0x00fa, 'u' }, { 0x00fb, 'u' }, { 0x00fc, 'u' }, { 0x00fd, 'y' }, { 0x00ff, 'y' },
	{ 0x0101, 'a' }, { 0x0103, 'a' }, { 0x0105, 'a' }, { 0x0107, 'c' }, { 0x010d, 'c' }, { 0x010f, 'd' }, { 0x0111, 'd' }, { 0x0113, 'e' },
	{ 0x0119, 'e' }, { 0x011b, 'e' }, { 0x011f, 'g' }, { 0x012b, 'i' }, { 0x0131, 'i' }, { 0x0144, 'n' }, { 0x0148, 'n' }, { 0x014d, 'o' },
	{ 0x0155, 'r' }, { 0x0159, 'r' }, { 0x015a, 's' }, { 0x015b, 's' }, { 0x015f, 's' }, { 0x0160, 's' }, { 0x0161, 's' }, { 0x0163, 't' },
	{ 0x0165, 't' }, { 0x016b, 'u' }, { 0x016f, 'u' }, { 0x0184, 'b' }, { 0x0192, 'f' }, { 0x01c0, '|' }, { 0x0251, 'a' }, { 0x0261, 'g' },
	{ 0x0262, 'g' }, { 0x0269, 'l' }, { 0x026a, 'i' }, { 0x0274, 'n' }, { 0x0280, 'r' }, { 0x028f, 'y' }, { 0x0299, 'b' }, { 0x029c, 'h' },
	{ 0x029f, 'l' }, { 0x02c2, '<' }, { 0x02c3, '>' }, { 0x02d0, ':' }, { 0x0391, 'a' }, { 0x0392, 'b' }, { 0x0395, 'e' }, { 0x0397, 'h' },
	{ 0x0399, 'i' }, { 0x039a, 'k' }, { 0x039c, 'm' }, { 0x039d, 'n' }, { 0x039f, 'o' }, { 0x03a1, 'p' }, { 0x03a4, 't' }, { 0x03a5, 'y' },
	{ 0x03a7, 'x' }, { 0x03b1, 'a' }, { 0x03b2, 'b' }, { 0x03b3, 'y' }, { 0x03b5, 'e' }, { 0x03b7, 'n' }, { 0x03b9, 'i' }, { 0x03ba, 'k' },
	{ 0x03bd, 'n' }, { 0x03bf, 'o' }, { 0x03c1, 'p' }, { 0x03c3, 'o' }, { 0x03c4, 't' }, { 0x03c5, 'u' }, { 0x03c7, 'x' }, { 0x03c9, 'w' },
	{ 0x03f2, 'c' }, { 0x03f9, 'c' }, { 0x0401, 'e' }, { 0x0404, 'e' }, { 0x0405, 's' }, { 0x0406, 'i' }, { 0x0410, 'a' }, { 0x0412, 'b' },
	{ 0x0415, 'e' }, { 0x041a, 'k' }, { 0x041c, 'm' }, { 0x041d, 'h' }, { 0x041e, 'o' }, { 0x041f, 'n' }, { 0x0420, 'p' }, { 0x0421, 'c' },
	{ 0x0422, 't' }, { 0x0423, 'y' }, { 0x0425, 'x' }, { 0x042c, 'b' }, { 0x0430, 'a' }, { 0x0432, 'b' }, { 0x0433, 'r' }, { 0x0435, 'e' },
	{ 0x043a, 'k' }, { 0x043c, 'm' }, { 0x043e, 'o' }, { 0x043f, 'n' }, { 0x0440, 'p' }, { 0x0441, 'c' }, { 0x0442, 't' }, { 0x0443, 'y' },
	{ 0x0445, 'x' }, { 0x0446, 'u' }, { 0x0451, 'e' }, { 0x0454, 'e' }, { 0x0455, 's' }, { 0x0456, 'i' }, { 0x0457, 'i' }, { 0x0461, 'w' },
	{ 0x0475, 'v' }, { 0x04af, 'y' }, { 0x04bb, 'h' }, { 0x04cf, 'l' }, { 0x0501, 'd' }, { 0x051d, 'w' }, { 0x0570, 'h' }, { 0x0578, 'n' },
	{ 0x057d, 'u' }, { 0x0581, 'g' }, { 0x0585, 'o' }, { 0x1680, ' ' }, { 0x1d00, 'a' }, { 0x1d04, 'c' }, { 0x1d05, 'd' }, { 0x1d07, 'e' },
	{ 0x1d0b, 'k' }, { 0x1d0d, 'm' }, { 0x1d0f, 'o' }, { 0x1d18, 'p' }, { 0x1d1b, 't' }, { 0x1d1c, 'u' }, { 0x1d20, 'v' }, { 0x1d21, 'w' },
	{ 0x1d26, 'r' }, { 0x2000, ' ' }, { 0x2001, ' ' }, { 0x2002, ' ' }, { 0x2003, ' ' }, { 0x2004, ' ' }, { 0x2005, ' ' }, { 0x2006, ' ' },
	{ 0x2007, ' ' }, { 0x2008, ' ' }, { 0x2009, ' ' }, { 0x200a, ' ' }, { 0x2010, '-' }, { 0x2011, '-' }, { 0x2012, '-' }, { 0x2013, '-' },
	{ 0x2014, '-' }, { 0x2015, '-' }, { 0x2017, '_' }, { 0x202f, ' ' }, { 0x2039, '<' }, { 0x203a, '>' }, { 0x2044, '/' }, { 0x205f, ' ' },
	{ 0x212f, 'e' }, { 0x2170, 'i' }, { 0x2174, 'v' }, { 0x2179, 'x' }, { 0x217c, 'l' }, { 0x217d, 'c' }, { 0x217e, 'd' }, { 0x217f, 'm' },
	{ 0x2212, '-' }, { 0x2215, '/' }, { 0x2223, '|' }, { 0x2236, ':' }, { 0x227a, '<' }, { 0x227b, '>' }, { 0x2500, '-' }, { 0x2501, '-' },
	{ 0x2502, '|' }, { 0x2503, '|' }, { 0x254e, '|' }, { 0x2758, '|' }, { 0x276e, '<' }, { 0x276f, '>' }, { 0x2772, '[' }, { 0x2773, ']' },
	{ 0x27e8, '<' }, { 0x27e9, '>' }, { 0x29f8, '/' }, { 0x2e3a, '-' }, { 0x2e3b, '-' }, { 0x3000, ' ' }, { 0x3008, '<' }, { 0x3009, '>' },
	{ 0x3010, '[' }, { 0x3011, ']' }, { 0x3014, '[' }, { 0x3015, ']' }, { 0x30fc, '-' }, { 0xa730, 'f' }, { 0xa731, 's' }, { 0xa789, ':' },
	{ 0xfe58, '-' }, { 0xfe63, '-' }, { 0xfe64, '<' }, { 0xfe65, '>' }, { 0xff0d, '-' }, { 0xff1a, ':' }, { 0xff1c, '<' }, { 0xff1e, '>' },
	{ 0xff3b, '[' }, { 0xff3d, ']' }, { 0xff3f, '_' }, { 0xffe8, '|' },
};
/* clang-format on */

static char
look_up(uint32_t c)
{
	size_t low = 0, high = sizeof(looks) / sizeof(looks[0]);

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (looks[middle].c == c)
			return looks[middle].looks_like;
		if (looks[middle].c < c)
			low = middle + 1;
		else
			high = middle;
	}
	return FOLD_OTHER;
}

static char
small(uint32_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static char
fold_character(uint32_t c)
{
	if (cordon_text_is_unseen(c))
		return FOLD_NOTHING;
	if (c < 0x80)
		return small(c);
	if (c >= 0x300 && c <= 0x36f) /* accents that stand alone */
		return FOLD_NOTHING;
	if (c >= 0xff01 && c <= 0xff5e) /* full width */
		return small(c - 0xff01 + '!');
	if (c >= 0x1d400 &&
		c <= 0x1d6a3) /* mathematical alphabets, 26 capital and 26 small letters each */
		return (char)('a' + (c - 0x1d400) % 26);
	if (c >= 0x24b6 && c <= 0x24e9) /* in circles */
		return (char)('a' + (c - 0x24b6) % 26);
	return look_up(c);
}

/* "#60;" or "#x3c;": the character, or 0. *ret_size: with its semicolon. */
static uint32_t
entity_number(const char *text, size_t left, size_t *ret_size)
{
	const int hex = left > 1 && (text[1] | 0x20) == 'x';
	size_t at = hex ? 2 : 1;
	uint32_t c = 0;

	for (; at < left && at < 12 && text[at] != ';'; at++) {
		const char digit = (char)(text[at] | 0x20);
		const uint32_t value =
			text[at] >= '0' && text[at] <= '9'    ? (uint32_t)(text[at] - '0')
			: hex && digit >= 'a' && digit <= 'f' ? (uint32_t)(digit - 'a') + 10
							      : 16;

		if (value == 16 || c > 0x10ffff)
			return 0;
		c = c * (hex ? 16 : 10) + value;
	}
	if (at >= left || text[at] != ';' || c > 0x10ffff)
		return 0;
	*ret_size = at + 1;
	return c;
}

/* "&lt;", "&#60;", "&#x3c;", also "&amp;lt;": the character, or 0 when it is no entity that we know. */
static uint32_t
entity(const char *text, size_t left, size_t *ret_size)
{
	static const struct {
		const char *name;
		uint32_t c;
	} names[] = { { "lt;", '<' }, { "gt;", '>' }, { "lsqb;", '[' }, { "lbrack;", '[' },
		{ "rsqb;", ']' }, { "rbrack;", ']' }, { "vert;", '|' }, { "verbar;", '|' },
		{ "dash;", '-' }, { "hyphen;", '-' }, { "minus;", '-' }, { "ndash;", '-' },
		{ "mdash;", '-' }, { "shy;", 0xad }, { "nbsp;", ' ' }, { "lowbar;", '_' },
		{ "sol;", '/' }, { "colon;", ':' }, { "zwj;", 0x200d }, { "zwnj;", 0x200c } };
	size_t at = 1, size = 0;
	uint32_t c = 0;

	while (left - at > 4 && memcmp(text + at, "amp;", 4) == 0)
		at += 4;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && c == 0; i++) {
		size = strlen(names[i].name);
		if (left - at >= size && memcmp(text + at, names[i].name, size) == 0)
			c = names[i].c;
	}
	if (c == 0 && left > at && text[at] == '#')
		c = entity_number(text + at, left - at, &size);
	*ret_size = at + size;
	return c;
}

char
fetch_fold(const char *text, size_t left, size_t *ret_size)
{
	const size_t size = cordon_text_character(text, left);
	size_t entity_size = 0;
	uint32_t c;

	*ret_size = size > 0 ? size : 1;
	if (size == 0)
		return FOLD_OTHER;
	if (text[0] == '&' && left > 2 && (c = entity(text, left, &entity_size)) != 0) {
		*ret_size = entity_size;
		return fold_character(c);
	}
	return fold_character(cordon_text_code_point(text, size));
}
