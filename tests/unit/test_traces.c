/* What a run's output leaves behind in a terminal (A26). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "traces.h"

/* The undoing of what is left after text was seen, in one piece and byte by byte. */
static const char *
undo_of(const char *text)
{
	static char whole[TRACES_UNDO_ROOM], pieces[TRACES_UNDO_ROOM];
	struct traces a = { 0 }, b = { 0 };

	traces_see(&a, text, strlen(text));
	for (const char *p = text; *p != '\0'; p++)
		traces_see(&b, p, 1);
	(void)traces_undo(&a, whole, sizeof(whole));
	(void)traces_undo(&b, pieces, sizeof(pieces));
	cr_assert(eq(str, whole, pieces));
	cr_assert(eq(int, a.asked, b.asked));
	return whole;
}

static int
asks(const char *text)
{
	struct traces t = { 0 };

	traces_see(&t, text, strlen(text));
	return t.asked;
}

Test(traces, plain_text_and_unicode_leave_nothing)
{
	cr_assert(eq(str, (char *)undo_of("hello\r\n\tw\xc3\xb6rld \xe2\x82\xac\a\b"), ""));
}

Test(traces, what_was_switched_off_again_is_not_undone)
{
	cr_assert(eq(str, (char *)undo_of("\033[?1049h\033[?2004h\033[?2004l\033[?1049l"), ""));
	cr_assert(eq(str, (char *)undo_of("\033[?25l\033[?7l\033[?7;25h"), ""));
	cr_assert(eq(str, (char *)undo_of("\033[1;31mred\033[0m"), ""));
	cr_assert(eq(str, (char *)undo_of("\033[1;31mred\033[m"), ""));
	cr_assert(eq(str, (char *)undo_of("\033[>1u\033[>5u\033[<2u"), ""));
	cr_assert(eq(str, (char *)undo_of("\033(0lqk\033(B\016\017"), ""));
	cr_assert(eq(str, (char *)undo_of("\033=\033>"), ""));
	cr_assert(eq(str, (char *)undo_of("\033[2;9r\033[r"), ""));
	cr_assert(eq(str, (char *)undo_of("\033]8;;http://x\033\\link\033]8;;\033\\"), ""));
	cr_assert(eq(str, (char *)undo_of("\033]11;#000\a\033]111\a"), ""));
}

Test(traces, each_mode_that_is_left_on_is_left)
{
	cr_assert(eq(str, (char *)undo_of("\033[?1049h"), "\033[?1049l"));
	cr_assert(eq(str, (char *)undo_of("\033[?2004h"), "\033[?2004l"));
	cr_assert(eq(str, (char *)undo_of("\033[?1003;1006h"), "\033[?1003l\033[?1006l"));
	cr_assert(eq(str, (char *)undo_of("\033[?25l"), "\033[?25h"));
	cr_assert(eq(str, (char *)undo_of("\033[0;31m"), "\033[m"));
	cr_assert(eq(str, (char *)undo_of("\033[>1u\033[>1u"), "\033[<2u"));
	cr_assert(eq(str, (char *)undo_of("\033[=5u"), "\033[=0u"));
	cr_assert(eq(str, (char *)undo_of("\033[>4;2m"), "\033[>4m"));
	cr_assert(eq(str, (char *)undo_of("\033[5 q"), "\033[0 q"));
	cr_assert(eq(str, (char *)undo_of("\033[4h"), "\033[4l"));
	cr_assert(eq(str, (char *)undo_of("\016"), "\017"));
	cr_assert(eq(str, (char *)undo_of("\033[3;7r"), "\0337\033[r\0338"));
}

Test(traces, a_cut_sequence_is_ended)
{
	cr_assert(eq(str, (char *)undo_of("text\033"), "\030"));
	cr_assert(eq(str, (char *)undo_of("text\033[12;"), "\030"));
	cr_assert(eq(str, (char *)undo_of("text\033]0;title"), "\033\\"));
	cr_assert(eq(str, (char *)undo_of("text\033Pdata\033"), "\033\\"));
	cr_assert(eq(str, (char *)undo_of("text\033[12;\030"), ""));
}

Test(traces, questions_are_noticed)
{
	cr_assert(asks("\033[6n"));
	cr_assert(asks("\033[c"));
	cr_assert(asks("\033[>0q"));
	cr_assert(asks("\033[?2026$p"));
	cr_assert(asks("\033[18t"));
	cr_assert(asks("\033]11;?\033\\"));
	cr_assert(asks("\033P+q544e\033\\"));
	cr_assert(not(asks("\033]0;title\a\033[31m\033[2J\033[H")));
}

Test(traces, a_reset_ends_everything)
{
	cr_assert(eq(str, (char *)undo_of("\033[?2004h\033[31m\033[?25l\033c"), ""));
	cr_assert(eq(str, (char *)undo_of("\033[?1049h\033[31m\033[!p"), "\033[?1049l"));
}

Test(traces, long_and_senseless_sequences_are_survived)
{
	static char text[8192];
	struct traces t = { 0 };
	char out[TRACES_UNDO_ROOM];

	memset(text, '9', sizeof(text));
	memcpy(text, "\033[?", 3);
	text[sizeof(text) - 1] = 'h';
	traces_see(&t, text, sizeof(text));
	cr_assert(eq(sz, traces_undo(&t, out, sizeof(out)), 0));
	memcpy(text, "\033]4;", 4);
	traces_see(&t, text, sizeof(text));
	cr_assert(gt(sz, traces_undo(&t, out, sizeof(out)), 0));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 167 + i / 256);
	traces_see(&t, text, sizeof(text));
}

Test(traces, undoing_everything_fits)
{
	struct traces t = {
		.state = TRACES_STRING, .modes = UINT32_MAX, .marks = UINT32_MAX, .keyboards = 99
	};
	char out[TRACES_UNDO_ROOM], small[8];

	const size_t length = traces_undo(&t, out, sizeof(out));

	cr_assert(lt(sz, length, sizeof(out) - 24));
	cr_assert(eq(str, out + length - 3, "\033[m"));
	/* Whole sequences only. */
	cr_assert(eq(sz, traces_undo(&t, small, sizeof(small)), strlen(small)));
	cr_assert(eq(str, small, "\033\\\033[?1l"));
}
