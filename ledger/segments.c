/* A segment has all its space from its first day: a record never fails for lack of it, and the file's size
 * never changes, so that it can be mapped. What is torn is overwritten with zeroes, not cut off.
 *
 * MUST 1 A segment has a header when it, its space and its name are on disk, and not before: what has a header
 *        needs no flush but that of its records.
 *
 * calls: openat lseek pread64 pwrite64 fdatasync fsync mmap munmap close write */
#include "segments.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "bytes.h"
#include "store_files.h"

#define NEAR (2 * CORDON_LEDGER_PAGE) /* what follows a record begins in its page, or in the next */
#define LOOK (256 * CORDON_LEDGER_PAGE) /* more than most batches */

static int
failed(struct cordon_error *err, const char *what, uint32_t index)
{
	const int sys = errno;

	cordon_fail(err, CORDON_EFLOOR, sys, "could not %s segment %u of the ledger", what, index);
	return cordon_because(
		err, sys == ENOSPC || sys == EDQUOT ? "ledger.full" : "ledger.failed");
}

static int
open_segment(const struct store *s, uint32_t index, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), CORDON_LEDGER_SEGMENT_NAME, index);
	return openat(
		s->directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
}

/* Opens a segment with all its space. Returns -1 with errno set; ENOENT without O_CREAT. */
static int
open_whole(const struct store *s, uint32_t index, int flags)
{
	CORDON_CLOSE int fd = open_segment(s, index, flags);
	off_t size;

	if (fd < 0)
		return -1;
	/* Not fstat(3): glibc makes newfstatat(2) of it, with which a jailed process could ask for names. */
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -1;
	if (size > (off_t)CORDON_LEDGER_SEGMENT) {
		errno = EINVAL;
		return -1;
	}
	if (size < (off_t)CORDON_LEDGER_SEGMENT &&
		files_reserve(fd, (size_t)size, CORDON_LEDGER_SEGMENT) < 0)
		return -1;
	return cordon_fd_take(&fd);
}

enum header { NO_HEADER, HEADER, TORN_HEADER };

static enum header
find_header(int fd)
{
	struct cordon_ledger_state state;
	struct cordon_error why = { 0 };
	uint8_t page[CORDON_LEDGER_PAGE];
	uint32_t index;

	if (pread(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) ||
		all_zero(page, sizeof(page)))
		return NO_HEADER;
	/* That of a later version is one. */
	return cordon_ledger_segment_decode(page, sizeof(page), &index, &state, &why) == 0 ||
			       why.code == CORDON_ENOSUPPORT
		       ? HEADER
		       : TORN_HEADER;
}

/* Begins the segment that fd is, which goes on from state. */
static int
begin(struct store *s, int fd, uint32_t index, const struct cordon_ledger_state *state,
	struct cordon_error *err)
{
	uint8_t page[CORDON_LEDGER_PAGE];

	if (fsync(fd) < 0 || fsync(s->directory) < 0)
		return store_break(s, "flush", err);
	cordon_ledger_segment_encode(index, state, page);
	if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page))
		/* A page is written or not: without a header the segment is as it was. */
		return find_header(fd) == NO_HEADER ? failed(err, "begin", index)
						    : store_break(s, "write to", err);
	return fdatasync(fd) < 0 ? store_break(s, "flush", err) : 0;
}

/* The segment that fd is becomes the one that is written. Takes it, unless there is no memory. */
static int
enter(struct store *s, int *fd, uint32_t index, struct cordon_error *err)
{
	void *map = mmap(NULL, CORDON_LEDGER_SEGMENT, PROT_READ, MAP_SHARED, *fd, 0);

	if (map == MAP_FAILED)
		return failed(err, "map", index);
	if (s->map != NULL)
		(void)munmap(s->map, CORDON_LEDGER_SEGMENT);
	s->map = map;
	cordon_fd_close_p(&s->file);
	s->file = cordon_fd_take(fd);
	if (cordon_ledger_cursor_init(&s->cursor, s->map, CORDON_LEDGER_SEGMENT, err) < 0 ||
		s->cursor.index != index) {
		if (s->cursor.index != index)
			cordon_fail(err, CORDON_EPEER, 0, "segment %u of the ledger is another one",
				index);
		return cordon_because(err, "ledger.damaged");
	}
	s->last_position = CORDON_LEDGER_BATCH_MAX; /* not known yet */
	s->entered = 1;
	s->looked = 0;
	return 0;
}

