/* What writers that are gone have left open, which is ended as unknown when the next one starts.
 *
 * A writer that was killed has left a file that says which intents those are, and the ledger is looked at from
 * the first of them on. A machine that lost its power has perhaps not: its files of writers are as old as the disk
 * likes. So a start after another boot asks the ledger itself, from where all was settled once.
 *
 * MUST 1 What is settled is on disk before it is said to be: what is said may reach the disk first.
 * MUST 2 What a living writer has open is its own.
 *
 * calls: unlinkat close; at start: openat flock mmap munmap pread64 read getdents64 fstat lseek */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_payload.h>
#include <cordon/mem.h>

#include "claims.h"
#include "segments.h"
#include "store_files.h"

#define FOUND_MAX (1u << 20) /* open intents of all times */
#define FREE_MAX  4 /* files that are left for those to come */

struct open_intent {
	uint64_t sequence;
	char *run; /* as in the payload of the intent */
	size_t run_size;
};

struct recovery {
	struct claims *claims; /* gets a file, when there is one */
	struct open_intent *open; /* ascending */
	size_t count, capacity;
	uint64_t *living; /* what those have open */
	size_t living_count, living_capacity;
	char **dead; /* files of writers that have gone, and left something open */
	size_t dead_count, dead_capacity;
	uint64_t first; /* intent that one of them has left */
	unsigned living_writers, free_files;
};

static int
failed(struct cordon_error *err)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "could not read the open runs in the ledger");
	return cordon_because(err, "ledger.failed");
}

static int
no_memory(struct cordon_error *err)
{
	return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read the open runs in the ledger");
}

/* files of writers */

static int
note_living(struct recovery *r, uint64_t sequence, struct cordon_error *err)
{
	if (cordon_grow(&r->living, &r->living_capacity, r->living_count + 1, FOUND_MAX,
		    sizeof(*r->living)) < 0)
		return no_memory(err);
	r->living[r->living_count++] = sequence;
	return 0;
}

static int
note_dead(struct recovery *r, const char *name, uint64_t first, struct cordon_error *err)
{
	if (cordon_grow(&r->dead, &r->dead_capacity, r->dead_count + 1, FOUND_MAX,
		    sizeof(*r->dead)) < 0 ||
		(r->dead[r->dead_count] = strdup(name)) == NULL)
		return no_memory(err);
	r->dead_count++;
	if (first < r->first)
		r->first = first;
	return 0;
}

/* What a file says is open. Returns 0 with the first of it, UINT64_MAX for nothing; or -1 with *err set. */
static int
read_slots(struct recovery *r, int fd, int living, uint64_t *ret_first, struct cordon_error *err)
{
	uint64_t slots[512], first = UINT64_MAX;
	ssize_t got;

	for (off_t at = 0; (got = pread(fd, slots, sizeof(slots), at)) > 0; at += got)
		for (size_t i = 0; i < (size_t)got / sizeof(slots[0]); i++) {
			if (slots[i] == 0)
				continue;
			if (living && note_living(r, slots[i] - 1, err) < 0)
				return -1;
			if (slots[i] - 1 < first)
				first = slots[i] - 1;
		}
	if (got < 0)
		return failed(err);
	*ret_first = first;
	return 0;
}

