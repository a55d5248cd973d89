/* Reading a ledger's files, also while they are written: for verify, show and their kin. What is read is
 * checked as it is read, and nothing is changed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/ledger_format.h>
#include <cordon/ledger_note.h>
#include <cordon/ledger_payload.h>

/* The records of all segments, from the first on. */
struct cordon_ledger_reader;

/* directory: of the ledger; stays the caller's, and open. Returns NULL with *err set: CORDON_ENOTFOUND when
 * there is no ledger in it, CORDON_ESYS. */
struct cordon_ledger_reader *cordon_ledger_reader_create(
	int directory, struct cordon_error *err) CORDON_CHECKED;
void cordon_ledger_reader_destroy(struct cordon_ledger_reader *r);
/* The next record, as cordon_ledger_cursor_next; *ret is borrowed until the next call. After END it may be
 * called again, and finds what has been written since. TORN is only said of the last segment. */
enum cordon_ledger_found cordon_ledger_reader_next(struct cordon_ledger_reader *r,
	struct cordon_ledger_record *ret, struct cordon_ledger_proof *proof,
	struct cordon_error *err) CORDON_CHECKED;
/* After the record that was last read. */
const struct cordon_ledger_state *cordon_ledger_reader_state(const struct cordon_ledger_reader *r);
uint32_t cordon_ledger_reader_segment(const struct cordon_ledger_reader *r);
uint64_t cordon_ledger_reader_bytes(const struct cordon_ledger_reader *r); /* of segments */

/* The checkpoints that were there when it was made. */
struct cordon_ledger_notes;

/* A ledger without any has an empty file of them, or none. witness: another file of them, which stays the
 * caller's, and at its begin; -1: the ledger's own. Returns NULL with *err set. */
struct cordon_ledger_notes *cordon_ledger_notes_create(
	int directory, int witness, struct cordon_error *err) CORDON_CHECKED;
void cordon_ledger_notes_destroy(struct cordon_ledger_notes *n);
/* The next checkpoint, verified with key (NULL: as for cordon_ledger_note_verify). *ret_text is its note, borrowed until the next call. END after the
 * last; TORN for a last one that was cut; DAMAGED for one that is none, or not by key. */
enum cordon_ledger_found cordon_ledger_notes_next(struct cordon_ledger_notes *n,
	const uint8_t key[CORDON_SIGN_PUBLIC], struct cordon_ledger_checkpoint *ret,
	const char **ret_text, size_t *ret_size, struct cordon_error *err) CORDON_CHECKED;

/* Reads the public key of the ledger in directory. Returns 0, or -1 with *err set. */
int cordon_ledger_read_public(
	int directory, uint8_t out[CORDON_SIGN_PUBLIC], struct cordon_error *err) CORDON_CHECKED;

struct cordon_ledger_report {
	uint64_t records, segments, checkpoints;
	uint64_t bytes; /* of segments, up to the last record */
	uint64_t covered; /* records that the last checkpoint covers */
	uint64_t open_intents, first_open; /* intents without an end; sequence of the first */
	int torn; /* the last segment ends in what was never acknowledged; why says more */
	int torn_note; /* so does the file of checkpoints */
	int damaged;
	uint64_t first_bad; /* sequence of the first record that is bad, or may be */
	char why[400]; /* of damaged, else of torn */
};

/* Checks all of a ledger, by its own checkpoints or those of a witness (cordon_ledger_notes_create): each record, the chain over all segments, the tree with each checkpoint, each
 * checkpoint's signature with key, that what the last checkpoint covers is there, and that each intent ends
 * at most once. Returns 0 with *ret written, also when it is damaged; -1 with *err set when it could not be
 * read: CORDON_ENOTFOUND when there is none. */
int cordon_ledger_verify(int directory, int witness, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_ledger_report *ret, struct cordon_error *err) CORDON_CHECKED;

/* The proof that the record with this sequence is in the ledger, for who trusts the public key and nothing
 * else: one line of JSON (cordon-ledger(5)), which the caller frees. NULL with *err set: CORDON_ENOTFOUND when
 * no checkpoint covers the record, CORDON_EPEER when the ledger is damaged before it. */
char *cordon_ledger_prove(int directory, const uint8_t key[CORDON_SIGN_PUBLIC], uint64_t sequence,
	struct cordon_error *err) CORDON_CHECKED;
