/* Opening a ledger, and taking turns with it. See store.h.
 *
 * MUST 1 (M8) What a writer that was killed has left is cut before anything is written behind it; what somebody
 *        changed, or a ledger that is shorter than its last checkpoint, is never written to.
 *
 * calls: flock clock_nanosleep munmap close; at start: ftruncate lseek */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "last_checkpoint.h"
#include "segments.h"
#include "store_files.h"

#define WAIT_MS 2000

static int
fail(struct cordon_error *err, const char *reason, const char *what)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "the ledger: %s", what);
	return cordon_because(err, reason);
}

/* The lock is held by no more than one batch, or by one who cuts a torn tail. */
static int
lock(struct store *s, struct cordon_error *err)
{
	const struct timespec pause = { .tv_nsec = 2 * 1000000 };

	for (int waited = 0; flock(s->lock, LOCK_EX | LOCK_NB) < 0; waited += 2) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(err, "ledger.failed", "could not lock it");
		if (waited >= WAIT_MS) {
			errno = 0;
			return fail(err, "ledger.busy",
				"another cordon has held it for two seconds; try again");
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return 0;
}

void
store_unlock(struct store *s)
{
	(void)flock(s->lock, LOCK_UN);
}

int
store_lock(struct store *s, struct cordon_error *err)
{
	if (s->broken.code != CORDON_OK) {
		*err = s->broken;
		return -1;
	}
	if (lock(s, err) < 0)
		return -1;
	if (segments_follow(s, err) < 0) {
		s->broken = *err;
		store_unlock(s);
		return -1;
	}
	s->ahead = s->cursor;
	s->ahead_position = s->last_position;
	s->used = 0;
	return 0;
}

/* A ledger that somebody has cut, or put an old copy of in its place. */
static int
check_checkpoint(
	struct store *s, const struct cordon_ledger_checkpoint *last, struct cordon_error *err)
{
	const uint64_t size = s->cursor.state.tree.size;

	if (last->tree_size > size ||
		(last->tree_size == size &&
			memcmp(last->chain, s->cursor.state.chain, sizeof(last->chain)) != 0)) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the ledger has %llu records and its last checkpoint says %llu, or others: "
			"records were removed or changed; look at it with 'cordon ledger verify', and "
			"move its directory away to begin a new one",
			(unsigned long long)size, (unsigned long long)last->tree_size);
		return cordon_because(err, "ledger.short");
	}
	s->covered = last->tree_size;
	return 0;
}

/* Returns 1 when there is a checkpoint, 0, or -1. */
static int
find_checkpoint(struct store *s, struct cordon_ledger_checkpoint *last, struct cordon_error *err)
{
	uint8_t key[CORDON_SIGN_PUBLIC];
	off_t whole = 0;
	int found;

	if (cordon_sign_public(s->seed, key, err) < 0)
		return -1;
	found = last_checkpoint(s->checkpoints, key, last, &whole, err);
	/* Half a note, of a writer that was killed, would stand before all later ones. */
	if (found >= 0 && lseek(s->checkpoints, 0, SEEK_END) != whole &&
		ftruncate(s->checkpoints, whole) < 0)
		return fail(err, "ledger.failed", "could not mend its checkpoints");
	return found;
}

int
store_open(struct store *s, int directory, struct cordon_error *err)
{
	struct cordon_ledger_checkpoint last;
	int result;

	*s = (struct store){ .directory = directory,
		.lock = -1,
		.file = -1,
		.next = -1,
		.hint = -1,
		.checkpoints = -1 };
	s->buffer = malloc(STORE_BATCH);
	if (s->buffer == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not open the ledger");
	if (files_open(s, err) < 0 || lock(s, err) < 0)
		return -1;
	result = files_key(s, err);
	if (result == 0)
		result = segments_open(s, err);
	if (result == 0)
		result = find_checkpoint(s, &last, err);
	if (result == 1)
		result = check_checkpoint(s, &last, err);
	store_unlock(s);
	return result;
}

void
store_close(struct store *s)
{
	if (s->map != NULL)
		(void)munmap(s->map, CORDON_LEDGER_SEGMENT);
	cordon_fd_close_p(&s->file);
	cordon_fd_close_p(&s->next);
	cordon_fd_close_p(&s->hint);
	cordon_fd_close_p(&s->checkpoints);
	cordon_fd_close_p(&s->lock);
	cordon_fd_close_p(&s->directory);
	explicit_bzero(s->seed, sizeof(s->seed));
	free(s->buffer);
	s->buffer = NULL;
	s->map = NULL;
}
