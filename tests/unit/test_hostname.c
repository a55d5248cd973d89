#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "hostname.h"

static int
take(const char *text, char out[HOSTNAME_ROOM])
{
	return hostname_take((const uint8_t *)text, strlen(text), out);
}

Test(hostname, is_taken_in_lower_case)
{
	static const char *const pairs[][2] = { { "example.org", "example.org" },
		{ "WWW.Example.ORG", "www.example.org" }, { "_dmarc.a-b.x", "_dmarc.a-b.x" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" }, { "localhost", "localhost" },
		{ "1.2.3.a4", "1.2.3.a4" }, { "3com.0xg", "3com.0xg" } };
	char name[HOSTNAME_ROOM];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		cr_assert(zero(int, take(pairs[i][0], name)), "%s", pairs[i][0]);
		cr_assert(eq(str, name, (char *)pairs[i][1]));
	}
}

Test(hostname, is_refused_when_it_has_another_reading)
{
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "a b", "a:80", "[::1]",
		"::1", "a/b", "user@a", "a%2eb", "\xc3\xbc.de", "a\tb", "*.a", "127.0.0.1",
		"0177.0.0.1", "0x7f.1", "1", "a.0x", "a.0xfF", "example.123", "\xef\xbd\x81.org" };
	char name[HOSTNAME_ROOM] = "as it was";

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert(eq(int, take(bad[i], name), -1), "%s", bad[i]);
	cr_assert(eq(int, hostname_take((const uint8_t *)"a\0b", 3, name), -1));
	cr_assert(eq(str, name, "as it was"));
}

Test(hostname, has_63_bytes_a_label_and_253_in_all)
{
	char text[300], name[HOSTNAME_ROOM];

	memset(text, 'a', sizeof(text));
	for (size_t i = 63; i < sizeof(text); i += 64)
		text[i] = '.';

	cr_assert(zero(int, hostname_take((uint8_t *)text, 63, name)));
	cr_assert(zero(int, hostname_take((uint8_t *)text, 253, name)));
	cr_assert(eq(sz, strlen(name), 253));
	cr_assert(eq(int, hostname_take((uint8_t *)text, 254, name), -1));
	text[63] = 'a';
	cr_assert(eq(int, hostname_take((uint8_t *)text, 64, name), -1));
}
