#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/ledger_format.h>

#include "crc32c.h"

#define SIZE (8u * CORDON_LEDGER_PAGE)

static uint8_t data[SIZE];
static struct cordon_ledger_state state;
static size_t end;

static void
begin(void)
{
	memset(data, 0, sizeof(data));
	state = (struct cordon_ledger_state){ 0 };
	cordon_ledger_segment_encode(0, &state, data);
	end = CORDON_LEDGER_PAGE;
}

/* Appends a record of size bytes and returns where it begins. */
static size_t
append(size_t size, uint32_t position)
{
	struct cordon_error err = { 0 };
	char payload[CORDON_LEDGER_PAYLOAD_MAX];
	ptrdiff_t written;

	memset(payload, 'a' + (int)(state.tree.size % 26), sizeof(payload));
	written = cordon_ledger_record_encode(
		&state, end, position, payload, size, data + end, sizeof(data) - end, &err);
	cr_assert(gt(i64, written, 0), "%s", err.text);
	cr_assert(eq(u64, (uint64_t)written, cordon_ledger_record_room(end, size)));
	end += (size_t)written;
	return end - cordon_ledger_record_room(0, size);
}

/* Reads all; *ret_count records were good. Returns what came after them. */
static enum cordon_ledger_found
read_all(size_t size, uint64_t *ret_count, struct cordon_error *err)
{
	struct cordon_ledger_cursor c, skipping;
	struct cordon_ledger_record record, skipped;
	enum cordon_ledger_found found;

	cr_assert(zero(int, cordon_ledger_cursor_init(&c, data, size, err)));
	cr_assert(zero(int, cordon_ledger_cursor_init(&skipping, data, size, err)));
	while ((found = cordon_ledger_cursor_next(&c, &record, NULL, err)) ==
		CORDON_LEDGER_RECORD) {
		cr_assert(eq(int, cordon_ledger_cursor_skip(&skipping, &skipped, err), found));
		cr_assert(eq(sz, skipped.offset, record.offset));
		cr_assert(eq(u64, skipped.sequence, record.sequence));
		cr_assert(eq(sz, skipped.payload_size, record.payload_size));
		cr_assert(eq(sz, skipping.at, c.at));
	}
	if (found == CORDON_LEDGER_END)
		cr_assert(eq(int, cordon_ledger_cursor_skip(&skipping, &skipped, err), found));
	*ret_count = c.state.tree.size;
	return found;
}

static void
assert_read(size_t size, enum cordon_ledger_found found, uint64_t count)
{
	struct cordon_error err = { 0 };
	uint64_t read;

	cr_assert(eq(int, read_all(size, &read, &err), found), "%s", err.text);
	cr_assert(eq(u64, read, count));
}

TestSuite(ledger_format, .init = begin);

Test(ledger_format, payload_is_one_line)
{
	char payload[37];
	struct cordon_error err = { 0 };

	for (size_t i = 0; i < sizeof(payload); i++)
		for (int c = 0; c < 256; c++) {
			struct cordon_ledger_state copy = state;

			memset(payload, 'x', sizeof(payload));
			payload[i] = (char)c;
			cr_assert(eq(int,
				cordon_ledger_record_encode(&copy, end, 0, payload, sizeof(payload),
					data + end, sizeof(data) - end, &err) < 0,
				c < 0x20));
		}
}

/* RFC 3720, B.4, and the check value that every list of CRCs has. */
Test(ledger_format, crc_is_crc_32c)
{
	uint8_t bytes[1031] = { 0 };

	cr_assert(eq(u32, cordon_ledger_crc(0, bytes, 32), 0x8a9136aa));
	cr_assert(eq(u32, cordon_ledger_crc(0, "123456789", 9), 0xe3069283));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 13);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		const uint32_t crc = cordon_ledger_crc(0, bytes, i);

		cr_assert(eq(u32, crc, crc_portable(0, bytes, i)));
		cr_assert(eq(u32, cordon_ledger_crc(crc, bytes + i, sizeof(bytes) - i),
			cordon_ledger_crc(0, bytes, sizeof(bytes))));
	}
}

