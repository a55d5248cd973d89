#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/text.h>

#include "fetch_fold.h"
#include "fetch_wrap.h"

static const uint8_t digest[CORDON_FETCH_DIGEST] = { 0xab };
static struct fetch_source source = { .url = "http://a/", .digest = digest };
static struct fetch_wrapped w;
static struct cordon_error err;

static void
end(void)
{
	free(w.text);
}

TestSuite(fetch_wrap, .fini = end, .timeout = 120);

/* What stands between the two lines. */
static char *
between(const char *text, size_t size)
{
	char *from, *to;

	free(w.text);
	source.bytes = size;
	cr_assert(eq(int, fetch_wrap(text, size, &source, &w, &err), 0));
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
		cr_assert(eq(u32, cordon_text_code_point(text, size), c));
		(void)fetch_fold(text, size, &took);
		cr_assert(eq(sz, took, size));
	}
}

/* Of the text what a reader takes in who looks away from case, script, width, entities, what nobody sees, and how wide a gap is. */
static char *
taken_in(const char *text)
{
	const size_t size = strlen(text);
	char *ret = calloc(1, size + 1);
	size_t count = 0, took;

	cr_assert(ne(ptr, ret, NULL));
	for (size_t at = 0; at < size; at += took) {
		const char c = fetch_fold(text + at, size - at, &took);

		if (c == FOLD_NOTHING)
			continue;
		if (strchr(" -_\t\r\n", c) == NULL)
			ret[count++] = c;
		else if (count == 0 || ret[count - 1] != ' ')
			ret[count++] = ' ';
	}
	return ret;
}

/* CORDON_WRAPPINGS: how many (2000). */
Test(fetch_wrap, t_evade_002_what_is_put_together_of_pieces_has_one_end_and_no_mark)
{
	static const char *const pieces[] = { "UNTRUSTED", "CONTENT", "untrusted", "content", "un",
		"trusted", "con", "tent", "ｕｎｔｒｕｓｔｅｄ", "соntent", "&#117;ntrusted",
		"cont&#x65;nt", "&nbsp;", "&amp;#32;", " ", "  ", "-", "_", "\n", "\t",
		"\xe2\x80\x8b", "\xc2\xad", "\xf3\xa0\x81\x81", "\xcc\x81", "----- ", " -----",
		"BEGIN", "END", "01234567", "89abcdef", "89ABCDEF", "０１２３４５６７",
		"0123456789abcdef0123456789abcdef", "<|", "|>", "im_start", "<", ">", "/", "[INST]",
		"x", "&lt;" };
	static const char earlier[][CORDON_FETCH_BOUNDARY] = { "0123456789abcdef0123456789abcdef" };
	const char *rounds = getenv("CORDON_WRAPPINGS");
	unsigned long left = rounds == NULL ? 2000 : strtoul(rounds, NULL, 10);
	uint64_t random = 88172645463325252u;

	source.earlier = earlier;
	source.earlier_count = 1;
	for (; left > 0; left--) {
		char text[1024] = "", *got, *taken;

		for (unsigned i = 0; i < 24; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			strcat(text, pieces[random % (sizeof(pieces) / sizeof(pieces[0]))]);
		}
		got = between(text, strlen(text));
		taken = taken_in(got);
		cr_assert(eq(ptr, strstr(got, w.boundary), NULL), "'%s'", text);
		cr_assert(eq(ptr, strstr(taken, "untrustedcontent"), NULL), "'%s' is '%s'", text,
			got);
		cr_assert(eq(ptr, strstr(taken, earlier[0]), NULL), "'%s' is '%s'", text, got);
		free(taken);
		free(got);
	}
	source.earlier_count = 0;
}
