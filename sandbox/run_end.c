/* The end of a run: what came of it, and whether a launch that a prepared one missed is made again.
 *
 * calls: shutdown and those of run.c starts_code.c cgroup.c watches.c */
#include "run.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cordon/fd.h>

#include "pool.h"
#include "starts_code.h"

/* The memory limit was the reason when it killed something and the command did not end well. */
static int
died_of_memory(const struct run *run)
{
	const int status = run->result.status;

	return cgroup_memory_kills(&run->cgroup) > 0 &&
	       (!run->exited || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
		       (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL));
}

/* The report of a run that had started. */
static void
fill_result(struct launcher *l, struct run *run)
{
	run->result.run = run->launch.run;
	run->result.end = run->end;
	if (!run->exited && run->end == CORDON_END_EXIT)
		run->result.end = CORDON_END_KILLED;
	if (died_of_memory(run))
		run->result.end = CORDON_END_MEMORY;
	run->result.processes = cgroup_most_processes(&run->cgroup);
	/* Placeholders first, that are not to be searched. */
	run_end_covers(l, run);
	if (run->workspace >= 0 && run->setup.plan->workspace == CORDON_WORKSPACE_WRITE)
		starts_code_find(run->workspace, &run->started_at, &run->result);
}

/* Why a run never started. */
static void
fill_failure(const struct run *run, struct cordon_error *failure)
{
	if (run->fault.stage != STAGE_NONE) {
		sandbox_describe(&run->fault, &run->setup, failure);
	} else if (run->end == CORDON_END_PROTECT || run->end == CORDON_END_HIDE) {
		/* The command may have begun: pid 1 says so a moment later. */
		cordon_fail(failure, CORDON_EFLOOR, 0,
			"a %s file of the workspace was replaced or appeared before the run was "
			"under way; start it again",
			run->end == CORDON_END_HIDE ? "hidden" : "protected");
		(void)cordon_because(
			failure, run->end == CORDON_END_HIDE ? "floor.hide" : "floor.protect");
	} else if (died_of_memory(run)) {
		cordon_fail(failure, CORDON_ELIMIT, 0,
			"the memory limit is too small to start the command");
		(void)cordon_because(failure, "limit.memory");
	} else {
		cordon_fail(failure, CORDON_EFLOOR, 0,
			"pid 1 of the run was killed before the command started");
		(void)cordon_because(failure, "floor.init");
	}
}

/* A prepared run that somebody killed before it had read its launch: nothing of the command has begun. */
static int
has_missed_its_launch(const struct launcher *l, const struct run *run)
{
	return run->state == RUN_STARTING && run->unread && run->end == CORDON_END_EXIT &&
	       run->fault.stage == STAGE_NONE && !l->ending;
}

/* Makes the launch that run has missed with another one, cold. Takes run. Returns it, or NULL with *err. */
static struct run *
start_again(struct launcher *l, struct run *run, struct cordon_error *err)
{
	struct launcher_plan *plan = run->source;
	struct cordon_launch launch = run->launch;
	int fds[CORDON_LAUNCH_FDS];
	int result;

	for (int i = 0; i < CORDON_LAUNCH_FDS; i++)
		fds[i] = cordon_fd_take(&run->kept[i]);
	memset(&run->launch, 0, sizeof(run->launch));
	plan->users++; /* it may be forgotten by now */
	run_destroy(l, run);
	result = run_start(l, plan, &launch, fds, err);
	launcher_plan_leave(plan);
	cordon_launch_finish(&launch);
	for (int i = 0; i < CORDON_LAUNCH_FDS; i++)
		cordon_fd_close_p(&fds[i]);
	return result < 0 ? NULL : l->runs;
}

static void
take_out(struct launcher *l, const struct run *run)
{
	struct run **place = &l->runs;

	while (*place != run)
		place = &(*place)->next;
	*place = run->next;
}

/* What its last processes did to watched names may be heard of after their end, and then it is too late: so all
 * that there is to hear is read first. */
static void
look_once_more(struct launcher *l, struct run *run)
{
	if (run->watch == NULL)
		return;
	watches_read(&l->watches);
	if (watch_end(run->watch) != CORDON_END_EXIT)
		run->end = watch_end(run->watch);
}

struct run *
run_finish(struct launcher *l, struct run *run)
{
	const uint64_t number = run->launch.run;
	struct cordon_exited result;
	struct cordon_error failure = { 0 }, ignored;
	int started;

	while (run->link >= 0)
		run_hear(l, run); /* what it said last; ends with the hang-up */
	run_reap(run);
	look_once_more(l, run);
	take_out(l, run);
	if (run->state == RUN_PREPARING || run->state == RUN_PREPARED) {
		pool_lose(run);
		run_destroy(l, run);
		return NULL;
	}
	result = run->result;
	if (has_missed_its_launch(l, run)) {
		struct run *again = start_again(l, run, &failure);

		if (again != NULL)
			return again;
		started = 0;
	} else {
		started = run->state != RUN_STARTING;
		if (started)
			fill_result(l, run);
		else
			fill_failure(run, &failure);
		result = run->result;
		/* The monitor hears of the end when nothing is left of the run (M7). */
		run_destroy(l, run);
	}
	if ((started ? cordon_launch_send_exited(l->link, &result, &ignored)
		     : cordon_launch_send_failed(l->link, number, &failure, &ignored)) < 0)
		(void)shutdown(l->link, SHUT_RDWR); /* it would wait for ever */
	return NULL;
}
