/* Whatever is done to a ledger, verify names the first record that is bad.
 *
 * CORDON_TAMPER: how thoroughly, in percent of the changes of each kind; 100 makes all of them. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/ledger_read.h>
#include <cordon/text.h>

#include "../helpers/ledger_build.h"

#define RECORDS 100u
#define SEGMENT "segment-00000000"

static char path[64];
static int directory;
static struct ledger_build built;
static uint8_t *changed; /* room for the segment and a record more */
static uint32_t percent = 1;

static void
make_ledger(void)
{
	const char *variable = getenv("CORDON_TAMPER");
	struct cordon_error err = { 0 };

	if (variable != NULL)
		cr_assert(zero(int, cordon_parse_u32(variable, 1, 100, &percent, &err)), "%s",
			err.text);
	directory = ledger_build_directory(path);
	built = (struct ledger_build){ .records = RECORDS, .batch = 8, .note = 10, .seed = { 1 } };
	ledger_build(&built);
	ledger_build_write(&built, directory);
	changed = malloc(built.size[0] + 2 * CORDON_LEDGER_PAGE);
	cr_assert(ne(ptr, changed, NULL));
}

static void
drop_ledger(void)
{
	free(changed);
	ledger_build_finish(&built);
	ledger_build_remove(path);
	close(directory);
}

/* True for so many of all numbers as are wanted, spread evenly; the first is one of them. */
static int
is_wanted(size_t number)
{
	return number * percent % 100 < percent;
}

/* The first record that is bad when the byte at this offset of the segment is. */
static uint64_t
record_at(size_t offset)
{
	uint64_t i = 0;

	while (i < RECORDS && built.end[i] <= offset)
		i++;
	return i;
}

static void
assert_named(uint64_t first_bad, const char *what, size_t number)
{
	struct cordon_ledger_report report;
	struct cordon_error err = { 0 };

	cr_assert(zero(int, cordon_ledger_verify(directory, -1, built.key, &report, &err)), "%s",
		err.text);
	cr_assert(eq(int, report.damaged, 1), "%s %zu: nothing was found", what, number);
	cr_assert(eq(u64, report.first_bad, first_bad), "%s %zu: %s", what, number, report.why);
	cr_assert(ne(int, report.why[0], 0));
}

TestSuite(ledger_tamper, .init = make_ledger, .fini = drop_ledger, .timeout = 3600);

Test(ledger_tamper, control_unchanged_ledger_is_intact)
{
	struct cordon_ledger_report report;
	struct cordon_error err = { 0 };

	cr_assert(zero(int, cordon_ledger_verify(directory, -1, built.key, &report, &err)));
	cr_assert(zero(int, report.damaged), "%s", report.why);
	cr_assert(eq(u64, report.records, RECORDS));
	cr_assert(eq(u64, report.covered, RECORDS));
}

