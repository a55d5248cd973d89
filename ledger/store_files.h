/* The small files of a ledger: lock, hint, checkpoints, key. */
#pragma once

#include "store.h"

/* Opens lock, hint and checkpoints, and makes them. */
int files_open(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Reads the key into s->seed, and makes one for a new ledger. The lock is held. */
int files_key(struct store *s, struct cordon_error *err) CORDON_CHECKED;

/* A line on standard error. Not dprintf(3), whose calls are the library's to choose. */
void files_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where the ledger was, written without waiting for the disk, and believed only when the segment agrees. */
void files_put_hint(const struct store *s);
/* Returns 1 with the cursor's at, index and state set, or 0. */
int files_get_hint(const struct store *s, struct cordon_ledger_cursor *ret);