/* The layout, byte for byte: a change of it is another format. */
Test(ledger_format, record_has_the_bytes_that_are_documented)
{
	static const uint8_t head[] = { 3, 0, 5, 0 }, sequence[8] = { 1 };
	const size_t first = append(2, 0), at = append(3, 5);
	const uint8_t *chain = data + first + 16 + 2;
	uint8_t leaf[CORDON_DIGEST_SIZE], expected[CORDON_DIGEST_SIZE];
	uint32_t crc;

	cr_assert(eq(sz, first, 4096));
	cr_assert(eq(sz, at, 4096 + 56)); /* 16 + 2 + 32, up to a multiple of 8 */
	cr_assert(zero(int, memcmp(data + at, head, 4)));
	cr_assert(zero(int, memcmp(data + at + 8, sequence, 8)));
	cr_assert(zero(int, memcmp(data + at + 16, "bbb", 3)));
	crc = cordon_ledger_crc(cordon_ledger_crc(0, data + at, 4), data + at + 8, 8 + 3 + 32);
	cr_assert(zero(int, memcmp(data + at + 4, &crc, 4)));
	cr_assert(zero(int,
		cordon_digest_parts((struct cordon_digest_part[]){ { "\0bbb", 4 } }, 1, leaf)));
	cr_assert(zero(
		int, cordon_digest_parts((struct cordon_digest_part[]){ { "\2", 1 }, { chain, 32 },
						 { sequence, 8 }, { leaf, 32 } },
			     4, expected)));
	cr_assert(zero(int, memcmp(data + at + 16 + 3, expected, 32)));
}

Test(ledger_format, records_never_cross_a_page)
{
	for (size_t size = 1; end + 2 * CORDON_LEDGER_PAGE < SIZE; size += 37) {
		const size_t at = append(size, 0);

		cr_assert(eq(sz, at / CORDON_LEDGER_PAGE,
			(at + 16 + size + 32 - 1) / CORDON_LEDGER_PAGE));
	}

	assert_read(SIZE, CORDON_LEDGER_END, state.tree.size);
	assert_read(end, CORDON_LEDGER_END, state.tree.size);
}

Test(ledger_format, longest_payload_fills_a_page_and_a_longer_one_is_refused)
{
	char payload[CORDON_LEDGER_PAYLOAD_MAX + 1];
	struct cordon_ledger_state before;
	struct cordon_error err = { 0 };

	append(CORDON_LEDGER_PAYLOAD_MAX, 0);
	before = state;
	memset(payload, 'x', sizeof(payload));

	cr_assert(eq(sz, end, 2 * CORDON_LEDGER_PAGE));
	assert_read(end, CORDON_LEDGER_END, 1);
	cr_assert(eq(i64,
		cordon_ledger_record_encode(&state, end, 0, payload, sizeof(payload), data + end,
			sizeof(data) - end, &err),
		-1));
	cr_assert(eq(int, err.code, CORDON_ELIMIT));
	cr_assert(eq(i64,
		cordon_ledger_record_encode(
			&state, end, 0, payload, 0, data + end, sizeof(data) - end, &err),
		-1));
	cr_assert(eq(i64,
		cordon_ledger_record_encode(&state, end, 0, payload, 9, data + end, 56, &err), -1));
	cr_assert(eq(i64,
		cordon_ledger_record_encode(
			&state, end, 0, "a\nb", 3, data + end, sizeof(data) - end, &err),
		-1));
	cr_assert(eq(int, err.code, CORDON_EINPUT));
	cr_assert(zero(int, memcmp(&before, &state, sizeof(state))));
}

