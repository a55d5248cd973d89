#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "lines.h"

static struct lines lines;

static void
begin(void)
{
	lines_init(&lines, 100);
}

static void
end(void)
{
	lines_finish(&lines);
}

TestSuite(rpc_lines, .init = begin, .fini = end, .timeout = 10);

static void
feed(const char *text, size_t size)
{
	while (size > 0) {
		size_t room, piece;
		char *into = lines_room(&lines, &room);

		cr_assert(ne(ptr, into, NULL));
		piece = room < size ? room : size;
		memcpy(into, text, piece);
		lines_added(&lines, piece);
		text += piece;
		size -= piece;
	}
}

static void
expect_line(const char *text)
{
	const char *line;
	size_t size;

	cr_assert(eq(int, (int)lines_next(&lines, &line, &size), LINES_ONE));
	cr_assert(eq(sz, size, strlen(text)));
	cr_assert(eq(int, memcmp(line, text, size), 0));
}

static void
expect(enum lines_answer answer)
{
	const char *line;
	size_t size;

	cr_assert(eq(int, (int)lines_next(&lines, &line, &size), (int)answer));
}

Test(rpc_lines, come_whole_whatever_the_pieces_are)
{
	const char text[] = "one\n\ntwo\nthree";

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		feed(text + i, 1);
		if (i == 3)
			expect_line("one");
		else if (i == 4)
			expect_line("");
		else if (i == 8)
			expect_line("two");
		else
			expect(LINES_NONE);
	}
	feed("\n", 1);
	expect_line("three");
	expect(LINES_NONE);
}

Test(rpc_lines, several_come_of_one_piece)
{
	feed("a\nb\nc", 5);
	expect_line("a");
	expect_line("b");
	expect(LINES_NONE);
	feed("d\n", 2);
	expect_line("cd");
}

Test(rpc_lines, of_the_longest_length_is_taken_and_one_more_is_not)
{
	char text[102];

	memset(text, 'x', sizeof(text));
	text[100] = '\n';
	feed(text, 101);
	text[100] = '\0';
	expect_line(text);
	text[100] = 'x';
	feed(text, 101);
	expect(LINES_TOO_LONG);
}

Test(rpc_lines, too_long_is_seen_with_its_end_too)
{
	char text[102];

	memset(text, 'x', sizeof(text));
	text[101] = '\n';
	feed(text, sizeof(text));
	expect(LINES_TOO_LONG);
}

Test(rpc_lines, a_long_one_gives_its_memory_back)
{
	static char text[1u << 20];
	size_t room;

	lines_init(&lines, sizeof(text));
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	feed(text, sizeof(text));
	expect(LINES_ONE);
	cr_assert(ge(sz, lines.capacity, sizeof(text)));
	cr_assert(eq(int, lines_give_back(&lines), 1));
	cr_assert(ne(ptr, lines_room(&lines, &room), NULL));
	cr_assert(lt(sz, lines.capacity, 512 * 1024));
}

Test(rpc_lines, the_begin_of_a_line_is_not_given_back)
{
	lines_init(&lines, 100);
	feed("one\ntw", 6);
	expect(LINES_ONE);
	cr_assert(eq(int, lines_give_back(&lines), 0));
	feed("o\n", 2);
	expect(LINES_ONE);
}

Test(rpc_lines, a_line_has_a_minute_and_more_when_it_is_long)
{
	struct lines l;
	size_t room, size;
	const char *line;

	lines_init(&l, LINE_MAX_BYTES);
	cr_expect(eq(u64, lines_patience_ms(&l), 0));
	memcpy(lines_room(&l, &room), "{}\n{", 4);
	lines_added(&l, 4);
	cr_expect(eq(int, (int)lines_next(&l, &line, &size), LINES_ONE));
	cr_expect(eq(u64, lines_patience_ms(&l), LINE_MS));
	for (int i = 0; i < 16; i++) {
		memset(lines_room(&l, &room), ' ', LINE_READ);
		lines_added(&l, LINE_READ);
	}
	cr_expect(eq(u64, lines_patience_ms(&l), LINE_MS + 16000));
	memcpy(lines_room(&l, &room), "}\n", 2);
	lines_added(&l, 2);
	cr_expect(eq(int, (int)lines_next(&l, &line, &size), LINES_ONE));
	cr_expect(eq(u64, lines_patience_ms(&l), 0));
	lines_finish(&l);
}
