/* All of a ledger, checked. The first thing that is wrong ends it: what comes after rests on it. */
#include <cordon/ledger_read.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

struct verifying {
	struct cordon_ledger_reader *reader;
	struct cordon_ledger_notes *notes;
	const uint8_t *key;
	struct cordon_ledger_report report;
	uint64_t at; /* records read */
	int has_note; /* note is the next one, for a time that has not come */
	struct cordon_ledger_checkpoint note;
	uint64_t *open; /* intents without an end, ascending */
	size_t open_count, open_capacity;
};

/* The record with this sequence is the first that is bad, or can be. Returns 1. */
static int
damaged(struct verifying *v, uint64_t sequence, const char *why)
{
	v->report.damaged = 1;
	v->report.first_bad = sequence;
	snprintf(v->report.why, sizeof(v->report.why), "%s", why);
	return 1;
}

/* Takes the next checkpoint to compare with. Returns 0; 1 when it is bad; -1 with *err set. */
static int
next_note(struct verifying *v, struct cordon_error *err)
{
	struct cordon_ledger_checkpoint note;
	struct cordon_error why = { 0 };
	const char *text;
	size_t size;

	v->has_note = 0;
	switch (cordon_ledger_notes_next(v->notes, v->key, &note, &text, &size, &why)) {
	case CORDON_LEDGER_RECORD:
		break;
	case CORDON_LEDGER_END:
		return 0;
	case CORDON_LEDGER_TORN:
		v->report.torn_note = 1;
		return 0;
	case CORDON_LEDGER_DAMAGED:
		return damaged(v, v->report.covered, why.text);
	default:
		*err = why;
		return -1;
	}
	if (note.tree_size < v->at)
		return damaged(v, v->report.covered,
			"a checkpoint of less follows one of more: they were not written in this order");
	v->note = note;
	v->has_note = 1;
	return 0;
}

/* Compares the checkpoints of this size. Returns as next_note. */
static int
check_notes(struct verifying *v, struct cordon_error *err)
{
	const struct cordon_ledger_state *state = cordon_ledger_reader_state(v->reader);
	uint8_t root[CORDON_DIGEST_SIZE];

	while (v->has_note && v->note.tree_size == v->at) {
		int result;

		if (cordon_ledger_tree_root(&state->tree, NULL, root) < 0)
			return cordon_fail(
				err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
		if (memcmp(root, v->note.root, sizeof(root)) != 0 ||
			memcmp(state->chain, v->note.chain, sizeof(root)) != 0 ||
			v->note.segment != cordon_ledger_reader_segment(v->reader))
			return damaged(v, v->report.covered,
				"the records are not those that the next checkpoint was made of");
		v->report.covered = v->at;
		v->report.checkpoints++;
		result = next_note(v, err);
		if (result != 0)
			return result;
	}
	return 0;
}

/* Keeps count of what begins and ends. Returns as next_note. */
static int
check_payload(
	struct verifying *v, const struct cordon_ledger_record *record, struct cordon_error *err)
{
	struct cordon_ledger_about about;
	size_t i = v->open_count;

	if (cordon_ledger_payload_read(record->payload, record->payload_size, &about) < 0)
		return damaged(v, record->sequence, "it is no record that cordon writes");
	if (about.kind == CORDON_LEDGER_INTENT) {
		if (cordon_grow(&v->open, &v->open_capacity, v->open_count + 1, SIZE_MAX / 16,
			    sizeof(*v->open)) < 0)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not check the ledger");
		v->open[v->open_count++] = record->sequence;
	}
	if (!about.ends)
		return 0;
	/* From the end: what ends began a short while ago, mostly. */
	while (i > 0 && v->open[i - 1] > about.intent)
		i--;
	if (i == 0 || v->open[i - 1] != about.intent)
		return damaged(v, record->sequence, "it ends an intent that is not open");
	memmove(&v->open[i - 1], &v->open[i], (v->open_count - i) * sizeof(*v->open));
	v->open_count--;
	return 0;
}

/* No more records. Returns as next_note. */
static int
check_end(struct verifying *v, enum cordon_ledger_found found, const struct cordon_error *why)
{
	char text[400];

	if (found == CORDON_LEDGER_DAMAGED || (found == CORDON_LEDGER_TORN && v->has_note))
		return damaged(v, v->at, why->text);
	if (v->has_note) {
		snprintf(text, sizeof(text),
			"the ledger was cut: %" PRIu64 " records are there, and a checkpoint was "
			"made of %" PRIu64,
			v->at, v->note.tree_size);
		return damaged(v, v->at, text);
	}
	if (found == CORDON_LEDGER_TORN) {
		v->report.torn = 1;
		snprintf(v->report.why, sizeof(v->report.why), "%s", why->text);
	}
	return 0;
}

/* Returns 0 at the end, 1 when it is damaged, or -1 with *err set. */
static int
check_all(struct verifying *v, struct cordon_error *err)
{
	struct cordon_ledger_record record;
	enum cordon_ledger_found found;
	int result = next_note(v, err);

	if (result != 0)
		return result;
	for (;;) {
		struct cordon_error why = { 0 };

		found = cordon_ledger_reader_next(v->reader, &record, NULL, &why);
		if (found == CORDON_LEDGER_FAILED) {
			*err = why;
			return -1;
		}
		if (found != CORDON_LEDGER_RECORD)
			return check_end(v, found, &why);
		v->at = record.sequence + 1;
		result = check_payload(v, &record, err);
		if (result == 0)
			result = check_notes(v, err);
		if (result != 0)
			return result;
	}
}

int
cordon_ledger_verify(int directory, int witness, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_ledger_report *ret, struct cordon_error *err)
{
	struct verifying v = { .key = key };
	int result = -1;

	/* Checkpoints first: those that are there then cover nothing that is written later. */
	v.notes = cordon_ledger_notes_create(directory, witness, err);
	v.reader = v.notes == NULL ? NULL : cordon_ledger_reader_create(directory, err);
	if (v.reader != NULL)
		result = check_all(&v, err);
	if (result >= 0) {
		v.report.records = v.at;
		v.report.segments = (uint64_t)cordon_ledger_reader_segment(v.reader) + 1;
		v.report.bytes = cordon_ledger_reader_bytes(v.reader);
		v.report.open_intents = v.open_count;
		v.report.first_open = v.open_count > 0 ? v.open[0] : 0;
		*ret = v.report;
	}
	cordon_ledger_reader_destroy(v.reader);
	cordon_ledger_notes_destroy(v.notes);
	free(v.open);
	return result < 0 ? -1 : 0;
}
