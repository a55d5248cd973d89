/* calls: munmap unlinkat close; at start: openat flock mmap pread64 fallocate fsync getrandom getdents64 fstat */
#include "claims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_payload.h>
#include <cordon/ledger_read.h>
#include <cordon/mem.h>

#define PREFIX    "writer-"
#define SIZE      (CLAIMS_MAX * sizeof(uint64_t))
#define FOUND_MAX (1u << 20) /* open intents of all times */

static int
failed(struct cordon_error *err, const char *what)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "could not %s the open runs in the ledger", what);
	return cordon_because(
		err, errno == ENOSPC || errno == EDQUOT ? "ledger.full" : "ledger.failed");
}

int
claims_open(struct claims *c, const struct store *s, struct cordon_error *err)
{
	uint64_t random;
	void *map;

	*c = (struct claims){ .file = -1 };
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return failed(err, "note");
	snprintf(c->name, sizeof(c->name), PREFIX "%016" PRIx64, random);
	c->file = openat(s->directory, c->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (c->file < 0 || flock(c->file, LOCK_EX | LOCK_NB) < 0 ||
		fallocate(c->file, 0, 0, SIZE) < 0 || fsync(c->file) < 0 || fsync(s->directory) < 0)
		return failed(err, "note");
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->file, 0);
	if (map == MAP_FAILED)
		return failed(err, "note");
	c->slots = map;
	return 0;
}

void
claims_close(struct claims *c, const struct store *s)
{
	if (c->slots != NULL)
		(void)munmap(c->slots, SIZE);
	if (c->file >= 0 && c->count == 0)
		(void)unlinkat(s->directory, c->name, 0);
	cordon_fd_close_p(&c->file);
	c->slots = NULL;
}

int
claims_add(struct claims *c, uint64_t sequence)
{
	if (c->count == CLAIMS_MAX)
		return -1;
	while (c->slots[c->hint] != 0)
		c->hint = (c->hint + 1) % CLAIMS_MAX;
	c->slots[c->hint] = sequence + 1;
	c->count++;
	return 0;
}

static uint64_t *
find(const struct claims *c, uint64_t sequence)
{
	for (unsigned i = 0; i < CLAIMS_MAX; i++)
		if (c->slots[i] == sequence + 1)
			return &c->slots[i];
	return NULL;
}

int
claims_has(const struct claims *c, uint64_t sequence)
{
	return find(c, sequence) != NULL;
}

void
claims_remove(struct claims *c, uint64_t sequence)
{
	uint64_t *slot = find(c, sequence);

	if (slot != NULL) {
		*slot = 0;
		c->count--;
	}
}

/* recovery */

struct open_intent {
	uint64_t sequence;
	char run[64]; /* cut: it is the handle that the intent says in full */
};

struct recovery {
	struct open_intent *open; /* ascending */
	size_t count, capacity;
	char **dead; /* files of writers that have gone */
	size_t dead_count, dead_capacity;
};

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
	memmove(found, found + 1, (size_t)(r->open + --r->count - found) * sizeof(*found));
}

static int
note(struct recovery *r, const struct cordon_ledger_record *record, struct cordon_error *err)
{
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
	o = &r->open[r->count++];
	o->sequence = record->sequence;
	snprintf(o->run, sizeof(o->run), "%.*s",
		(int)(about.run_size < sizeof(o->run) ? about.run_size : sizeof(o->run) - 1),
		about.run == NULL ? "" : about.run);
	return 0;
}

static int
find_all_open(struct recovery *r, const struct store *s, struct cordon_error *err)
{
	struct cordon_ledger_reader *reader = cordon_ledger_reader_create(s->directory, err);
	struct cordon_ledger_record record;
	enum cordon_ledger_found found;
	int result = 0;

	if (reader == NULL)
		return -1;
	while (result == 0 && (found = cordon_ledger_reader_next(reader, &record, NULL, err)) ==
				      CORDON_LEDGER_RECORD)
		result = note(r, &record, err);
	cordon_ledger_reader_destroy(reader);
	if (result == 0 && found != CORDON_LEDGER_END)
		return cordon_because(err, "ledger.damaged");
	return result;
}

/* One file of a writer: dead, or alive, whose intents are its own. */
static int
look_at(struct recovery *r, const struct store *s, const char *name, struct cordon_error *err)
{
	CORDON_CLOSE int fd = openat(s->directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	uint64_t slots[512];
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(err, "read");
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (cordon_grow(&r->dead, &r->dead_capacity, r->dead_count + 1, FOUND_MAX,
			    sizeof(*r->dead)) < 0 ||
			(r->dead[r->dead_count] = strdup(name)) == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read the ledger");
		r->dead_count++;
		return 0;
	}
	for (off_t at = 0; (got = pread(fd, slots, sizeof(slots), at)) > 0; at += got)
		for (size_t i = 0; i < (size_t)got / sizeof(slots[0]); i++)
			if (slots[i] != 0)
				close_one(r, slots[i] - 1);
	return got < 0 ? failed(err, "read") : 0;
}

static int
look_at_all(
	struct recovery *r, const struct claims *c, const struct store *s, struct cordon_error *err)
{
	const int fd = openat(s->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (all == NULL)
		return failed(err, "find");
	for (struct dirent *e = readdir(all); e != NULL && result == 0; e = readdir(all))
		if (strncmp(e->d_name, PREFIX, sizeof(PREFIX) - 1) == 0 &&
			strcmp(e->d_name, c->name) != 0)
			result = look_at(r, s, e->d_name, err);
	(void)closedir(all);
	return result;
}

static int
end_unknown(struct store *s, const struct open_intent *o, struct cordon_error *err)
{
	struct timespec now;
	struct cordon_ledger_end end = { .run = o->run,
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

	(void)clock_gettime(CLOCK_REALTIME, &now);
	end.time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	payload = cordon_ledger_put_end(CORDON_LEDGER_LOST, &end, &size);
	if (payload == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not end a lost run");
	return store_append(s, payload, size, 1, &sequence, err);
}

static void
finish(struct recovery *r)
{
	for (size_t i = 0; i < r->dead_count; i++)
		free(r->dead[i]);
	free(r->dead);
	free(r->open);
}

int
claims_recover(struct claims *c, struct store *s, struct cordon_error *err)
{
	struct recovery r = { 0 };
	int result = look_at_all(&r, c, s, err), ended = 0;

	if (result == 0 && r.dead_count > 0) {
		/* Now what is open, without what the living have. */
		result = find_all_open(&r, s, err);
		if (result == 0) {
			const size_t known = r.dead_count;

			result = look_at_all(&r, c, s, err);
			for (size_t i = known; i < r.dead_count; i++)
				free(r.dead[i]);
			r.dead_count = known;
		}
	}
	for (size_t i = 0; i < r.count && result == 0; i++, ended++)
		result = end_unknown(s, &r.open[i], err);
	if (result == 0)
		result = store_commit(s, 1, err);
	for (size_t i = 0; i < r.dead_count && result == 0; i++)
		(void)unlinkat(s->directory, r.dead[i], 0);
	finish(&r);
	return result < 0 ? -1 : ended;
}