Test(ledger_tamper, each_bit_that_is_flipped)
{
	for (size_t bit = 0; bit < built.size[0] * 8; bit++) {
		if (!is_wanted(bit))
			continue;
		built.data[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		ledger_build_put(directory, SEGMENT, built.data[0], built.size[0]);
		built.data[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_named(record_at(bit / 8), "bit", bit);
	}
}

Test(ledger_tamper, each_bit_of_the_checkpoints_that_is_flipped)
{
	for (size_t bit = 0; bit < built.notes_size * 8; bit++) {
		uint32_t i = 0;

		if (!is_wanted(bit))
			continue;
		while (built.note_end[i] <= bit / 8)
			i++;
		built.notes[bit / 8] ^= (char)(1 << bit % 8);
		ledger_build_put(
			directory, CORDON_LEDGER_CHECKPOINTS, built.notes, built.notes_size);
		built.notes[bit / 8] ^= (char)(1 << bit % 8);
		assert_named(i == 0 ? 0 : built.note_size[i - 1], "checkpoint bit", bit);
	}
}

/* Puts the segment with what is at [from, to) replaced by size bytes of data. */
static void
put_spliced(size_t from, size_t to, const void *data, size_t size)
{
	memcpy(changed, built.data[0], from);
	if (size > 0)
		memcpy(changed + from, data, size);
	memcpy(changed + from + size, built.data[0] + to, built.size[0] - to);
	ledger_build_put(directory, SEGMENT, changed, from + size + built.size[0] - to);
}

Test(ledger_tamper, each_record_that_is_removed)
{
	static const uint8_t zeroes[CORDON_LEDGER_PAGE];

	for (uint32_t i = 0; i < RECORDS; i++) {
		const size_t from = built.begin[i], size = built.end[i] - from;

		put_spliced(from, from + size, "", 0);
		assert_named(i, "removed", i);
		put_spliced(from, from + size, zeroes, size);
		assert_named(i, "overwritten with zeroes", i);
	}
}

Test(ledger_tamper, each_record_that_is_repeated)
{
	for (uint32_t i = 0; i < RECORDS; i++) {
		const size_t from = built.begin[i], to = built.end[i];

		put_spliced(to, to, built.data[0] + from, to - from);
		assert_named(i + 1, "repeated", i);
	}
}

Test(ledger_tamper, each_two_records_that_are_swapped)
{
	for (uint32_t i = 0; i + 1 < RECORDS; i++) {
		for (uint32_t k = i + 1; k < RECORDS; k++) {
			const size_t a = built.begin[i], a_end = built.end[i];
			const size_t b = built.begin[k], b_end = built.end[k];
			size_t at = a;

			if (k != i + 1 && !is_wanted(i * RECORDS + k))
				continue;
			memcpy(changed, built.data[0], a);
			memcpy(changed + at, built.data[0] + b, b_end - b);
			at += b_end - b;
			memcpy(changed + at, built.data[0] + a_end, b - a_end);
			at += b - a_end;
			memcpy(changed + at, built.data[0] + a, a_end - a);
			at += a_end - a;
			memcpy(changed + at, built.data[0] + b_end, built.size[0] - b_end);
			ledger_build_put(directory, SEGMENT, changed, built.size[0]);
			assert_named(i, "swapped", i * RECORDS + k);
		}
	}
}

Test(ledger_tamper, tail_that_is_cut_at_each_byte)
{
	for (size_t size = 0; size < built.size[0]; size++) {
		uint64_t first_bad = 0;

		if (!is_wanted(size))
			continue;
		while (built.end[first_bad] <= size)
			first_bad++;
		ledger_build_put(directory, SEGMENT, built.data[0], size);
		assert_named(first_bad, "cut at", size);
	}
}

/* With all that can be made right without the key: the chain, the CRC and the tree. */
Test(ledger_tamper, ledger_that_is_made_anew_and_signed_with_another_key)
{
	struct ledger_build other = { .records = RECORDS, .batch = 8, .note = 10, .seed = { 2 } };
	char public[CORDON_LEDGER_PUBLIC_MAX];
	struct cordon_error err = { 0 };

	ledger_build(&other);
	ledger_build_write(&other, directory);
	/* The key is where somebody else keeps it, or is put back. */
	cr_assert(zero(int, cordon_ledger_public_encode(built.key, public, &err)));
	ledger_build_put(directory, CORDON_LEDGER_PUBLIC, public, strlen(public));

	assert_named(0, "signed with another key", 0);
	ledger_build_finish(&other);
}

Test(ledger_tamper, each_record_that_is_changed_and_all_after_it_chained_anew)
{
	for (uint32_t i = 0; i < RECORDS; i++) {
		const uint64_t covered = i / 10 * 10;
		struct cordon_ledger_state state = { 0 };
		struct cordon_ledger_cursor c;
		struct cordon_ledger_record record;
		struct cordon_error err = { 0 };
		size_t at = CORDON_LEDGER_PAGE;

		memset(changed, 0, built.size[0]);
		cordon_ledger_segment_encode(0, &state, changed);
		cr_assert(zero(
			int, cordon_ledger_cursor_init(&c, built.data[0], built.size[0], &err)));
		while (cordon_ledger_cursor_next(&c, &record, NULL, &err) == CORDON_LEDGER_RECORD) {
			char payload[CORDON_LEDGER_PAYLOAD_MAX];
			ptrdiff_t written;

			memcpy(payload, record.payload, record.payload_size);
			if (record.sequence == i)
				payload[27]++; /* a digit of timeMs */
			written = cordon_ledger_record_encode(&state, at, record.position, payload,
				record.payload_size, changed + at, built.size[0] - at, &err);
			cr_assert(gt(i64, written, 0));
			at += (size_t)written;
		}
		ledger_build_put(directory, SEGMENT, changed, at);
		/* Only the tree of the next checkpoint tells, which is of the ten records from covered on. */
		assert_named(covered, "chained anew", i);
	}
}
