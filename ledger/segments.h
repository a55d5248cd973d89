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
