/* This writer's own file. It is never flushed: it is to outlive the writer, not the machine (recover.c).
 *
 * calls: munmap close; at start: openat flock mmap fallocate pwrite64 getrandom */
#include "claims.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "store_files.h"

static int
failed(struct cordon_error *err)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "could not note the open runs in the ledger");
	return cordon_because(
		err, errno == ENOSPC || errno == EDQUOT ? "ledger.full" : "ledger.failed");
}

/* A file that no other writer has. Returns a descriptor, or -1 with errno set. */
static int
make_file(const struct store *s)
{
	CORDON_CLOSE int fd = -1;
	uint64_t random;
	char name[32];

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	snprintf(name, sizeof(name), CLAIMS_PREFIX "%016" PRIx64, random);
	fd = openat(s->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return cordon_fd_take(&fd);
}

int
claims_open(struct claims *c, const struct store *s, struct cordon_error *err)
{
	void *map;

	if (c->file < 0)
		c->file = make_file(s);
	/* Also of one that was there: to write to a mapping for which there is no space is death. */
	if (c->file < 0 || files_reserve(c->file, 0, CLAIMS_SIZE) < 0)
		return failed(err);
	map = mmap(NULL, CLAIMS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->file, 0);
	if (map == MAP_FAILED)
		return failed(err);
	c->slots = map;
	return 0;
}

/* Its lock goes with it. What is open stays in it. */
void
claims_close(struct claims *c)
{
	if (c->slots != NULL)
		(void)munmap(c->slots, CLAIMS_SIZE);
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
