/* calls: epoll_ctl and those of run.c */
#include "sources.h"

#include <errno.h>
#include <sys/epoll.h>

#include "pool.h"

/* What an epoll event is about: nothing, for the monitor's link; watched names; or one descriptor of a run. The run is
 * named by slot and generation: a child that is just being cloned holds copies of descriptors of other
 * runs for a moment, and epoll(7) reports those even when we have closed ours. */
enum source { FROM_PID1, FROM_PIDFD };
#define WATCHES UINT64_MAX

_Static_assert((RUN_SLOTS & (RUN_SLOTS - 1)) == 0, "a slot is some bits of an event");
_Static_assert(RUN_SLOTS >= CORDON_LAUNCH_RUNS + POOLS * CORDON_LAUNCH_READY, "a slot for each");

static int
add_source(struct launcher *l, int fd, const struct run *run, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN,
		.data.u64 = run->generation << 16 | (uint64_t)run->slot << 2 | source };

	return fd < 0 ? 0 : epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void
end_run(struct launcher *l, struct run *run)
{
	struct run *again;

	l->slots[run->slot] = NULL;
	again = run_finish(l, run);
	if (again != NULL)
		sources_add(l, again);
}

void
sources_add(struct launcher *l, struct run *run)
{
	while (l->slots[run->slot] != NULL)
		run->slot++; /* there are as many slots as runs */
	l->slots[run->slot] = run;
	run->generation = ++l->generations;
	if (add_source(l, run->link, run, FROM_PID1) == 0 &&
		add_source(l, run->pidfd, run, FROM_PIDFD) == 0)
		return;
	run->fault = (struct sandbox_fault){ STAGE_LIMITS, 0, errno };
	run_kill(run, CORDON_END_KILLED);
	end_run(l, run);
}

void
sources_look_at_watches(struct launcher *l)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = WATCHES };

	if (l->watches.fd >= 0 && !l->watches_added) {
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->watches.fd, &event) < 0)
			l->watches.news = 1; /* then with each event of another kind */
		else
			l->watches_added = 1;
	}
	if (!l->watches.news)
		return;
	l->watches.news = 0;
	for (struct run *r = l->runs; r != NULL; r = r->next)
		run_see(r);
}

void
sources_serve(struct launcher *l, uint64_t event)
{
	struct run *run;

	if (event == WATCHES) {
		watches_read(&l->watches);
		return;
	}
	run = l->slots[event >> 2 & (RUN_SLOTS - 1)];

	if (run == NULL || run->generation != event >> 16)
		return;
	if ((event & 3) == FROM_PIDFD)
		end_run(l, run);
	else if (run->link >= 0)
		run_hear(l, run);
}
