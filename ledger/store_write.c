/* Records, from a batch to the disk. See store.h.
 *
 * calls: pwrite64 write fdatasync lseek ftruncate flock fstat clock_gettime */
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "last_checkpoint.h"
#include "segments.h"
#include "store.h"
#include "store_files.h"

#define RESERVE \
	(1u << 20) /* of a segment, for the ends of runs, when there is no space for another */

#define AHEAD \
	(128u << 10) /* a multiple of pages, of which each is overwritten before it is written to */

int
store_break(struct store *s, const char *what, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EFLOOR, errno,
		"could not %s the ledger; nothing runs until cordon is started again, and then only if "
		"what is on disk is intact",
		what);
	(void)cordon_because(err, "ledger.failed");
	s->broken = *err;
	files_mark_unflushed(s);
	return -1;
}

static uint64_t
records(const struct cordon_ledger_cursor *cursor)
{
	return cursor->state.tree.size;
}

uint64_t
store_next(const struct store *s)
{
	return records(&s->ahead);
}

/* Forgets what is in the buffer. */
static void
drop(struct store *s)
{
	s->used = 0;
	s->ahead = s->cursor;
	s->ahead_position = s->last_position;
}

static int
flush(struct store *s, struct cordon_error *err)
{
	if (fdatasync(s->file) < 0)
		return store_break(s, "flush", err);
	s->synced = records(&s->cursor);
	return 0;
}

