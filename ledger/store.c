/* Opening a ledger, and taking turns with it. See store.h.
 *
 * MUST 1 (M8) What a writer that was killed has left is cut before anything is written behind it; what somebody
 *        changed, or a ledger that is shorter than its last checkpoint, is never written to.
 *
 * calls: flock clock_nanosleep clock_gettime munmap close; at start: ftruncate lseek */
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

#define WAIT_US 2000000

static int
fail(struct cordon_error *err, const char *reason, const char *what)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "the ledger: %s", what);
	return cordon_because(err, reason);
}

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Until deadline. flock(2) cannot wait for a time, so it is asked again and again, at first soon: a batch takes
 * what a flush takes. */
static int
wait_for(int file, int64_t deadline, struct cordon_error *err)
{
	struct timespec pause = { .tv_nsec = 50 * 1000 };

	while (flock(file, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(err, "ledger.failed", "could not lock it");
		if (now_us() >= deadline) {
			errno = 0;
			return fail(err, "ledger.busy",
				"another cordon has held it for two seconds; try again");
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		if (pause.tv_nsec < 1000 * 1000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/* The lock is held by no more than one batch, or by one who cuts a torn tail. Who has it and wants it again comes
 * after who waits: only one waits for the lock, and all others for being that one. */
static int
lock(struct store *s, struct cordon_error *err)
{
	const int64_t deadline = now_us() + WAIT_US;
	int result = wait_for(s->hint, deadline, err);

	if (result == 0) {
		result = wait_for(s->lock, deadline, err);
		(void)flock(s->hint, LOCK_UN);
	}
	return result;
}

void
store_unlock(struct store *s)
{
	(void)flock(s->lock, LOCK_UN);
}

/* After a flush that failed, when nobody has done it yet. */
static int
rewrite_unflushed(struct store *s, struct cordon_error *err)
{
	if (!files_is_unflushed(s))
		return 0;
	files_say(
		"cordon: the ledger could not be flushed to the disk before; what is there is written anew\n");
	if (segments_rewrite(s, err) < 0)
		return -1;
	return files_rewrite(s) < 0 ? fail(err, "ledger.failed", "could not write it anew") : 0;
}

/* Behind what others have written. */
static int
follow(struct store *s, struct cordon_error *err)
{
	if (segments_follow(s, err) < 0 || (s->entered && rewrite_unflushed(s, err) < 0))
		return -1;
	s->entered = 0;
	return 0;
}

/* What may go better the next time. */
static int
passes(const struct cordon_error *err)
{
	return err->sys == EMFILE || err->sys == ENFILE || err->sys == ENOMEM ||
	       err->sys == ENOSPC || err->sys == EDQUOT;
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
	if (follow(s, err) < 0) {
		if (s->broken.code == CORDON_OK && !passes(err))
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
	off_t whole = 0;
	const int found = last_checkpoint(s, last, &whole, err);

	/* Half a note, of a writer that was killed, would stand before all later ones. */
	if (found >= 0 && lseek(s->checkpoints, 0, SEEK_END) != whole &&
		ftruncate(s->checkpoints, whole) < 0)
		return fail(err, "ledger.failed", "could not mend its checkpoints");
	return found;
}

int
store_open(struct store *s, int directory, int witness, struct cordon_error *err)
{
	struct cordon_ledger_checkpoint last;
	int result;

	*s = (struct store){ .directory = directory,
		.lock = -1,
		.file = -1,
		.next = -1,
		.hint = -1,
		.checkpoints = -1,
		.witness = witness };
	s->buffer = malloc(STORE_BATCH);
	if (s->buffer == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not open the ledger");
	if (files_open(s, err) < 0 || lock(s, err) < 0)
		return -1;
	result = files_key(s, err);
	if (result == 0)
		result = segments_open(s, err);
	if (result == 0)
		result = follow(s, err);
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
