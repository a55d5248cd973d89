/* The files of a ledger: read while they grow, over several segments, and with what a crash leaves. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_read.h>

#include "../helpers/ledger_build.h"

static char path[64];
static int directory;
static struct ledger_build built;

static void
make_directory(void)
{
	directory = ledger_build_directory(path);
}

static void
remove_directory(void)
{
	ledger_build_finish(&built);
	ledger_build_remove(path);
	close(directory);
}

static void
make_ledger(uint32_t records, uint32_t segment)
{
	built = (struct ledger_build){
		.records = records, .batch = 4, .note = 16, .segment = segment, .seed = { 1 }
	};
	ledger_build(&built);
	ledger_build_write(&built, directory);
}

static struct cordon_ledger_report
verify(void)
{
	struct cordon_ledger_report report;
	struct cordon_error err = { 0 };

	cr_assert(zero(int, cordon_ledger_verify(directory, -1, built.key, &report, &err)), "%s",
		err.text);
	return report;
}

TestSuite(ledger_read, .init = make_directory, .fini = remove_directory, .timeout = 60);

Test(ledger_read, intact_ledger_over_several_segments_is_intact)
{
	struct cordon_ledger_report report;

	make_ledger(101, 30);
	report = verify();

	cr_assert(zero(int, report.damaged), "%s", report.why);
	cr_assert(eq(u64, report.records, 101));
	cr_assert(eq(u64, report.segments, 4));
	cr_assert(eq(u64, report.checkpoints, 7));
	cr_assert(eq(u64, report.covered, 101));
	cr_assert(eq(u64, report.open_intents, 1));
	cr_assert(eq(u64, report.first_open, 100));
	cr_assert(zero(int, report.torn));
}

Test(ledger_read, no_ledger_is_said)
{
	struct cordon_ledger_report report;
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_ledger_verify(directory, -1, built.key, &report, &err), -1));
	cr_assert(eq(int, err.code, CORDON_ENOTFOUND));
}

Test(ledger_read, segment_that_is_exchanged_removed_or_damaged_is_named)
{
	struct cordon_ledger_report report;

	make_ledger(100, 30);
	ledger_build_put(directory, "segment-00000001", built.data[2], built.size[2]);
	report = verify();
	cr_assert(eq(int, report.damaged, 1));
	cr_assert(eq(u64, report.first_bad, 30));

	ledger_build_write(&built, directory);
	cr_assert(zero(int, unlinkat(directory, "segment-00000003", 0)));
	report = verify();
	cr_assert(eq(int, report.damaged, 1));
	cr_assert(eq(u64, report.first_bad, 90));

	ledger_build_write(&built, directory);
	built.data[1][50] ^= 1;
	ledger_build_write(&built, directory);
	report = verify();
	cr_assert(eq(int, report.damaged, 1));
	cr_assert(eq(u64, report.first_bad, 30));
}

Test(ledger_read, preallocated_segment_is_no_more_than_that)
{
	static const uint8_t zeroes[3 * CORDON_LEDGER_PAGE];
	struct cordon_ledger_report report;

	make_ledger(60, 30);
	ledger_build_put(directory, "segment-00000002", zeroes, sizeof(zeroes));
	report = verify();

	cr_assert(zero(int, report.damaged), "%s", report.why);
	cr_assert(eq(u64, report.records, 60));
	cr_assert(eq(u64, report.segments, 2));
}

/* Behind the last checkpoint, what is torn was never acknowledged. */
Test(ledger_read, torn_tail_and_torn_checkpoint_are_no_damage)
{
	struct cordon_ledger_report report;
	size_t size;

	make_ledger(40, 0);
	/* The checkpoint of 32 is the last whole one, and the last batch is 36 to 39. */
	size = built.note_end[1] + 100;
	ledger_build_put(directory, CORDON_LEDGER_CHECKPOINTS, built.notes, size);
	ledger_build_put(directory, "segment-00000000", built.data[0], built.begin[39] + 9);
	report = verify();

	cr_assert(zero(int, report.damaged), "%s", report.why);
	cr_assert(eq(int, report.torn, 1));
	cr_assert(eq(int, report.torn_note, 1));
	cr_assert(eq(u64, report.records, 39));
	cr_assert(eq(u64, report.covered, 32));
}