/* What was written and never acknowledged goes: all from at on. */
static int
clear(struct store *s, int fd, const uint8_t *map, size_t at, uint32_t index,
	const struct cordon_error *why, struct cordon_error *err)
{
	static const uint8_t zeroes[CORDON_LEDGER_PAGE];
	size_t end = CORDON_LEDGER_SEGMENT;

	while (end > at && map[end - 1] == 0)
		end--;
	files_say(
		"cordon: the ledger ended in %zu bytes that were never acknowledged, and are removed: %s\n",
		end - at, why->text);
	while (at < end) {
		const size_t size = end - at < sizeof(zeroes) ? end - at : sizeof(zeroes);

		if (pwrite(fd, zeroes, size, (off_t)at) != (ssize_t)size)
			return failed(err, "mend", index);
		at += size;
	}
	return fdatasync(fd) < 0 ? store_break(s, "flush", err) : 0;
}

/* A header of which a part was written: nothing behind it was acknowledged either, since a segment is begun when its
 * header is on disk. */
static int
clear_header(struct store *s, int fd, uint32_t index, const struct cordon_ledger_state *before,
	struct cordon_error *err)
{
	const struct cordon_error why = { .text = "a segment was about to be begun" };
	struct cordon_ledger_cursor cursor = {
		.size = CORDON_LEDGER_SEGMENT, .at = CORDON_LEDGER_PAGE, .state = *before
	};
	void *map = mmap(NULL, CORDON_LEDGER_SEGMENT, PROT_READ, MAP_SHARED, fd, 0);
	int result;

	if (map == MAP_FAILED)
		return failed(err, "map", index);
	cursor.data = map;
	if (cordon_ledger_cursor_judge(&cursor) == CORDON_LEDGER_TORN) {
		result = clear(s, fd, map, 0, index, &why, err);
	} else {
		cordon_fail(err, CORDON_EPEER, 0, "the header of segment %u of the ledger is none",
			index);
		result = cordon_because(err, "ledger.damaged");
	}
	(void)munmap(map, CORDON_LEDGER_SEGMENT);
	return result;
}

/* A segment is long: mostly no more is looked at than what would begin a record. What a writer that was killed has left
 * goes on from its begin. After a power failure it need not, so all is looked at once; and where the kernel is the same
 * somewhat more, once: the disk may have been away. */
static enum cordon_ledger_found
next(struct store *s, struct cordon_ledger_record *record, struct cordon_error *err)
{
	const size_t near =
		s->cursor.at / CORDON_LEDGER_PAGE * CORDON_LEDGER_PAGE + (s->looked ? NEAR : LOOK);
	enum cordon_ledger_found found;

	if (near < CORDON_LEDGER_SEGMENT) {
		s->cursor.size = near;
		found = cordon_ledger_cursor_next(&s->cursor, record, NULL, err);
		s->cursor.size = CORDON_LEDGER_SEGMENT;
		if (found == CORDON_LEDGER_RECORD ||
			(found == CORDON_LEDGER_END && (s->looked || s->same_kernel)))
			return found;
	}
	return cordon_ledger_cursor_next(&s->cursor, record, NULL, err);
}

