/* calls: openat poll read close clock_gettime and those of run.c */
#include "pool.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#define PAUSE_S 10

struct pool {
	struct pool *next;
	const struct launcher_plan *plan;
	char *workspace;
	struct cordon_identity identity;
	unsigned wanted;
	time_t not_before; /* a run that was made ahead did not live: no more of them for a while */
};

static time_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec;
}

/* Its runs belong to nobody, and go. */
static void
destroy(struct launcher *l, struct pool *pool)
{
	for (struct run *r = l->runs; r != NULL; r = r->next)
		if (r->pool == pool) {
			r->pool = NULL;
			run_kill(r, CORDON_END_KILLED);
		}
	free(pool->workspace);
	free(pool);
}

static void
remove_pool(struct launcher *l, struct pool **at)
{
	struct pool *gone = *at;

	*at = gone->next;
	destroy(l, gone);
}

static int
is_for(const struct pool *p, const struct launcher_plan *plan, const char *workspace,
	const struct cordon_identity *identity)
{
	return p->plan == plan && strcmp(p->workspace, workspace) == 0 &&
	       p->identity.dev == identity->dev && p->identity.ino == identity->ino;
}

void
pool_set(struct launcher *l, struct launcher_plan *plan, struct cordon_prepare *p)
{
	struct pool **at = &l->pools, *pool;
	unsigned count = 0;

	/* The same place again, with what it is by now. */
	while (*at != NULL)
		if ((*at)->plan == plan && strcmp((*at)->workspace, p->workspace) == 0)
			remove_pool(l, at);
		else
			at = &(*at)->next;
	if (p->count == 0 || plan->breaks_floor)
		return;
	pool = cordon_array(1, sizeof(*pool));
	if (pool == NULL)
		return; /* launches are cold */
	*pool = (struct pool){ .next = l->pools,
		.plan = plan,
		.workspace = p->workspace,
		.identity = p->workspace_identity,
		.wanted = p->count };
	p->workspace = NULL;
	l->pools = pool;
	for (at = &l->pools; *at != NULL; at = &(*at)->next)
		if (++count > POOLS) {
			remove_pool(l, at);
			break;
		}
}

void
pool_forget(struct launcher *l, const struct launcher_plan *plan)
{
	struct pool **at = &l->pools;

	while (*at != NULL)
		if ((*at)->plan == plan)
			remove_pool(l, at);
		else
			at = &(*at)->next;
}

static int
lowers_limits(const struct cordon_launch *launch)
{
	return launch->memory_bytes != 0 || launch->processes != 0 || launch->cpu_ms != 0 ||
	       launch->open_files != 0 || launch->file_bytes != 0;
}

/* Its end may not have been heard of yet. */
static int
lives(const struct run *run)
{
	struct pollfd p = { .fd = run->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

struct run *
pool_take(struct launcher *l, const struct launcher_plan *plan, const struct cordon_launch *launch)
{
	if (lowers_limits(launch))
		return NULL;
	for (struct run *r = l->runs; r != NULL; r = r->next)
		if (r->state == RUN_PREPARED && r->pool != NULL && lives(r) &&
			is_for(r->pool, plan, launch->workspace, &launch->workspace_identity)) {
			r->pool = NULL;
			return r;
		}
	return NULL;
}

static unsigned
count_of(const struct launcher *l, const struct pool *pool)
{
	unsigned count = 0;

	for (const struct run *r = l->runs; r != NULL; r = r->next)
		count += r->pool == pool;
	return count;
}

/* A line of proc_meminfo(5), kB; 0: not there. */
static uint64_t
read_line(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	struct cordon_error ignored;
	char word[24];
	uint64_t value = 0;

	if (line == NULL)
		return 0;
	line += strlen(name);
	line += strspn(line, " ");
	snprintf(word, sizeof(word), "%.*s", (int)strspn(line, "0123456789"), line);
	return cordon_parse_u64(word, 0, UINT64_MAX / 100, &value, &ignored) < 0 ? 0 : value;
}

/* Per cent of memory that can be had without swapping; 100 when the kernel does not say. */
static unsigned
memory_available(void)
{
	CORDON_CLOSE int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char text[512];
	const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t all;

	if (got <= 0)
		return 100;
	text[got] = '\0';
	all = read_line(text, "MemTotal:");
	return all == 0 ? 100 : (unsigned)(read_line(text, "MemAvailable:") * 100 / all);
}

#define SHORT_OF_MEMORY 10 /* per cent */

static enum pool_want
want_of(const struct launcher *l, const struct pool *p, time_t at)
{
	const unsigned count = count_of(l, p);

	if (at < p->not_before || count >= p->wanted)
		return POOL_FULL;
	return count == 0 ? POOL_EMPTY : POOL_LACKS;
}

/* The one that wants most, or NULL. */
static struct pool *
neediest(const struct launcher *l, enum pool_want *ret_want)
{
	const time_t at = now();
	struct pool *found = NULL;

	*ret_want = POOL_FULL;
	for (struct pool *p = l->pools; p != NULL; p = p->next) {
		const enum pool_want want = want_of(l, p, at);

		if (want > *ret_want) {
			*ret_want = want;
			found = p;
		}
	}
	return found;
}

enum pool_want
pool_wants(const struct launcher *l)
{
	enum pool_want want;

	(void)neediest(l, &want);
	return want;
}

struct run *
pool_fill(struct launcher *l)
{
	struct cordon_error ignored;
	struct run *run = NULL;
	enum pool_want want;
	struct pool *p = neediest(l, &want);

	if (p == NULL)
		return NULL;
	if (memory_available() < SHORT_OF_MEMORY ||
		run_make_ahead(l, (struct launcher_plan *)(uintptr_t)p->plan, p->workspace,
			&p->identity, &run, &ignored) < 0) {
		p->not_before = now() + PAUSE_S; /* a launch will say why */
		return NULL;
	}
	run->pool = p;
	return run;
}

void
pool_lose(struct run *run)
{
	if (run->pool != NULL)
		run->pool->not_before = now() + PAUSE_S;
}

int
pool_any(const struct launcher *l)
{
	for (const struct pool *p = l->pools; p != NULL; p = p->next)
		if (count_of(l, p) > 0)
			return 1;
	return 0;
}

void
pool_look_at_memory(struct launcher *l)
{
	if (memory_available() >= SHORT_OF_MEMORY)
		return;
	for (struct run *r = l->runs; r != NULL; r = r->next)
		if (r->pool != NULL) {
			r->pool = NULL;
			run_kill(r, CORDON_END_KILLED);
		}
}

void
pool_finish(struct launcher *l)
{
	while (l->pools != NULL)
		remove_pool(l, &l->pools);
}
