/* The small files of a ledger: lock, hint, checkpoints, key. */
#pragma once

#include "store.h"

/* Opens lock, hint and checkpoints, and makes them. */
int files_open(struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Reads the key into s->seed, and makes one for a new ledger. The lock is held. */
int files_key(struct store *s, struct cordon_error *err) CORDON_CHECKED;

/* A line on standard error. Not dprintf(3), whose calls are the library's to choose. */
void files_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Gives a file that has size bytes the space of wanted, and zeroes. Returns 0, or -1 with errno set. */
int files_reserve(int fd, size_t size, size_t wanted);

/* Notes that a flush failed, and whether that is noted. The lock is held. */
void files_mark_unflushed(const struct store *s);
int files_is_unflushed(const struct store *s);
/* The last checkpoint is written anew, and then the mark goes. Returns 0, or -1 with errno set. */
int files_rewrite(const struct store *s);

/* A place of the ledger before which all is on disk (nothing is written of another one: its page could be there
 * without those before it), written without waiting for the disk, and believed when the segment agrees. */
void files_put_hint(const struct store *s);
/* Returns 1 with the cursor's at, index and state set, or 0. What s says of this boot, of intents that are settled and
 * of the checkpoint is set, too. */
int files_get_hint(struct store *s, struct cordon_ledger_cursor *ret);