/* To the end of this segment. */
static int
go_to_end(struct store *s, struct cordon_error *err)
{
	struct cordon_ledger_record record;
	struct cordon_error why = { 0 };
	enum cordon_ledger_found found;

	while ((found = next(s, &record, &why)) == CORDON_LEDGER_RECORD)
		s->last_position = record.position;
	s->looked |= found == CORDON_LEDGER_END;
	if (found == CORDON_LEDGER_END)
		return 0;
	if (found == CORDON_LEDGER_TORN)
		return clear(s, s->file, s->map, s->cursor.at, s->cursor.index, &why, err);
	*err = why;
	return cordon_because(
		err, found == CORDON_LEDGER_DAMAGED ? "ledger.damaged" : "ledger.failed");
}

/* Another writer has begun the next segment, perhaps. */
static int
go_to_next(struct store *s, struct cordon_error *err)
{
	const uint32_t index = s->cursor.index + 1;
	struct cordon_ledger_state before;
	CORDON_CLOSE int fd = -1;
	enum header header;

	if (s->next < 0) {
		fd = open_segment(s, index, 0);
		if (fd < 0 && errno != ENOENT)
			return failed(err, "open", index);
		if (fd < 0 || find_header(fd) == NO_HEADER)
			return 0;
		cordon_fd_close_p(&fd);
		s->next = open_whole(s, index, 0);
		if (s->next < 0)
			return failed(err, "open", index);
	}
	header = find_header(s->next);
	if (header == TORN_HEADER)
		return clear_header(s, s->next, index, &s->cursor.state, err);
	if (header == NO_HEADER)
		return 0;
	before = s->cursor.state;
	if (enter(s, &s->next, index, err) < 0)
		return -1;
	if (memcmp(&before, &s->cursor.state, sizeof(before)) != 0) {
		cordon_fail(err, CORDON_EPEER, 0,
			"segment %u of the ledger does not go on from the one before", index);
		return cordon_because(err, "ledger.damaged");
	}
	return 1;
}

int
segments_follow(struct store *s, struct cordon_error *err)
{
	int more;

	do {
		if (go_to_end(s, err) < 0)
			return -1;
		more = go_to_next(s, err);
	} while (more == 1);
	return more;
}

/* The chain value that the hint says stands before the place that it says: nothing else needs be read. */
static int
agrees(const struct store *s, const struct cordon_ledger_cursor *hint)
{
	if (hint->index != s->cursor.index)
		return 0;
	if (hint->at == CORDON_LEDGER_PAGE)
		return memcmp(&hint->state, &s->cursor.state, sizeof(hint->state)) == 0;
	for (size_t pad = 0; pad < CORDON_LEDGER_ALIGN; pad++)
		if (memcmp(s->map + hint->at - pad - CORDON_DIGEST_SIZE, hint->state.chain,
			    CORDON_DIGEST_SIZE) == 0)
			return 1;
	return 0;
}

/* The last segment with a header, from one that has one on. Its header says all that is needed. */
static uint32_t
last_begun(const struct store *s, uint32_t index)
{
	for (;;) {
		CORDON_CLOSE int fd = open_segment(s, index + 1, 0);

		if (fd < 0 || find_header(fd) != HEADER)
			return index;
		index++;
	}
}

int
segments_open(struct store *s, struct cordon_error *err)
{
	const struct cordon_ledger_state empty = { 0 };
	struct cordon_ledger_cursor hint = { 0 };
	const int hinted = files_get_hint(s, &hint);
	uint32_t index = hinted ? hint.index : last_begun(s, 0);
	CORDON_CLOSE int fd = open_whole(s, index, 0);

	if (fd < 0 && errno == ENOENT) {
		index = 0;
		fd = open_whole(s, index, O_CREAT);
	}
	if (fd < 0)
		return failed(err, "open", index);
	if (index == 0 && find_header(fd) == TORN_HEADER &&
		clear_header(s, fd, index, &empty, err) < 0)
		return -1;
	if (index == 0 && find_header(fd) == NO_HEADER && begin(s, fd, index, &empty, err) < 0)
		return -1;
	if (enter(s, &fd, index, err) < 0)
		return -1;
	if (hinted && agrees(s, &hint)) {
		s->cursor.at = hint.at;
		s->cursor.state = hint.state;
		s->synced = hint.state.tree.size;
	}
	return 0;
}