static int
look_at(struct recovery *r, const struct store *s, const char *name, struct cordon_error *err)
{
	CORDON_CLOSE int fd = openat(s->directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	uint64_t first;
	int living;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(err);
	living = flock(fd, LOCK_EX | LOCK_NB) < 0;
	if (read_slots(r, fd, living, &first, err) < 0)
		return -1;
	if (living) {
		r->living_writers++;
		return 0;
	}
	if (first != UINT64_MAX)
		return note_dead(r, name, first, err);
	if (r->claims->file < 0)
		r->claims->file = cordon_fd_take(&fd);
	else if (r->free_files++ >= FREE_MAX)
		(void)unlinkat(s->directory, name, 0);
	return 0;
}

static int
look_at_all(struct recovery *r, const struct store *s, struct cordon_error *err)
{
	const int fd = openat(s->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (all == NULL)
		return failed(err);
	for (struct dirent *e = readdir(all); e != NULL && result == 0; e = readdir(all))
		if (strncmp(e->d_name, CLAIMS_PREFIX, sizeof(CLAIMS_PREFIX) - 1) == 0)
			result = look_at(r, s, e->d_name, err);
	(void)closedir(all);
	return result;
}

/* what is open */

static struct open_intent *
find_open(const struct recovery *r, uint64_t sequence)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (r->open[middle].sequence == sequence)
			return &r->open[middle];
		if (r->open[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* It is ended, or somebody will. Those that stay are ascending. */
static void
close_one(struct recovery *r, uint64_t sequence)
{
	struct open_intent *found = find_open(r, sequence);

	if (found == NULL)
		return;
	free(found->run);
	memmove(found, found + 1, (size_t)(r->open + --r->count - found) * sizeof(*found));
}

static int
see(void *context, const struct cordon_ledger_record *record, struct cordon_error *err)
{
	struct recovery *r = context;
	struct cordon_ledger_about about;
	struct open_intent *o;

	if (cordon_ledger_payload_read(record->payload, record->payload_size, &about) < 0)
		return 0; /* of a later version */
	if (about.ends)
		close_one(r, about.intent);
	if (about.kind != CORDON_LEDGER_INTENT)
		return 0;
	if (cordon_grow(&r->open, &r->capacity, r->count + 1, FOUND_MAX, sizeof(*r->open)) < 0)
		return cordon_fail(err, CORDON_ELIMIT, 0, "too many runs are open in the ledger");
	o = &r->open[r->count];
	*o = (struct open_intent){ .sequence = record->sequence };
	if (about.run != NULL) {
		o->run = strndup(about.run, about.run_size);
		o->run_size = about.run_size;
		if (o->run == NULL)
			return no_memory(err);
	}
	r->count++;
	return 0;
}

static int
find_all_open(struct recovery *r, const struct store *s, uint32_t from, struct cordon_error *err)
{
	for (uint32_t index = from; index <= s->cursor.index; index++)
		if (segments_walk(s, index, see, r, err) < 0)
			return -1;
	for (size_t i = 0; i < r->living_count; i++)
		close_one(r, r->living[i]);
	return 0;
}

/* ending it */

static int
end_unknown(struct store *s, const struct open_intent *o, struct cordon_error *err)
{
	CORDON_FREE char *run = o->run == NULL ? NULL : malloc(o->run_size + 1);
	struct timespec now;
	struct cordon_ledger_end end = { .run = run,
		.intent = o->sequence,
		.exit_code = -1,
		.reason = "unknown",
		.wall_ms = UINT64_MAX,
		.user_ms = UINT64_MAX,
		.system_ms = UINT64_MAX,
		.max_rss_bytes = UINT64_MAX,
		.processes = UINT64_MAX,
		.stdout_bytes = UINT64_MAX,
		.stderr_bytes = UINT64_MAX };
	CORDON_FREE char *payload = NULL;
	uint64_t sequence;
	size_t size;

	if (o->run != NULL && run == NULL)
		return no_memory(err);
	if (run != NULL)
		run[cordon_ledger_unescape(o->run, o->run_size, run)] = '\0';
	(void)clock_gettime(CLOCK_REALTIME, &now);
	end.time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	payload = cordon_ledger_put_end(CORDON_LEDGER_LOST, &end, &size);
	if (payload == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not end a lost run");
	return store_append(s, payload, size, 1, &sequence, err);
}

/* Returns the number of records that say unknown, which are on disk then, or -1. */
static int
settle(struct recovery *r, struct store *s, uint32_t from, struct cordon_error *err)
{
	if (find_all_open(r, s, from, err) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++)
		if (end_unknown(s, &r->open[i], err) < 0)
			return -1;
	if (store_commit(s, 1, err) < 0)
		return -1;
	for (size_t i = 0; i < r->dead_count; i++)
		(void)unlinkat(s->directory, r->dead[i], 0);
	if (r->living_writers == 0)
		s->settled = s->cursor.index;
	return (int)r->count;
}

static void
finish(struct recovery *r)
{
	for (size_t i = 0; i < r->dead_count; i++)
		free(r->dead[i]);
	for (size_t i = 0; i < r->count; i++)
		free(r->open[i].run);
	free(r->dead);
	free(r->living);
	free(r->open);
}

int
claims_recover(struct claims *c, struct store *s, struct cordon_error *err)
{
	struct recovery r = { .claims = c, .first = UINT64_MAX };
	const int booted = !s->same_kernel;
	uint32_t from = s->settled;
	int result;

	*c = (struct claims){ .file = -1 };
	result = look_at_all(&r, s, err);
	if (result == 0 && !booted && r.dead_count > 0)
		result = segments_index_of(s, r.first, &from, err);
	if (result == 0 && (booted || r.dead_count > 0)) {
		result = settle(&r, s, from, err);
		if (result >= 0) {
			s->same_kernel = 1;
			files_put_hint(s);
		}
	}
	finish(&r);
	return result;
}