Test(ledger_read, intent_ends_once)
{
	struct cordon_ledger_report report;
	struct cordon_ledger_state state;
	struct cordon_ledger_cursor c;
	struct cordon_ledger_record record;
	struct cordon_error err = { 0 };
	const struct cordon_ledger_end end = { .run = "r", .intent = 2, .reason = "exit" };
	size_t size;
	char *payload = cordon_ledger_put_end(CORDON_LEDGER_KILLED, &end, &size);
	ptrdiff_t written;

	make_ledger(10, 0);
	cr_assert(zero(int, cordon_ledger_cursor_init(&c, built.data[0], built.size[0], &err)));
	while (cordon_ledger_cursor_next(&c, &record, NULL, &err) == CORDON_LEDGER_RECORD)
		;
	state = c.state;
	written = cordon_ledger_record_encode(
		&state, built.size[0], 0, payload, size, built.data[0] + built.size[0], 4096, &err);
	cr_assert(gt(i64, written, 0));
	built.size[0] += (size_t)written;
	ledger_build_write(&built, directory);
	free(payload);
	report = verify();

	cr_assert(eq(int, report.damaged, 1));
	cr_assert(eq(u64, report.first_bad, 10));
	cr_assert(ne(ptr, strstr(report.why, "not open"), NULL), "%s", report.why);
}

/* As tail does: what is written after an end is found, in this segment and in the next. */
Test(ledger_read, goes_on_after_an_end)
{
	struct cordon_ledger_record record;
	struct cordon_error err = { 0 };
	struct cordon_ledger_reader *r;

	make_ledger(60, 30);
	cr_assert(zero(int, unlinkat(directory, "segment-00000001", 0)));
	ledger_build_put(directory, "segment-00000000", built.data[0], built.end[10]);
	r = cordon_ledger_reader_create(directory, &err);
	cr_assert(ne(ptr, r, NULL));
	for (uint64_t i = 0; i < 60; i++) {
		if (i == 11) {
			cr_assert(eq(int, cordon_ledger_reader_next(r, &record, NULL, &err),
				CORDON_LEDGER_END));
			ledger_build_put(
				directory, "segment-00000000", built.data[0], built.size[0]);
		}
		if (i == 30) {
			cr_assert(eq(int, cordon_ledger_reader_next(r, &record, NULL, &err),
				CORDON_LEDGER_END));
			ledger_build_put(
				directory, "segment-00000001", built.data[1], built.size[1]);
		}
		cr_assert(eq(int, cordon_ledger_reader_next(r, &record, NULL, &err),
			CORDON_LEDGER_RECORD));
		cr_assert(eq(u64, record.sequence, i));
	}
	cr_assert(eq(int, cordon_ledger_reader_next(r, &record, NULL, &err), CORDON_LEDGER_END));
	cordon_ledger_reader_destroy(r);
}

/* The last record: a checkpoint tells that it was there, and what is said is what is wrong with it. */
Test(ledger_read, damaged_record_that_a_checkpoint_covers_is_said_to_be_damaged)
{
	struct cordon_ledger_report report;

	make_ledger(40, 0);
	built.data[0][built.begin[39] + 20] ^= 1;
	ledger_build_write(&built, directory);
	report = verify();

	cr_assert(eq(int, report.damaged, 1));
	cr_assert(eq(u64, report.first_bad, 39));
	cr_assert(ne(ptr, strstr(report.why, "CRC"), NULL), "%s", report.why);
}

/* A checkpoint that is signed and of another tree, chain, segment or size. */
static void
assert_refused(const struct cordon_ledger_checkpoint *checkpoint)
{
	char note[CORDON_LEDGER_NOTE_MAX];
	struct cordon_ledger_report report;
	struct cordon_error err = { 0 };
	const ptrdiff_t size = cordon_ledger_note_sign(checkpoint, built.seed, note, &err);

	cr_assert(gt(i64, size, 0));
	ledger_build_put(directory, CORDON_LEDGER_CHECKPOINTS, note, (size_t)size);
	report = verify();
	cr_assert(eq(int, report.damaged, 1));
	cr_assert(eq(u64, report.first_bad, 0));
}