/* Returns the bytes that were written; less than size with errno set. */
static size_t
put(const struct store *s, const uint8_t *data, size_t size, size_t at)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t got = pwrite(s->file, data + done, size - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

/* Space that a file system has promised is to be written to for the first time, which takes a journal's time with
 * each flush. So who comes to some pages writes zeroes to all of them. Whether that goes well is no matter. */
static void
clear_ahead(const struct store *s)
{
	static const uint8_t zeroes[AHEAD];
	const size_t end = s->cursor.at + s->used;
	const size_t from = (end + CORDON_LEDGER_PAGE - 1) / CORDON_LEDGER_PAGE *
			    CORDON_LEDGER_PAGE,
		     to = (end + AHEAD - 1) / AHEAD * AHEAD;

	if (s->cursor.at == CORDON_LEDGER_PAGE || (s->cursor.at - 1) / AHEAD != (end - 1) / AHEAD)
		(void)put(s, zeroes, to - from, from);
}

/* Not all of the buffer could be written. Without space what there is of it is taken back, so that it is on record
 * nowhere, and it may go better with the next one. */
static int
take_back(struct store *s, size_t done, struct cordon_error *err)
{
	const int sys = errno;

	memset(s->buffer, 0, done);
	if ((sys != ENOSPC && sys != EDQUOT) || put(s, s->buffer, done, s->cursor.at) < done) {
		errno = sys;
		return store_break(s, "write to", err);
	}
	drop(s);
	cordon_fail(err, CORDON_EFLOOR, sys, "could not write to the ledger");
	return cordon_because(err, "ledger.full");
}

int
store_commit(struct store *s, int durable, struct cordon_error *err)
{
	/* After an error fdatasync(2) succeeds again, and what it could not write is forgotten: fsync(2), EIO. */
	if (s->broken.code != CORDON_OK) {
		*err = s->broken;
		return -1;
	}
	if (s->used > 0) {
		const size_t done = put(s, s->buffer, s->used, s->cursor.at);

		if (done < s->used)
			return take_back(s, done, err);
		clear_ahead(s);
	}
	s->cursor = s->ahead;
	s->last_position = s->ahead_position;
	s->used = 0;
	if (durable && s->synced != records(&s->cursor) && flush(s, err) < 0)
		return -1;
	if (s->synced == records(&s->cursor))
		files_put_hint(s);
	return 0;
}

/* Where a record of this size goes: a segment that has the space. */
static int
find_room(struct store *s, size_t size, int urgent, size_t *ret_room, struct cordon_error *err)
{
	size_t room = cordon_ledger_record_room(s->ahead.at, size);

	if (room == 0)
		return cordon_fail(
			err, CORDON_EPEER, 0, "a record of %zu bytes fits no page", size);
	if (s->ahead.at + room > CORDON_LEDGER_SEGMENT - RESERVE &&
		segments_make_next(s, err) < 0 &&
		(!urgent || s->ahead.at + room > CORDON_LEDGER_SEGMENT))
		return -1;
	if (s->ahead.at + room > CORDON_LEDGER_SEGMENT) {
		if (store_commit(s, 1, err) < 0)
			return -1;
		if (segments_rotate(s, err) < 0)
			return -1;
		s->synced = records(&s->cursor);
		drop(s);
		room = cordon_ledger_record_room(s->ahead.at, size);
	}
	if (s->used + room > STORE_BATCH && store_commit(s, 0, err) < 0)
		return -1;
	*ret_room = room;
	return 0;
}

/* Its place in its batch: a batch begins when all before it is on disk (ledger_format.h, MUST 3). Others may
 * have written without having waited for the disk. Returns 0, or -1 with *err set. */
static int
find_position(struct store *s, uint32_t *ret, struct cordon_error *err)
{
	if (s->synced != records(&s->ahead) && s->ahead_position + 1 >= CORDON_LEDGER_BATCH_MAX) {
		if (store_commit(s, 0, err) < 0 || flush(s, err) < 0)
			return -1;
	}
	*ret = s->synced == records(&s->ahead) ? 0 : s->ahead_position + 1;
	return 0;
}

int
store_append(struct store *s, const void *payload, size_t size, int urgent, uint64_t *ret_sequence,
	struct cordon_error *err)
{
	uint32_t position;
	size_t room;
	ptrdiff_t put;

	if (s->broken.code != CORDON_OK) {
		*err = s->broken;
		return -1;
	}
	if (find_room(s, size, urgent, &room, err) < 0 || find_position(s, &position, err) < 0)
		return -1;
	*ret_sequence = records(&s->ahead);
	put = cordon_ledger_record_encode(&s->ahead.state, s->ahead.at, position, payload, size,
		s->buffer + s->used, STORE_BATCH - s->used, err);
	if (put < 0)
		return -1;
	s->used += (size_t)put;
	s->ahead.at += (size_t)put;
	s->ahead_position = position;
	return 0;
}

void
store_prepare_next(struct store *s)
{
	struct cordon_error ignored;

	if (s->cursor.at > CORDON_LEDGER_SEGMENT / 2)
		(void)!segments_make_next(s, &ignored);
}

/* The segment of the last record: the one after it may have been begun and no more. */
static uint32_t
last_segment(const struct store *s)
{
	const uint32_t index = s->cursor.index;

	return index > 0 && s->cursor.at == CORDON_LEDGER_PAGE ? index - 1 : index;
}

/* A note that does not fit is taken back: half of one would stand before all later ones. So would one that a power
 * failure loses when the next one is on disk: each is, before the lock is given to who may write it. */
static int
write_note(struct store *s, const char *note, size_t size, struct cordon_error *err)
{
	const off_t end = lseek(s->checkpoints, 0, SEEK_END);

	if (end >= 0 && cordon_fd_write_all(s->checkpoints, note, size) < 0) {
		const int sys = errno;

		if (ftruncate(s->checkpoints, end) == 0) {
			cordon_fail(err, CORDON_EFLOOR, sys,
				"the ledger is not signed: there is no space for a checkpoint");
			return cordon_because(err, "ledger.full");
		}
	}
	if (end < 0 || fdatasync(s->checkpoints) < 0)
		return store_break(s, "sign", err);
	if (s->witness >= 0 && (cordon_fd_write_all(s->witness, note, size) < 0 ||
				       (fdatasync(s->witness) < 0 && errno != EINVAL)))
		return store_break(s, "write to the witness of", err);
	return 0;
}

int
store_flush(struct store *s, struct cordon_error *err)
{
	if (s->broken.code != CORDON_OK) {
		*err = s->broken;
		return -1;
	}
	return s->synced == records(&s->cursor) ? 0 : flush(s, err);
}

int
store_is_carried_on(const struct store *s)
{
	struct timespec now;
	struct stat st;

	/* Not fstat(3): glibc makes newfstatat(2) of it, with which a jailed process could ask for names. */
	if (syscall(SYS_fstat, s->checkpoints, &st) < 0 ||
		clock_gettime(CLOCK_REALTIME, &now) < 0 || now.tv_sec < st.st_mtim.tv_sec ||
		now.tv_sec > st.st_mtim.tv_sec + 1)
		return 0;
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	(void)flock(s->lock, LOCK_UN);
	return 0;
}

int
store_checkpoint(struct store *s, struct cordon_error *err)
{
	struct cordon_ledger_checkpoint c = { .tree_size = records(&s->cursor),
		.segment = last_segment(s) };
	char note[CORDON_LEDGER_NOTE_MAX];
	ptrdiff_t size;

	if (c.tree_size == s->covered)
		return 0;
	if (store_commit(s, 1, err) < 0)
		return -1;
	memcpy(c.chain, s->cursor.state.chain, sizeof(c.chain));
	if (cordon_ledger_tree_root(&s->cursor.state.tree, NULL, c.root) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "libcrypto made no SHA-256 digest");
	size = cordon_ledger_note_sign(&c, s->seed, note, err);
	if (size < 0)
		return -1;
	if (write_note(s, note, (size_t)size, err) < 0 ||
		last_checkpoint_tell(s, note, (size_t)size, s->checkpoint, err) < 0)
		return -1;
	s->covered = c.tree_size;
	files_put_hint(s);
	return 0;
}
