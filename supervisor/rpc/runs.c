/* Finding runs: by the name that the caller knows, by the monitor's number, and the oldest of those that have
 * ended.
 *
 * calls: none */
#include "runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc.h"
#include "siphash.h"

static struct run **
name_bucket(struct runs *r, const char *name)
{
	return &r->by_name[siphash(r->secret, name, strlen(name)) % RUNS_BUCKETS];
}

static struct run **
number_bucket(struct runs *r, uint64_t number)
{
	return &r->by_number[number % RUNS_BUCKETS];
}

struct run *
runs_by_number(struct rpc *rpc, uint64_t number)
{
	struct run *run = *number_bucket(&rpc->runs, number);

	while (run != NULL && run->number != number)
		run = run->next_number;
	return run;
}

void
runs_remember(struct rpc *rpc, const char *name)
{
	struct runs *r = &rpc->runs;

	r->past[r->past_next++ % RUNS_PAST] = siphash(r->secret, name, strlen(name));
}

/* Whether the caller gave a run that name, or was given it, if not too long ago. */
static int
is_past(const struct runs *r, const char *name)
{
	const uint64_t mark = siphash(r->secret, name, strlen(name));
	int found = handles_have(&r->handles, name);

	for (size_t i = 0; i < RUNS_PAST && !found; i++)
		found = r->past[i] == mark;
	return found;
}

struct run *
runs_by_name(struct rpc *rpc, const char *name, struct fault *fault)
{
	struct run *run = *name_bucket(&rpc->runs, name);

	while (run != NULL && (strcmp(run->name, name) != 0 || run->released || run->is_ours))
		run = run->next_name;
	if (run != NULL)
		return run;
	fault_set(fault, FAULT_UNKNOWN, "run.unknown", "there is no run '%.128s'", name);
	if (!is_past(&rpc->runs, name))
		snprintf(fault->unknown, sizeof(fault->unknown), "%s", name);
	return NULL;
}

void
runs_each(struct rpc *rpc, void (*fn)(void *context, struct run *run), void *context)
{
	for (size_t i = 0; i < RUNS_BUCKETS; i++)
		for (struct run *run = rpc->runs.by_number[i], *next; run != NULL; run = next) {
			next = run->next_number;
			fn(context, run);
		}
}

void
runs_add(struct run *run)
{
	struct run **name = name_bucket(&run->rpc->runs, run->name);
	struct run **number = number_bucket(&run->rpc->runs, run->number);

	run->next_name = *name;
	*name = run;
	run->next_number = *number;
	*number = run;
}

void
runs_remove(struct run *run)
{
	struct run **name = name_bucket(&run->rpc->runs, run->name);
	struct run **number = number_bucket(&run->rpc->runs, run->number);

	while (*name != run)
		name = &(*name)->next_name;
	*name = run->next_name;
	while (*number != run)
		number = &(*number)->next_number;
	*number = run->next_number;
}

/* the ended, oldest first */

void
runs_end(struct run *run)
{
	struct runs *r = &run->rpc->runs;

	run->older = r->newest;
	run->newer = NULL;
	if (r->newest == NULL)
		r->oldest = run;
	else
		r->newest->newer = run;
	r->newest = run;
	r->ended++;
	r->live--;
}

void
runs_leave_ended(struct run *run)
{
	struct runs *r = &run->rpc->runs;

	*(run->older == NULL ? &r->oldest : &run->older->newer) = run->newer;
	*(run->newer == NULL ? &r->newest : &run->newer->older) = run->older;
	r->ended--;
}

/* Output of runs that are over makes place for that of those which are not. */
static void
reclaim(void *context, size_t size)
{
	struct rpc *rpc = context;
	const struct budget *all = &rpc->kept, *small = &rpc->kept_small;

	for (struct run *run = rpc->runs.oldest;
		run != NULL && (all->used + size > all->max || small->used + size > small->max);
		run = run->newer) {
		chunks_drop(&run->chunks);
		if (run->kind == RUN_TERMINAL)
			output_forget(&run->kept[0]);
	}
}

void
runs_init(struct rpc *rpc, const uint64_t secret[6], uint64_t files)
{
	const uint64_t fit = files > RUNS_FILES ? (files - RUNS_FILES) / 3 : 0;

	/* A run whose pipes do not fit into the table of descriptors would cost the link. */
	rpc->runs.live_max = fit < RPC_RUNS ? (unsigned)fit : RPC_RUNS;
	memcpy(rpc->runs.secret, secret, sizeof(rpc->runs.secret));
	handles_init(&rpc->runs.handles, secret + 2);
	rpc->input = (struct budget){ .max = INPUT_ALL };
	rpc->kept = (struct budget){ .max = RUNS_KEPT, .reclaim = reclaim, .context = rpc };
	rpc->kept_small = rpc->kept;
	rpc->kept_small.max = RUNS_KEPT_SMALL;
	rpc->kept_small.whole = &rpc->kept;
}

static void
end_any(void *context, struct run *run)
{
	(void)context;
	runs_remove(run);
	run_unref(run);
}

void
runs_finish(struct rpc *rpc)
{
	struct runs *r = &rpc->runs;

	while (r->news != NULL) {
		struct run *run = r->news;

		r->news = run->next_news;
		run_unref(run);
	}
	while (r->fresh != NULL) {
		struct run *run = r->fresh;

		r->fresh = run->next_fresh;
		run_unref(run);
	}
	runs_each(rpc, end_any, NULL);
	cordon_timer_remove(r->held);
	cordon_timer_remove(r->late);
	handles_finish(&r->handles);
}
