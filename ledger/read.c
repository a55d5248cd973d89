/* The records of a directory of segments.
 *
 * A segment is read into memory, not mapped: its writer may cut a torn tail meanwhile, and a mapping that
 * shrinks is a SIGBUS. It is read a window at a time, and the pages of windows that were gone through are moved
 * to where the next one goes: new pages cost more than all the rest.
 *
 * It may also be written meanwhile, and a read of 64 MiB is no snapshot: its end may show batches of which
 * its begin knows nothing, which looks like damage. So nothing is called an end, torn or damaged before the
 * same bytes were read twice.
 *
 * calls: close; at start: openat2 pread64 */
#include <cordon/ledger_read.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/path.h>

#include "bytes.h"

#define CHUNK     (256u * 1024)
#define WINDOW    (2u << 20) /* a huge page */
#define MAPPED    (CORDON_LEDGER_SEGMENT + WINDOW) /* with room to align it */
#define REREADS   64 /* of what changes under our hands */
#define LOOK_SIZE (2 * CORDON_LEDGER_PAGE) /* where the next record would begin, wherever it goes */

struct cordon_ledger_reader {
	int directory; /* borrowed */
	int file; /* of the segment that is read, -1: none yet */
	uint8_t *mapping, *data; /* MAPPED and, in it, CORDON_LEDGER_SEGMENT bytes */
	uint8_t *chunk; /* CHUNK bytes */
	size_t spent; /* the windows of data up to here were gone through, and have no pages any more */
	int whole; /* all of the file is in data */
	struct cordon_ledger_cursor cursor;
	uint64_t before; /* bytes of the segments before */
	int begun; /* its header was read; the cursor's state is that of before, else */
};

/* Opens a file of the ledger. Returns a descriptor, or -1 with errno set. */
static int
open_file(int directory, const char *name)
{
	return cordon_openat2(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, 0);
}

static int
open_segment(int directory, uint32_t index)
{
	char name[32];

	snprintf(name, sizeof(name), CORDON_LEDGER_SEGMENT_NAME, index);
	return open_file(directory, name);
}

