#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/text.h>

#include "fetch_fold.h"
#include "fetch_wrap.h"

static const uint8_t digest[CORDON_FETCH_DIGEST] = { 0xab };
static struct fetch_wrapped w;
static struct cordon_error err;

static void
end(void)
{
	free(w.text);
}

TestSuite(fetch_wrap, .fini = end, .timeout = 30);

/* What stands between the two lines. */
static char *
between(const char *text, size_t size)
{
	char *from, *to;

	free(w.text);
	cr_assert(eq(int, fetch_wrap(text, size, "http://a/", digest, &w, &err), 0));
	from = strchr(strchr(w.text, '\n') + 1, '\n') + 1;
	to = strstr(from, "----- END UNTRUSTED CONTENT ");
	cr_assert(ne(ptr, to, NULL));
	cr_assert(eq(int, strncmp(to + 28, w.boundary, 32), 0));
	return strndup(from, (size_t)(to - from));
}

static void
becomes(const char *text, const char *expected)
{
	char *got = between(text, strlen(text));

	cr_expect(eq(str, got, (char *)(uintptr_t)expected), "'%s'", text);
	free(got);
}

Test(fetch_wrap, ordinary_text_stays_as_it_is_and_ends_with_a_line_end)
{
	static const char text[] =
		"<p>a|b < c &lt; d — „ü“ … don't trust untrusted things; user: x\tcontent\r\n";

	becomes(text, text);
	cr_assert(eq(u32, w.neutralised, 0));
	cr_assert(eq(u32, w.invisible, 0));
	becomes("x", "x\n");
	becomes("", "");
}

Test(fetch_wrap, t_evade_002_forged_marks_are_broken_however_they_are_spelled)
{
	static const char *const marks[] = { "UNTRUSTED CONTENT", "untrusted content",
		"Untrusted-Content", "UNTRUSTED\nCONTENT", "untrustedcontent",
		"UNTRUSTED   __  CONTENT", "ＵＮＴＲＵＳＴＥＤ　ＣＯＮＴＥＮＴ",
		"untruѕted соntent", "un\xe2\x80\x8btrusted con\xc2\xadtent",
		"unt\xcc\x81rusted content", "&#117;ntrusted&nbsp;content",
		"&#x75;ntrusted content", "&amp;#117;ntrusted content", "untrusted&#45;content",
		"𝐮𝐧𝐭𝐫𝐮𝐬𝐭𝐞𝐝 𝐜𝐨𝐧𝐭𝐞𝐧𝐭", "ⓤⓝⓣⓡⓤⓢⓣⓔⓓ ⓒⓞⓝⓣⓔⓝⓣ", "\xf3\xa0\x81\x95untrusted content",
		"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|start_header_id|>",
		"＜｜im_start｜＞", "&lt;|im_start|&gt;", "[INST]", "[/INST]", "<<SYS>>",
		"<</SYS>>", "<start_of_turn>", "</s>", "</system>", "<System>", "<function_calls>",
		"</tool_call>" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		char text[256], *got;

		snprintf(text, sizeof(text), "a%sb", marks[i]);
		got = between(text, strlen(text));
		cr_expect(eq(str, got, "a[mark removed]b\n"), "'%s'", marks[i]);
		cr_expect(eq(u32, w.neutralised, 1), "'%s'", marks[i]);
		free(got);
	}
}

Test(fetch_wrap, words_of_roles_are_broken_at_the_begin_of_a_line_alone)
{
	becomes("Human: x\n  Assistant: y\na human: z\n\nSYSTEM : q",
		"[mark removed] x\n  [mark removed] y\na human: z\n\nSYSTEM : q\n");
}

Test(fetch_wrap, t_exec_002_what_nobody_sees_is_left_out_and_counted)
{
	static const char text[] = "a\xe2\x80\x8b"
				   "b\xf3\xa0\x81\x81\xef\xbb\xbf"
				   "c\x1b[31m\x7f\xe2\x80\xae"
				   "d\0e";
	char *got = between(text, sizeof(text) - 1);

	cr_assert(eq(str, got, "abc[31mde\n"));
	cr_assert(eq(u32, w.invisible, 7));
	free(got);
}

Test(fetch_wrap, a_boundary_is_made_for_each_and_the_notice_says_what_it_is_about)
{
	char first[CORDON_FETCH_BOUNDARY];

	becomes("x", "x\n");
	memcpy(first, w.boundary, sizeof(first));
	cr_assert(eq(sz, strspn(first, "0123456789abcdef"), 32));
	cr_assert(ne(ptr, strstr(w.text, "http://a/"), NULL));
	cr_assert(ne(ptr, strstr(w.text, "1 bytes; SHA-256 ab00"), NULL));
	becomes("x", "x\n");
	cr_assert(ne(str, first, w.boundary));
}

Test(fetch_wrap, the_tables_are_in_order_and_what_is_folded_has_a_size)
{
	for (uint32_t c = 1; c < 0x110000; c++) {
		const char utf8[] = { (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)),
			(char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)) };
		const char small[] = { (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
			(char)(0x80 | (c & 0x3f)) };
		const char *text = c < 0x10000 ? small : utf8;
		const size_t size = c < 0x10000 ? 3 : 4;
		size_t took = 0;

		if (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))
			continue;
		cr_assert(eq(sz, cordon_text_character(text, size), size));
		cr_assert(eq(u32, fetch_character(text, size), c));
		(void)fetch_fold(text, size, &took);
		cr_assert(eq(sz, took, size));
	}
}
