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