int
segments_index_of(const struct store *s, uint64_t sequence, uint32_t *ret, struct cordon_error *err)
{
	uint32_t index = s->cursor.index;

	for (;; index--) {
		CORDON_CLOSE int fd = open_segment(s, index, 0);
		uint8_t page[CORDON_LEDGER_PAGE];
		struct cordon_ledger_state state;
		uint32_t unused;

		if (fd < 0)
			return failed(err, "open", index);
		if (pread(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page))
			return failed(err, "read", index);
		if (cordon_ledger_segment_decode(page, sizeof(page), &unused, &state, err) < 0)
			return cordon_because(err, "ledger.damaged");
		if (state.tree.size <= sequence || index == 0)
			break;
	}
	*ret = index;
	return 0;
}

int
segments_walk(const struct store *s, uint32_t index,
	int (*see)(
		void *context, const struct cordon_ledger_record *record, struct cordon_error *err),
	void *context, struct cordon_error *err)
{
	const int last = index == s->cursor.index;
	CORDON_CLOSE int fd = open_segment(s, index, 0);
	struct cordon_ledger_cursor cursor;
	struct cordon_ledger_record record;
	enum cordon_ledger_found found = CORDON_LEDGER_END;
	void *map;
	int result;

	if (fd < 0)
		return failed(err, "open", index);
	if (lseek(fd, 0, SEEK_END) != (off_t)CORDON_LEDGER_SEGMENT) {
		cordon_fail(err, CORDON_EPEER, 0, "segment %u of the ledger was cut", index);
		return cordon_because(err, "ledger.damaged");
	}
	map = mmap(NULL, CORDON_LEDGER_SEGMENT, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return failed(err, "map", index);
	result = cordon_ledger_cursor_init(&cursor, map, CORDON_LEDGER_SEGMENT, err);
	if (last)
		cursor.size = s->cursor.at;
	while (result == 0 &&
		(found = cordon_ledger_cursor_skip(&cursor, &record, err)) == CORDON_LEDGER_RECORD)
		result = see(context, &record, err);
	if (result == 0 && found != CORDON_LEDGER_END)
		result = cordon_because(err, "ledger.damaged");
	(void)munmap(map, CORDON_LEDGER_SEGMENT);
	return result;
}

int
segments_make_next(struct store *s, struct cordon_error *err)
{
	if (s->next >= 0)
		return 0;
	s->next = open_whole(s, s->cursor.index + 1, O_CREAT);
	return s->next < 0 ? failed(err, "make", s->cursor.index + 1) : 0;
}

int
segments_rotate(struct store *s, struct cordon_error *err)
{
	const uint32_t index = s->cursor.index + 1;

	if (segments_make_next(s, err) < 0 || begin(s, s->next, index, &s->cursor.state, err) < 0)
		return -1;
	return enter(s, &s->next, index, err);
}

/* fsync(2), EIO: after a flush that failed, the kernel takes for written what is not on disk, and the next
 * flush succeeds. So what it has is written anew. The segments before were on disk when this one was begun. */
int
segments_rewrite(struct store *s, struct cordon_error *err)
{
	for (size_t at = 0; at < s->cursor.at; at += STORE_BATCH) {
		const size_t left = s->cursor.at - at,
			     size = left < STORE_BATCH ? left : STORE_BATCH;

		memcpy(s->buffer, s->map + at, size);
		if (pwrite(s->file, s->buffer, size, (off_t)at) != (ssize_t)size)
			return failed(err, "write anew", s->cursor.index);
	}
	return fdatasync(s->file) < 0 ? store_break(s, "flush", err) : 0;
}
