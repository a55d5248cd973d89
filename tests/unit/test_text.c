#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include <cordon/text.h>

/* Reads what cordon_text_escape wrote. Returns the length. */
static size_t
unescape(const char *text, unsigned char *out)
{
	size_t length = 0;

	while (*text != '\0') {
		unsigned value;

		if (text[0] == '\\' && text[1] == '\\') {
			out[length++] = '\\';
			text += 2;
		} else if (text[0] == '\\') {
			cr_assert(eq(int, sscanf(text, "\\x%2x", &value), 1));
			out[length++] = (unsigned char)value;
			text += 4;
		} else {
			out[length++] = (unsigned char)*text++;
		}
	}
	return length;
}

Test(text, escapes_every_byte_to_printable_ascii_and_back)
{
	unsigned char bytes[256], back[256];
	char out[2000];

	for (int i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	size_t length = cordon_text_escape(bytes, 256, out, sizeof(out));

	cr_assert(eq(sz, length, strlen(out)));
	for (size_t i = 0; i < length; i++)
		cr_assert(out[i] >= 0x20 && out[i] <= 0x7e);
	cr_assert(eq(sz, unescape(out, back), 256));
	cr_assert(eq(int, memcmp(bytes, back, 256), 0));
}

Test(text, never_writes_half_an_escape)
{
	for (size_t room = 1; room < 12; room++) {
		char out[12];
		size_t length = cordon_text_escape("a\x01\x02", 3, out, room);

		cr_assert(eq(sz, length, 9));
		cr_assert(strlen(out) < room);
		cr_assert(strlen(out) == 0 || strlen(out) == 1 || strlen(out) == 5 ||
			  strlen(out) == 9);
	}
}

Test(text, numbers_are_whole_texts_within_bounds)
{
	struct cordon_error err = { 0 };
	uint32_t value = 7;
	const char *bad[] = { "", " 1", "1 ", "-1", "+1", "0x", "1x", "99999999999999999999",
		"256" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert(
			eq(int, cordon_parse_u32(bad[i], 0, 255, &value, &err), -1), "%s", bad[i]);
	cr_assert(eq(u32, value, 7));
	cr_assert(eq(int, cordon_parse_u32("0xfF", 0, 255, &value, &err), 0));
	cr_assert(eq(u32, value, 255));
}

Test(text, sizes_and_times_have_units_and_no_overflow)
{
	struct cordon_error err = { 0 };
	uint64_t value = 0;

	cr_assert(eq(int, cordon_parse_size("10M", &value, &err), 0));
	cr_assert(eq(u64, value, 10485760));
	cr_assert(eq(int, cordon_parse_time("5m", &value, &err), 0));
	cr_assert(eq(u64, value, 300000));
	cr_assert(eq(int, cordon_parse_size("10m", &value, &err), -1));
	cr_assert(eq(int, cordon_parse_size("99999999999999G", &value, &err), -1));
	cr_assert(eq(int, cordon_parse_time("1d", &value, &err), -1));
}

Test(error, is_one_printable_line_with_a_reason)
{
	struct cordon_error err = { 0 };

	cordon_fail(&err, CORDON_ESYS, 2, "could not open '%s'", "a\033[31mb\n");

	cr_assert(
		eq(str, err.text, "could not open 'a\\x1b[31mb\\x0a': No such file or directory"));
	cordon_while(&err, "profile '%s'", "x");
	cr_assert(eq(str, err.text,
		"profile 'x': could not open 'a\\x1b[31mb\\x0a': No such file or directory"));
	cr_assert(eq(int, err.sys, 2));
}

Test(error, is_cut_visibly)
{
	struct cordon_error err = { 0 };
	char text[900];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	cordon_fail(&err, CORDON_EINPUT, 0, "%s", text);

	cr_assert(eq(str, err.text + strlen(err.text) - 3, "..."));
}

Test(text, finds_a_byte_that_is_no_utf8_wherever_it_stands)
{
	char text[40];

	for (size_t size = 1; size <= sizeof(text); size++) {
		memset(text, 'a', size);
		cr_assert(cordon_text_is_utf8(text, size));
		for (size_t at = 0; at < size; at++) {
			text[at] = '\xff';
			cr_assert(not(cordon_text_is_utf8(text, size)), "%zu of %zu", at, size);
			text[at] = 'a';
		}
		for (size_t at = 0; at + 1 < size; at++) {
			memcpy(text + at, "\xc3\xa9", 2);
			cr_assert(cordon_text_is_utf8(text, size), "%zu of %zu", at, size);
			cr_assert(not(cordon_text_is_utf8(text, at + 1)), "%zu of %zu", at, size);
			memset(text, 'a', size);
		}
	}
}