/* pread(2) until size bytes or the end of the file. Returns the count, or -1 with errno set. */
static ssize_t
read_at(int fd, void *data, size_t size, size_t offset)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t got =
			pread(fd, (uint8_t *)data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

uint64_t
cordon_ledger_reader_bytes(const struct cordon_ledger_reader *r)
{
	return r->before + r->cursor.at;
}

static enum cordon_ledger_found
failed(const struct cordon_ledger_reader *r, struct cordon_error *err)
{
	cordon_fail(err, CORDON_ESYS, errno, "could not read segment %u of the ledger",
		r->cursor.index);
	return CORDON_LEDGER_FAILED;
}

/* Reads up to size bytes of the segment from offset on over those that are there. Returns 1 when they differ
 * from those, 0, or -1 with errno set. */
static int
reread(struct cordon_ledger_reader *r, size_t offset, size_t size)
{
	struct cordon_ledger_cursor *c = &r->cursor;
	int changed = 0;

	while (size > 0) {
		const size_t wanted = size < CHUNK ? size : CHUNK;
		const ssize_t got = read_at(r->file, r->chunk, wanted, offset);
		const size_t had = c->size > offset ? c->size - offset : 0;
		const size_t both = got > 0 && (size_t)got < had ? (size_t)got : had;

		if (got < 0)
			return -1;
		if (memcmp(r->data + offset, r->chunk, both < wanted ? both : wanted) != 0 ||
			((size_t)got < wanted ? offset + (size_t)got != c->size
					      : offset + wanted > c->size))
			changed = 1;
		memcpy(r->data + offset, r->chunk, (size_t)got);
		if ((size_t)got < wanted || offset + wanted > c->size)
			c->size = offset + (size_t)got;
		if ((size_t)got < wanted)
			break;
		offset += wanted;
		size -= wanted;
	}
	return changed;
}

/* Gives the place at offset the pages of a window that was gone through, with what was in them: mremap(2),
 * MREMAP_DONTUNMAP. Returns 1, and then the place may not be zero; 0 when there is no such window; -1 with errno set,
 * and then the place may be nobody's. */
static int
move_window(struct cordon_ledger_reader *r, size_t offset)
{
	const size_t at = r->cursor.at / CORDON_LEDGER_PAGE * CORDON_LEDGER_PAGE;

	if (r->spent + WINDOW > at || offset % WINDOW != 0)
		return 0;
	if (mremap(r->data + r->spent, WINDOW, WINDOW,
		    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		    r->data + offset) == MAP_FAILED)
		return -1;
	r->spent += WINDOW;
	return 1;
}

/* Reads the next window of the segment. What is zero needs no pages: most of a segment may be preallocated, and no
 * more. Returns 0, or -1 with errno set. */
static int
read_window(struct cordon_ledger_reader *r)
{
	struct cordon_ledger_cursor *c = &r->cursor;
	const int used = move_window(r, c->size);

	if (used < 0)
		return -1;
	for (size_t done = 0; done < WINDOW && !r->whole; done += CHUNK) {
		const size_t rest = CORDON_LEDGER_SEGMENT - c->size;
		const size_t wanted = rest < CHUNK ? rest : CHUNK;
		const ssize_t got = read_at(r->file, r->chunk, wanted, c->size);

		if (got < 0)
			return -1;
		if (used || !all_zero(r->chunk, (size_t)got))
			memcpy(r->data + c->size, r->chunk, (size_t)got);
		c->size += (size_t)got;
		r->whole = (size_t)got < CHUNK || c->size == CORDON_LEDGER_SEGMENT;
	}
	return 0;
}

/* Begins with file, which is segment number index. */
static enum cordon_ledger_found
load(struct cordon_ledger_reader *r, int *file, uint32_t index, struct cordon_error *err)
{
	cordon_fd_close_p(&r->file);
	r->file = cordon_fd_take(file);
	r->cursor.data = r->data;
	r->cursor.size = r->cursor.at = r->spent = 0;
	r->cursor.index = index;
	r->whole = 0;
	if (madvise(r->data, CORDON_LEDGER_SEGMENT, MADV_DONTNEED) < 0 || read_window(r) < 0)
		return failed(r, err);
	r->cursor.at = r->cursor.size < CORDON_LEDGER_PAGE ? r->cursor.size : CORDON_LEDGER_PAGE;
	r->begun = 0;
	return CORDON_LEDGER_RECORD;
}

struct cordon_ledger_reader *
cordon_ledger_reader_create(int directory, struct cordon_error *err)
{
	struct cordon_ledger_reader *r = cordon_array(1, sizeof(*r));
	CORDON_CLOSE int first = -1;

	if (r != NULL) {
		*r = (struct cordon_ledger_reader){ .directory = directory, .file = -1 };
		r->mapping = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		r->chunk = malloc(CHUNK);
	}
	if (r == NULL || r->mapping == MAP_FAILED || r->chunk == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read the ledger");
		goto fail;
	}
	r->data = r->mapping + (WINDOW - (uintptr_t)r->mapping % WINDOW);
	(void)madvise(
		r->data, CORDON_LEDGER_SEGMENT, MADV_HUGEPAGE); /* where the kernel likes to */
	first = open_segment(directory, 0);
	if (first < 0)
		cordon_fail(err, errno == ENOENT ? CORDON_ENOTFOUND : CORDON_ESYS, errno,
			"could not open the first segment of the ledger");
	else if (load(r, &first, 0, err) == CORDON_LEDGER_RECORD)
		return r;
fail:
	cordon_ledger_reader_destroy(r);
	return NULL;
}

void
cordon_ledger_reader_destroy(struct cordon_ledger_reader *r)
{
	if (r == NULL)
		return;
	cordon_fd_close_p(&r->file);
	if (r->mapping != MAP_FAILED)
		(void)munmap(r->mapping, MAPPED);
	free(r->chunk);
	free(r);
}

const struct cordon_ledger_state *
cordon_ledger_reader_state(const struct cordon_ledger_reader *r)
{
	return &r->cursor.state;
}

uint32_t
cordon_ledger_reader_segment(const struct cordon_ledger_reader *r)
{
	return r->cursor.index;
}

/* The header of the segment that was loaded goes on from where the one before ended. */
static enum cordon_ledger_found
check_header(struct cordon_ledger_reader *r, struct cordon_error *err)
{
	struct cordon_ledger_cursor *c = &r->cursor;
	struct cordon_ledger_state state;
	uint32_t index;

	c->at = c->size < CORDON_LEDGER_PAGE ? c->size : CORDON_LEDGER_PAGE;
	if (all_zero(c->data, c->size))
		return CORDON_LEDGER_END; /* preallocated, and no more */
	if (cordon_ledger_segment_decode(c->data, c->size, &index, &state, err) < 0) {
		cordon_while(err, "segment %u", c->index);
		if (err->code == CORDON_ENOSUPPORT)
			return CORDON_LEDGER_FAILED;
		return cordon_ledger_cursor_judge(c);
	}
	if (index != c->index || state.tree.size != c->state.tree.size ||
		memcmp(state.chain, c->state.chain, sizeof(state.chain)) != 0 ||
		memcmp(state.tree.nodes, c->state.tree.nodes, sizeof(state.tree.nodes)) != 0) {
		cordon_fail(err, CORDON_EPEER, 0,
			"segment %u does not go on from the record before it", c->index);
		return CORDON_LEDGER_DAMAGED;
	}
	return CORDON_LEDGER_RECORD;
}

/* Opens the segment after this one when something is in it. Returns 1, 0, or -1 with errno set. */
static int
open_next(const struct cordon_ledger_reader *r, int *ret_file)
{
	CORDON_CLOSE int file = open_segment(r->directory, r->cursor.index + 1);
	ssize_t got;

	if (file < 0)
		return errno == ENOENT ? 0 : -1;
	got = read_at(file, r->chunk, CORDON_LEDGER_PAGE, 0);
	if (got < 0)
		return -1;
	if (all_zero(r->chunk, (size_t)got))
		return 0;
	*ret_file = cordon_fd_take(&file);
	return 1;
}

/* Reads again what found rests on. Returns as reread. */
static int
has_changed(struct cordon_ledger_reader *r, enum cordon_ledger_found found)
{
	const size_t from = r->begun ? r->cursor.at / CORDON_LEDGER_PAGE * CORDON_LEDGER_PAGE : 0;
	const size_t rest = CORDON_LEDGER_SEGMENT - from;

	return reread(r, from, found == CORDON_LEDGER_END && rest > LOOK_SIZE ? LOOK_SIZE : rest);
}

/* No record can be read, which is to be final. Returns RECORD when it is not, and to be tried again. */
static enum cordon_ledger_found
settle(struct cordon_ledger_reader *r, enum cordon_ledger_found found, struct cordon_error *err)
{
	CORDON_CLOSE int next = -1;
	int changed = has_changed(r, found), more;

	if (changed != 0)
		return changed < 0 ? failed(r, err) : CORDON_LEDGER_RECORD;
	more = open_next(r, &next);
	if (more <= 0)
		return more < 0 ? failed(r, err) : found;
	/* What is in this segment was there before the next one was begun, if not when we looked. */
	changed = has_changed(r, found);
	if (changed != 0)
		return changed < 0 ? failed(r, err) : CORDON_LEDGER_RECORD;
	if (found != CORDON_LEDGER_END)
		return CORDON_LEDGER_DAMAGED;
	r->before += r->cursor.at;
	return load(r, &next, r->cursor.index + 1, err);
}

enum cordon_ledger_found
cordon_ledger_reader_next(struct cordon_ledger_reader *r, struct cordon_ledger_record *ret,
	struct cordon_ledger_proof *proof, struct cordon_error *err)
{
	for (int i = 0; i < REREADS;) {
		enum cordon_ledger_found found =
			r->begun ? CORDON_LEDGER_RECORD : check_header(r, err);

		if (found == CORDON_LEDGER_RECORD) {
			r->begun = 1;
			found = cordon_ledger_cursor_next(&r->cursor, ret, proof, err);
			if (found == CORDON_LEDGER_RECORD)
				return found;
		}
		if (found == CORDON_LEDGER_FAILED)
			return found;
		if (!r->whole) { /* nothing is said of a part */
			if (read_window(r) < 0)
				return failed(r, err);
			continue;
		}
		found = settle(r, found, err);
		if (found != CORDON_LEDGER_RECORD)
			return found;
		i++;
	}
	cordon_fail(err, CORDON_ELIMIT, 0,
		"segment %u of the ledger changes faster than it can be read; try again",
		r->cursor.index);
	return CORDON_LEDGER_FAILED;
}