Test(ledger_format, header_carries_the_tree_and_tells_its_format)
{
	uint8_t page[CORDON_LEDGER_PAGE];
	struct cordon_ledger_state read;
	struct cordon_error err = { 0 };
	uint32_t index, crc;

	for (int i = 0; i < 7; i++)
		append(10, 0);
	cordon_ledger_segment_encode(9, &state, page);

	cr_assert(zero(int, cordon_ledger_segment_decode(page, sizeof(page), &index, &read, &err)));
	cr_assert(eq(u32, index, 9));
	cr_assert(zero(int, memcmp(&read, &state, sizeof(state))));
	for (size_t bit = 0; bit < sizeof(page) * 8; bit++) {
		page[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert(eq(int,
			cordon_ledger_segment_decode(page, sizeof(page), &index, &read, &err), -1));
		cr_assert(eq(int, err.code, CORDON_EPEER));
		page[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	page[8] = 2;
	crc = cordon_ledger_crc(0, page, sizeof(page) - 4);
	memcpy(page + sizeof(page) - 4, &crc, 4);
	cr_assert(
		eq(int, cordon_ledger_segment_decode(page, sizeof(page), &index, &read, &err), -1));
	cr_assert(eq(int, err.code, CORDON_ENOSUPPORT));
}

/* What a power failure leaves of the last batch: some pages, whichever. */
Test(ledger_format, lost_pages_of_the_last_batch_are_a_torn_tail)
{
	size_t begins[12];

	append(1000, 0);
	for (uint32_t i = 0; i < 12; i++)
		begins[i] = append(1500, i);
	for (uint32_t lost = 0; lost < 12; lost++) {
		uint8_t saved[CORDON_LEDGER_PAGE];
		uint8_t *page = data + begins[lost] / CORDON_LEDGER_PAGE * CORDON_LEDGER_PAGE;
		/* The first page of the batch has a record of the one before, and was written then. */
		const size_t kept =
			page == data + CORDON_LEDGER_PAGE ? begins[0] % CORDON_LEDGER_PAGE : 0;
		uint64_t first = 0;

		while (data + begins[first] < page + kept)
			first++;
		memcpy(saved, page, sizeof(saved));
		memset(page + kept, 0, sizeof(saved) - kept);
		/* The last page: nothing tells that something was there. */
		assert_read(SIZE,
			page + sizeof(saved) >= data + end ? CORDON_LEDGER_END : CORDON_LEDGER_TORN,
			1 + first);
		memcpy(page, saved, sizeof(saved));
	}
	assert_read(SIZE, CORDON_LEDGER_END, 13);
}

Test(ledger_format, what_an_earlier_batch_lost_is_damage)
{
	const size_t first = append(100, 0), second = append(100, 1);

	data[second + 20] ^= 1;
	assert_read(SIZE, CORDON_LEDGER_TORN, 1);
	data[second + 20] ^= 1;
	append(100, 0); /* begun when the two were on disk */
	data[second + 20] ^= 1;
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 1);
	data[second + 20] ^= 1;
	memset(data + first, 0, second - first);
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 0);
}

Test(ledger_format, record_in_the_place_of_another_is_damage)
{
	const size_t first = append(100, 0), second = append(100, 1), third = append(100, 2);
	uint8_t saved[SIZE];

	memcpy(saved, data, sizeof(saved));
	memcpy(data + second, saved + third, third - second); /* removed */
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 1);
	memcpy(data, saved, sizeof(saved));
	memcpy(data + second, saved + first, second - first); /* repeated */
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 1);
	memcpy(data, saved, sizeof(saved));
	/* One that is right in all but its chain. */
	data[second + 16] = 'x';
	const uint32_t crc = cordon_ledger_crc(
		cordon_ledger_crc(0, data + second, 4), data + second + 8, 8 + 100 + 32);
	memcpy(data + second + 4, &crc, 4);
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 1);
}

Test(ledger_format, what_follows_the_last_record_is_torn)
{
	append(100, 0);
	append(100, 0);
	data[end + 40] = 1;
	assert_read(SIZE, CORDON_LEDGER_TORN, 2);
	data[end + 40] = 0;
	data[SIZE - 1] = 1;
	assert_read(SIZE, CORDON_LEDGER_TORN, 2);
	data[SIZE - 1] = 0;
	for (size_t size = end - 1; size > end - 152; size--)
		assert_read(size, CORDON_LEDGER_TORN, 1);
}

/* What is where zeroes were written before a record came is no crash: it would have left the zeroes. */
Test(ledger_format, something_before_a_whole_record_is_damage)
{
	append(3000, 0);
	const size_t second = append(3000, 1);

	cr_assert(eq(sz, second, 2 * CORDON_LEDGER_PAGE));
	data[second - 8] = 1;
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 1);
	data[second - 8] = 0;
	assert_read(SIZE, CORDON_LEDGER_END, 2);
}

Test(ledger_format, record_that_is_moved_to_the_next_page_is_damage)
{
	append(100, 0);
	const size_t second = append(100, 0), size = end - second;

	memcpy(data + 2 * CORDON_LEDGER_PAGE, data + second, size);
	memset(data + second, 0, size);
	assert_read(SIZE, CORDON_LEDGER_DAMAGED, 1);
}
