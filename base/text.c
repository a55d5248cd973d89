/* calls: none */
#include <cordon/text.h>

#include <string.h>

size_t
cordon_text_escape(const void *data, size_t size, char *out, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	size_t length = 0, used = 0;
	int cut = 0;

	for (size_t i = 0; i < size; i++) {
		const unsigned char c = bytes[i];
		char piece[4] = { (char)c };
		size_t need = 1;

		if (c == '\\') {
			piece[1] = '\\';
			need = 2;
		} else if (c < 0x20 || c > 0x7e) {
			memcpy(piece, (const char[]){ '\\', 'x', digits[c >> 4], digits[c & 15] },
				4);
			need = 4;
		}
		length += need;
		cut |= used + need >= room;
		if (!cut) {
			memcpy(out + used, piece, need);
			used += need;
		}
	}
	if (room > 0)
		out[used] = '\0';
	return length;
}

size_t
cordon_text_character(const void *text, size_t left)
{
	const unsigned char *s = text;
	static const struct {
		unsigned char low, high, second_low, second_high, length;
	} forms[] = { { 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 } };

	if (left == 0)
		return 0;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].low || s[0] > forms[i].high)
			continue;
		if (forms[i].length > left)
			return 0;
		if (forms[i].length > 1 &&
			(s[1] < forms[i].second_low || s[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

int
cordon_text_is_utf8(const void *text, size_t size)
{
	const unsigned char *s = text;

	for (size_t i = 0; i < size;) {
		uint64_t eight;
		size_t length;

		if (size - i >= sizeof(eight)) {
			memcpy(&eight, s + i, sizeof(eight));
			if ((eight & 0x8080808080808080u) == 0) { /* ASCII */
				i += sizeof(eight);
				continue;
			}
		}
		length = s[i] < 0x80 ? 1 : cordon_text_character(s + i, size - i);
		if (length == 0)
			return 0;
		i += length;
	}
	return 1;
}

size_t
cordon_text_whole(const void *text, size_t size)
{
	const unsigned char *s = text;

	/* The last byte that begins a character is among the last four. */
	for (size_t back = 1; back <= 3 && back <= size; back++) {
		const unsigned char c = s[size - back];
		const size_t wants = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;

		if ((c & 0xc0) == 0x80)
			continue;
		return c < 0xf5 && wants > back ? size - back : size;
	}
	return size;
}

size_t
cordon_text_inside(const void *text, size_t size)
{
	const unsigned char *s = text;
	size_t skip = 0;

	while (skip < 3 && skip < size && (s[skip] & 0xc0) == 0x80)
		skip++;
	return skip;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* The digits that text starts with, as a number; *ret_end is behind them. -1: none, or too many. */
static int
leading_number(const char *text, uint64_t *ret, const char **ret_end)
{
	const int base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
	const char *p = base == 16 ? text + 2 : text;
	const char *start = p;
	uint64_t value = 0;

	for (; digit(*p) < base; p++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit(*p), &value))
			return -1;
	if (p == start)
		return -1;
	*ret = value;
	*ret_end = p;
	return 0;
}

/* How much of a foreign word an error quotes; CUT_MARK is behind it when there is more. */
#define QUOTED         40
#define CUT_MARK(text) (strnlen(text, QUOTED + 1) > QUOTED ? "..." : "")

int
cordon_parse_u64(
	const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct cordon_error *err)
{
	const char *end;
	uint64_t value;

	if (leading_number(text, &value, &end) < 0 || *end != '\0' || value < min || value > max)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%.*s%s' is not a number from %llu to %llu", QUOTED, text, CUT_MARK(text),
			(unsigned long long)min, (unsigned long long)max);
	*ret = value;
	return 0;
}

int
cordon_parse_u32(
	const char *text, uint32_t min, uint32_t max, uint32_t *ret, struct cordon_error *err)
{
	uint64_t value;

	if (cordon_parse_u64(text, min, max, &value, err) < 0)
		return -1;
	*ret = (uint32_t)value;
	return 0;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

static int
with_unit(const char *text, const struct unit *units, uint64_t *ret)
{
	const char *end;
	uint64_t value;

	if (leading_number(text, &value, &end) < 0)
		return -1;
	while (units->suffix != NULL && strcmp(end, units->suffix) != 0)
		units++;
	if (units->suffix == NULL || __builtin_mul_overflow(value, units->factor, &value))
		return -1;
	*ret = value;
	return 0;
}

int
cordon_parse_size(const char *text, uint64_t *ret_bytes, struct cordon_error *err)
{
	static const struct unit units[] = { { "", 1 }, { "K", 1024 }, { "M", 1048576 },
		{ "G", 1073741824 }, { NULL, 0 } };

	if (with_unit(text, units, ret_bytes) < 0)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%.*s%s' is not a size (bytes, or a number with K, M or G)", QUOTED, text,
			CUT_MARK(text));
	return 0;
}

int
cordon_parse_time(const char *text, uint64_t *ret_ms, struct cordon_error *err)
{
	static const struct unit units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { NULL, 0 } };

	if (with_unit(text, units, ret_ms) < 0)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%.*s%s' is not a time (milliseconds, or a number with ms, s, m or h)",
			QUOTED, text, CUT_MARK(text));
	return 0;
}
