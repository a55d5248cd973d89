/* What is kept of output, and where it is cut. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

#include "chunks.h"
#include "output.h"

static struct budget budget;
static struct output output;
static struct output_text text;
static struct chunks chunks;

static void
begin(void)
{
	budget = (struct budget){ .max = 64u << 20 };
}

static void
end(void)
{
	free(text.data);
	text = (struct output_text){ 0 };
	output_finish(&output);
	if (chunks.budget != NULL)
		chunks_finish(&chunks);
	cr_expect(eq(sz, budget.used, 0), "all of the budget is given back");
}

TestSuite(rpc_output, .init = begin, .fini = end, .timeout = 30);

static void
add(const char *data)
{
	output_add(&output, data, strlen(data));
}

static void
expect(const char *kept, uint64_t dropped, size_t gap_at)
{
	free(text.data);
	cr_assert(eq(int, output_text(&output, &text), 0));
	cr_assert(eq(str, text.data, (char *)kept));
	cr_assert(eq(sz, text.size, strlen(kept)));
	cr_assert(eq(u64, text.dropped, dropped));
	if (dropped > 0)
		cr_assert(eq(sz, text.gap_at, gap_at));
}

Test(rpc_output, what_fits_is_whole)
{
	output_init_halves(&output, 10, &budget);
	expect("", 0, 0);
	add("01234");
	add("56789");
	expect("0123456789", 0, 0);
}

Test(rpc_output, what_does_not_fit_keeps_begin_and_end)
{
	output_init_halves(&output, 10, &budget);
	add("0123456789A");
	expect("012346789A", 1, 5);
	for (int i = 0; i < 1000; i++)
		add("abcdefg");
	expect("01234cdefg", 7001, 5);
	add("a piece that is longer than everything that is kept");
	expect("01234 kept", 7052, 5);
}

Test(rpc_output, any_pieces_come_out_the_same)
{
	char all[4001], want[301];

	for (int i = 0; i < 4000; i++)
		all[i] = (char)('a' + i * 7 % 26);
	all[4000] = '\0';
	memcpy(want, all, 150);
	memcpy(want + 150, all + 3850, 150);
	want[300] = '\0';
	for (size_t piece = 1; piece < 700; piece += 13) {
		output_init_halves(&output, 300, &budget);
		for (size_t at = 0; at < 4000; at += piece)
			output_add(&output, all + at, at + piece < 4000 ? piece : 4000 - at);
		expect(want, 3700, 150);
		output_finish(&output);
	}
}

Test(rpc_output, a_cut_splits_no_character)
{
	output_init_halves(&output, 10, &budget);
	add("abcd\xc3\xa9"
	    "0123456789"
	    "\xe2\x82\xac"
	    "efg");
	/* The first half would end in the middle of the first one, the second half with it. */
	expect("abcd"
	       "efg",
		15, 4);
	output_finish(&output);
	output_init_halves(&output, 10, &budget);
	add("abc\xc3\xa9"
	    "0123456789"
	    "\xe2\x82\xac"
	    "ef");
	expect("abc\xc3\xa9"
	       "\xe2\x82\xac"
	       "ef",
		10, 5);
}

Test(rpc_output, what_is_no_text_is_cut_anywhere)
{
	const char bytes[] = "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xff";

	output_init_halves(&output, 10, &budget);
	add(bytes);
	cr_assert(eq(int, output_text(&output, &text), 0));
	cr_assert(eq(sz, text.size, 10));
	cr_assert(eq(u64, text.dropped, 2));
}

Test(rpc_output, of_limit_zero_and_one)
{
	output_init_halves(&output, 0, &budget);
	add("abc");
	expect("", 3, 0);
	output_finish(&output);
	output_init_halves(&output, 1, &budget);
	add("abc");
	expect("a", 2, 1);
}

Test(rpc_output, the_newest_of_a_terminal_begin_with_a_character)
{
	output_init_newest(&output, 5, &budget);
	add("ab");
	expect("ab", 0, 0);
	add("\xe2\x82\xac\xe2\x82\xac");
	expect("\xe2\x82\xac", 5, 0);
	add("xy");
	expect("\xe2\x82\xacxy", 5, 0);
}

Test(rpc_output, the_first_of_a_file_end_with_a_character)
{
	output_init_first(&output, 4, &budget);
	add("abc\xc3\xa9zzz");
	expect("abc", 5, 3);
}

Test(rpc_output, without_budget_less_is_kept_and_that_is_said)
{
	static char much[100000];

	memset(much, 'x', sizeof(much));
	budget.max = 10000;
	output_init_halves(&output, 1u << 20, &budget);
	output_add(&output, much, sizeof(much));
	cr_assert(eq(int, output_text(&output, &text), 0));
	cr_assert(le(sz, text.size, 10000));
	cr_assert(eq(u64, text.size + text.dropped, sizeof(much)));
	cr_assert(le(sz, budget.used, 10000));
}

