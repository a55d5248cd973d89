/* The files of a ledger, for its writer: several processes of one user may each have one, and change it in
 * turn. Everything but store_open and store_close is done between store_lock and store_unlock. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>
#include <cordon/ledger_format.h>
#include <cordon/ledger_note.h>
#include <cordon/sign.h>

#define STORE_BATCH (256u * 1024) /* bytes that are collected before they are written */

struct store {
	int directory, lock;
	int file, next; /* the segment that is written, and the one after it (-1: not made yet) */
	int hint; /* "position": where the ledger was, so that a start need not read a segment; and whose turn is next */
	int checkpoints, witness; /* witness: what is put there is copied to it; -1: nowhere */
	uint8_t *map; /* of file, shared and read-only */
	struct cordon_ledger_cursor cursor; /* behind the last record that is written */
	uint32_t last_position; /* in its batch, of that record */
	int entered; /* this segment is new to us */
	int looked; /* that nothing stands behind its end */
	uint8_t kernel[16]; /* the id of this boot; zeroes: not known */
	int same_kernel; /* "position" is of this boot */
	uint32_t settled; /* every intent before this segment has its end, or a living writer */
	uint8_t checkpoint[CORDON_DIGEST_SIZE]; /* last_checkpoint_tell of one that is right */
	uint64_t synced; /* records that are on disk for all we know */
	uint64_t covered; /* records that the last checkpoint covers */

	uint8_t *buffer; /* STORE_BATCH bytes */
	size_t used;
	struct cordon_ledger_cursor ahead; /* behind the last record that is in the buffer */
	uint32_t ahead_position;

	uint8_t seed[CORDON_SIGN_SEED];
	struct cordon_error broken; /* why nothing is written any more; code CORDON_OK: it is */
};

/* Opens the ledger in directory, which is kept by *s, as witness is, and makes one where there is none. Cuts a torn tail,
 * and says so on standard error. Locks it. Returns 0, or -1 with *err set; store_close in any case. */
int store_open(
	struct store *s, int directory, int witness, struct cordon_error *err) CORDON_CHECKED;
void store_close(struct store *s);

/* Waits 2 s at most for others (reason ledger.busy), and goes on behind what they wrote. Returns 0, or -1 with
 * *err set, and may be tried again. */
int store_lock(struct store *s, struct cordon_error *err) CORDON_CHECKED;
void store_unlock(struct store *s);
/* Nothing is written any more, because errno came of what: "flush", for one. The next one who opens the ledger knows. Returns -1
 * with *err set, reason ledger.failed. */
int store_break(struct store *s, const char *what, struct cordon_error *err);

/* Records that have a place: of those that were appended, this one and later ones have none, also when they had one
 * before something failed. */
uint64_t store_next(const struct store *s);
/* Puts a record into the buffer, whose number is put in *ret_sequence. urgent: it may have the space that is
 * kept for the ends of runs. Returns 0, or -1 with *err set, and the record is nowhere: reason ledger.full,
 * or as store_commit. */
int store_append(struct store *s, const void *payload, size_t size, int urgent,
	uint64_t *ret_sequence, struct cordon_error *err) CORDON_CHECKED;
/* Writes the buffer; durable: and waits until all of the ledger is on disk. Returns 0, or -1 with *err set:
 * reason ledger.full, and what was in the buffer is nowhere (store_next); or ledger.failed, and nothing is ever
 * written again, since what is on disk nobody knows. */
int store_commit(struct store *s, int durable, struct cordon_error *err) CORDON_CHECKED;

/* Without the lock: waits until what this writer has written is on disk. Errors as store_commit. */
int store_flush(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Whether somebody else has the lock or waits for it, and the ledger was signed in the last second: then it will be
 * signed again, and what is here with it. */
int store_is_carried_on(const struct store *s);

/* Makes the next segment, when this one is half full. What goes wrong shows when it is needed. */
void store_prepare_next(struct store *s);
/* Signs what there is, when it is more than at the last checkpoint, and waits for the disk. */
int store_checkpoint(struct store *s, struct cordon_error *err) CORDON_CHECKED;
