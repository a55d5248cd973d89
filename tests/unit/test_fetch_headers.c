#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include "fetch_headers.h"

static struct fetch_answer a;
static struct cordon_error err;

static void
end(void)
{
	fetch_answer_finish(&a);
}

TestSuite(fetch_headers, .fini = end, .timeout = 10);

static void
line(const char *text)
{
	fetch_answer_line(&a, text, strlen(text));
}

static int
judge(const char *name, const char *value)
{
	char *const headers[] = { (char *)(uintptr_t)name, (char *)(uintptr_t)value, NULL };

	return fetch_headers_judge("GET", headers, &err);
}

Test(fetch_headers, a31_what_frames_a_message_is_not_the_callers_to_say)
{
	static const char *const ours[] = { "Host", "CONNECTION", "content-length",
		"Transfer-Encoding", "te", "Upgrade", "Expect", "Proxy-Connection", "proxy-" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		cr_expect(eq(int, judge(ours[i], "x"), -1), "%s", ours[i]);
		cr_expect(eq(str, err.reason, "net.header"));
	}
	cr_assert(eq(int, judge("X-Host", "a b\tc \xc3\xa9"), 0));
	cr_assert(eq(int, judge("X", "a\rb"), -1));
	cr_assert(eq(int, judge("X", "a\nb"), -1));
	cr_assert(eq(int, judge("X\nY", "a"), -1));
}

Test(fetch_headers, an_answer_has_its_last_status_and_its_headers_in_order)
{
	line("HTTP/1.1 100 Continue\r\n");
	line("Early: x\r\n");
	line("\r\n");
	line("HTTP/1.1 301\r\n");
	line("A:  b c \r\n");
	line("a:\r\n");
	line("LOCATION: /one\r\n");
	line("Location: /two\r\n");
	line("\r\n");
	cr_assert(eq(u16, a.status, 301));
	cr_assert(eq(sz, a.count, 8));
	cr_assert(eq(str, a.headers[0], "A"));
	cr_assert(eq(str, a.headers[1], "b c"));
	cr_assert(eq(str, a.headers[3], ""));
	cr_assert(eq(str, a.location, "/two"));
	cr_assert(eq(u32, a.dropped, 0));
	line("HTTP/1.1 700 x\r\n");
	cr_assert(eq(u16, a.status, 0));
	cr_assert(eq(ptr, a.location, NULL));
}

Test(fetch_headers, what_is_no_text_and_what_is_too_much_is_dropped_and_counted)
{
	char text[64];

	line("HTTP/1.1 200 OK\r\n");
	line("A: \x01\r\n");
	line("A: \xff\r\n");
	line(" folded\r\n");
	line("A B: c\r\n");
	line(": c\r\n");
	cr_assert(eq(u32, a.dropped, 5));
	for (unsigned i = 0; i < CORDON_FETCH_HEADERS + 2; i++) {
		snprintf(text, sizeof(text), "N%u: v\r\n", i);
		line(text);
	}
	cr_assert(eq(u32, a.dropped, 7));
	cr_assert(eq(sz, a.count, 2 * CORDON_FETCH_HEADERS));
}

Test(fetch_headers, encodings_that_were_not_offered_are_noticed)
{
	static const char *const bad[] = { "br", "zstd", "gzip, gzip", "gzip\x01", "compress",
		"a-very-long-encoding-that-nobody-knows" };
	char text[128];

	line("HTTP/1.1 200 OK\r\n");
	line("Content-Encoding: GZIP\r\n");
	line("content-encoding: identity\r\n");
	cr_assert(eq(int, a.bad_encoding, 0));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		line("HTTP/1.1 200 OK\r\n");
		snprintf(text, sizeof(text), "Content-Encoding: %s\r\n", bad[i]);
		line(text);
		cr_expect(ne(int, a.bad_encoding, 0), "%s", bad[i]);
	}
}

Test(fetch_headers, what_crosses_origins_is_known_to_be_harmless)
{
	static const char *const stay[] = { "Authorization", "Cookie", "X-Api-Key", "Referer",
		"Origin", "X-Anything" };

	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		cr_expect(eq(int, fetch_header_crosses(stay[i]), 0), "%s", stay[i]);
	cr_assert(ne(int, fetch_header_crosses("ACCEPT"), 0));
}