Test(rpc_output, forgotten_it_is_still_counted)
{
	output_init_newest(&output, 100, &budget);
	add("abc");
	output_forget(&output);
	expect("", 3, 0);
	cr_assert(eq(sz, budget.used, 0));
}

/* chunks */

TestSuite(rpc_chunks, .init = begin, .fini = end, .timeout = 30);

static void
put(int stream, const char *data)
{
	chunks_add(&chunks, stream, data, strlen(data));
}

Test(rpc_chunks, are_numbered_over_both_streams)
{
	chunks_init(&chunks, CHUNKS_BYTES, &budget);
	cr_assert(eq(ptr, (void *)chunks_after(&chunks, 0), NULL));
	put(1, "a");
	put(2, "b");
	put(1, "c");
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 1));
	cr_assert(eq(u64, chunks_after(&chunks, 1)->seq, 2));
	cr_assert(eq(int, chunks_after(&chunks, 1)->stream, 2));
	cr_assert(eq(ptr, (void *)chunks_after(&chunks, 3), NULL));
	cr_assert(eq(ptr, (void *)chunks_after(&chunks, UINT64_MAX), NULL));
}

Test(rpc_chunks, small_ones_join_until_they_were_seen)
{
	chunks_init(&chunks, CHUNKS_BYTES, &budget);
	put(1, "a");
	put(1, "b");
	cr_assert(eq(sz, chunks_after(&chunks, 0)->size, 2));
	chunks_seen(&chunks, 1);
	put(1, "c");
	cr_assert(eq(sz, chunks_after(&chunks, 0)->size, 2));
	cr_assert(eq(u64, chunks_after(&chunks, 1)->seq, 2));
	cr_assert(eq(sz, chunks.unread, 1));
}

Test(rpc_chunks, the_oldest_go_and_numbers_show_it)
{
	static char piece[CHUNK_BYTES];

	chunks_init(&chunks, CHUNKS_BYTES, &budget);
	for (int i = 0; i < 20; i++) {
		cr_assert(eq(int, chunks_have_room(&chunks), i < 16));
		chunks_add(&chunks, 1, piece, sizeof(piece));
	}
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 5));
	cr_assert(le(sz, chunks.size, CHUNKS_BYTES));
	chunks_seen(&chunks, 10);
	cr_assert(eq(int, chunks_have_room(&chunks), 1));
	cr_assert(eq(sz, chunks.unread, 10 * sizeof(piece)));
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 5), "what was read is kept, too");
	chunks_seen(&chunks, UINT64_MAX);
	cr_assert(eq(sz, chunks.unread, 0));
}

Test(rpc_chunks, many_small_ones_are_bounded_by_number)
{
	chunks_init(&chunks, CHUNKS_BYTES, &budget);
	for (unsigned i = 0; i < CHUNKS_COUNT + 10; i++)
		put(1 + (int)(i % 2), "x");
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 11));
	cr_assert(eq(int, chunks_have_room(&chunks), 0));
	for (const struct chunk *c = chunks_after(&chunks, 0); c != NULL;
		c = chunks_after(&chunks, c->seq))
		cr_assert(eq(int, c->stream, 1 + (int)((c->seq - 1) % 2)));
}

Test(rpc_chunks, without_budget_the_own_oldest_go_first)
{
	static char piece[CHUNK_BYTES];

	budget.max = 3 * CHUNK_BYTES;
	chunks_init(&chunks, CHUNKS_BYTES, &budget);
	for (int i = 0; i < 5; i++)
		chunks_add(&chunks, 1, piece, sizeof(piece));
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 4));
	cr_assert(le(sz, budget.used, budget.max));
	chunks_drop(&chunks);
	budget.max = 0;
	put(1, "lost");
	cr_assert(eq(ptr, (void *)chunks_after(&chunks, 0), NULL));
	cr_assert(eq(u64, chunks.last, 6));
	budget.max = 1000;
	put(1, "kept");
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 7));
	chunks.must_keep = 1;
	chunks_drop(&chunks);
	budget.max = 0;
	put(1, "must be kept");
	cr_assert(eq(u64, chunks_after(&chunks, 0)->seq, 8));
}

Test(rpc_chunks, random_use_keeps_the_sums_right)
{
	static char piece[CHUNK_BYTES];
	unsigned random = 1;

	budget.max = 300000;
	chunks_init(&chunks, 200000, &budget);
	for (int i = 0; i < 20000; i++) {
		size_t size = 0, unread = 0;

		random = random * 1103515245 + 12345;
		if (random >> 28 == 0)
			chunks_seen(&chunks, chunks.last - random % 4);
		else
			chunks_add(
				&chunks, 1 + (int)(random >> 16 & 1), piece, (random >> 8) % 5000);
		for (const struct chunk *c = chunks_after(&chunks, 0); c != NULL;
			c = chunks_after(&chunks, c->seq)) {
			size += c->size;
			unread += c->seq > chunks.seen ? c->size : 0;
		}
		cr_assert(eq(sz, chunks.size, size));
		cr_assert(eq(sz, chunks.unread, unread));
		cr_assert(le(sz, size, 200000));
	}
}