Test(ledger_read, each_part_of_a_checkpoint_is_compared)
{
	struct cordon_ledger_checkpoint right, wrong;
	struct cordon_error err = { 0 };
	size_t used;

	make_ledger(40, 0);
	cr_assert(zero(int, cordon_ledger_note_verify(built.notes, built.notes_size, built.key,
				    &right, &used, &err)));
	wrong = right;
	wrong.root[31] ^= 1;
	assert_refused(&wrong);
	wrong = right;
	wrong.chain[0] ^= 1;
	assert_refused(&wrong);
	wrong = right;
	wrong.segment++;
	assert_refused(&wrong);
	wrong = right;
	wrong.tree_size++;
	assert_refused(&wrong);
}

Test(ledger_read, checkpoints_out_of_order_are_damage)
{
	struct cordon_ledger_report report;
	char notes[2 * CORDON_LEDGER_NOTE_MAX];
	size_t first, second;

	make_ledger(40, 0);
	first = built.note_end[0];
	second = built.note_end[1] - first;
	memcpy(notes, built.notes + first, second);
	memcpy(notes + second, built.notes, first);
	ledger_build_put(directory, CORDON_LEDGER_CHECKPOINTS, notes, first + second);
	report = verify();

	cr_assert(eq(int, report.damaged, 1));
	cr_assert(ne(ptr, strstr(report.why, "order"), NULL), "%s", report.why);
}

/* All that a header carries over is compared with where the segment before ended, one by one. */
Test(ledger_read, header_that_does_not_go_on_is_damage)
{
	for (int i = 0; i < 4; i++) {
		struct cordon_ledger_report report;
		struct cordon_ledger_state state;
		struct cordon_error err = { 0 };
		uint32_t index;

		make_ledger(60, 30);
		cr_assert(zero(int, cordon_ledger_segment_decode(
					    built.data[1], built.size[1], &index, &state, &err)));
		if (i == 0)
			index++;
		else if (i == 1)
			state.chain[3] ^= 1;
		else if (i == 2)
			state.tree.nodes[1][3] ^= 1; /* 30 has this bit */
		else
			state.tree.size += 2;
		cordon_ledger_segment_encode(index, &state, built.data[1]);
		ledger_build_write(&built, directory);
		report = verify();
		cr_assert(eq(int, report.damaged, 1));
		cr_assert(eq(u64, report.first_bad, 30));
		cr_assert(ne(ptr, strstr(report.why, "does not go on"), NULL), "%s", report.why);
		ledger_build_finish(&built);
		built = (struct ledger_build){ 0 };
	}
}

/* A segment is read some mebibytes at a time, and what was gone through is given up. */
Test(ledger_read, large_segment_is_read_to_its_end_and_each_part_is_compared)
{
	static const uint32_t damaged[] = { 10, 7000, 13000, 20000, 29999, 30000, 35999 };
	struct cordon_ledger_report report;

	built = (struct ledger_build){
		.records = 36000, .batch = 8, .note = 6000, .segment = 30000, .seed = { 1 }
	};
	ledger_build(&built);
	ledger_build_write(&built, directory);
	cr_assert(gt(sz, built.size[0], 6u << 20));
	report = verify();
	cr_assert(zero(int, report.damaged), "%s", report.why);
	cr_assert(eq(u64, report.records, 36000));
	cr_assert(eq(u64, report.covered, 36000));
	cr_assert(eq(u64, report.segments, 2));

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		const uint32_t segment = damaged[i] / 30000;
		uint8_t *byte = &built.data[segment][built.begin[damaged[i]] + 40];

		*byte ^= 4;
		ledger_build_write(&built, directory);
		report = verify();
		cr_assert(eq(int, report.damaged, 1));
		cr_assert(eq(u64, report.first_bad, damaged[i]));
		*byte ^= 4;
	}
}
