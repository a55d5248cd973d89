/* The segments of a ledger that is written: which is the last one, how far it goes, and the next. */
#pragma once

#include "store.h"

/* Finds the last segment, makes the first, and goes to its end. The lock is held. */
int segments_open(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Goes on behind what other writers have written. Cuts what one that was killed has left. The lock is held. */
int segments_follow(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Begins the next segment; s->cursor is at its begin afterwards. The lock is held, the buffer is empty. */
int segments_rotate(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Makes a file for the next segment. Returns 0, or -1 with *err set. */
int segments_make_next(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Writes what the kernel has of this segment to the disk, whatever it takes for written already. The lock is held,
 * the buffer is empty. */
int segments_rewrite(struct store *s, struct cordon_error *err) CORDON_CHECKED;

/* The segment that the record with this sequence is in, or would be. The lock is held. */
int segments_index_of(const struct store *s, uint64_t sequence, uint32_t *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* Shows each record of a segment to see, until it returns other than 0. What the records are linked by is not looked at.
 * Returns what see returned last, 0, or -1 with *err set. The lock is held. */
int segments_walk(const struct store *s, uint32_t index,
	int (*see)(
		void *context, const struct cordon_ledger_record *record, struct cordon_error *err),
	void *context, struct cordon_error *err) CORDON_CHECKED;
