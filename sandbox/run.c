/* The life of a run in the launcher: prepare, clone, listen (run_hear.c), and clean up when pid 1 is gone
 * (run_end.c). pid 1's end is the end of all its processes (pid_namespaces(7)), so that its pidfd is all that has to be
 * waited for.
 *
 * calls: socketpair clone3 kill pidfd_send_signal waitid clock_gettime and those of prepare.c covers.c
 * ids.c cgroup.c watch.c netns.c */
#include "run.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "init.h"
#include "init_proto.h"
#include "pool.h"
#include "prepare.h"
#include "release.h"
#include "sample.h"

void
launcher_plan_destroy(struct launcher_plan *p)
{
	if (p == NULL)
		return;
	cordon_plan_finish(&p->plan);
	free(p->filter_notify);
	free(p->filter_plain);
	free(p);
}

void
launcher_plan_leave(struct launcher_plan *p)
{
	if (--p->users == 0 && p->forgotten)
		launcher_plan_destroy(p);
}

static void
end_watch(struct run *run)
{
	watch_destroy(run->watch);
	run->watch = NULL;
}

void
run_end_covers(struct launcher *l, struct run *run)
{
	end_watch(run);
	covers_finish(&run->setup.covers, run->workspace, &l->trash);
}

static void
close_streams(struct sandbox_setup *s)
{
	for (int i = 0; i < 3; i++)
		cordon_fd_close_p(&s->stdio[i]);
	cordon_fd_close_p(&s->held);
}

void
run_destroy(struct launcher *l, struct run *run)
{
	run_end_covers(l, run);
	cgroup_destroy(&run->cgroup);
	ids_finish(&run->setup);
	close_streams(&run->setup);
	for (int i = 0; i < CORDON_LAUNCH_FDS; i++)
		cordon_fd_close_p(&run->kept[i]);
	capture_close(run->captured);
	cordon_fd_close_p(&run->pidfd);
	cordon_fd_close_p(&run->link);
	cordon_fd_close_p(&run->workspace);
	cordon_launch_finish(&run->launch);
	launcher_plan_leave(run->source);
	free(run);
	l->run_count--;
}

/* Waits for the end of pid 1, and so of all that it was pid 1 of. */
void
run_reap(const struct run *run)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
}

/* In pid 1, which is a copy of the launcher: the launches of runs that are starting beside it go. Those of
 * the others have gone already: tell_started, cordon_message_finish, cordon_writer_finish. */
static void
forget_others(const struct launcher *l)
{
	for (struct run *r = l->runs; r != NULL; r = r->next)
		cordon_launch_wipe(&r->launch);
}

static int
clone_init(struct launcher *l, struct run *run, struct cordon_error *err)
{
	const int privileged = run->setup.ids.privileged;
	struct clone_args args = { .exit_signal = SIGCHLD,
		.flags = CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS };
	int link[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a socket pair");
	run->link = link[0];
	run->setup.init_link = link[1];
	/* Root's child enters its user namespace later, from inside: A40. */
	if (!privileged)
		args.flags |= CLONE_NEWUSER;
	run->setup.netns = netns_spare_take(&l->net);
	if (run->setup.netns < 0)
		args.flags |= CLONE_NEWNET;
	if (run->cgroup.into >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)run->cgroup.into;
	}
	memcpy(run->setup.cgroup, run->cgroup.enter, sizeof(run->setup.cgroup));
	args.pidfd = (uint64_t)(uintptr_t)&run->pidfd;
	run->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (run->pid == 0) {
		forget_others(l);
		init_main(&run->setup, l->no_caps);
	}
	if (run->pid < 0) {
		run->fault.stage = STAGE_CLONE;
		run->fault.sys = errno;
		sandbox_describe(&run->fault, &run->setup, err);
	}
	cordon_fd_close_p(&link[1]);
	cordon_fd_close_p(&run->setup.netns);
	cgroup_close(&run->cgroup);
	close_streams(&run->setup);
	return run->pid < 0 ? -1 : 0;
}

static void
lower(uint64_t *limit, uint64_t wanted)
{
	if (wanted != 0 && wanted < *limit)
		*limit = wanted;
}

static void
lower_limits(struct cordon_plan *plan, const struct cordon_launch *launch)
{
	lower(&plan->memory_bytes, launch->memory_bytes);
	lower(&plan->processes, launch->processes);
	lower(&plan->cpu_ms, launch->cpu_ms);
	lower(&plan->open_files, launch->open_files);
	lower(&plan->file_bytes, launch->file_bytes);
}

static struct run *
create(struct launcher *l, struct launcher_plan *plan)
{
	struct run *run = cordon_array(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->pidfd = run->link = run->workspace = -1;
	run->kept[0] = run->kept[1] = run->kept[2] = run->kept[3] = -1;
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		run->captured[i] = -1;
	run->cgroup = (struct cgroup){ .into = -1, .enter = { -1, -1 } };
	run->source = plan;
	plan->users++;
	run->plan = plan->plan;
	run->setup = (struct sandbox_setup){ .plan = &run->plan,
		.launch = &run->launch,
		.workspace_idmap = -1,
		.tried = -1,
		.captured = run_has_network(run),
		.netns = -1,
		.stdio = { -1, -1, -1 },
		.held = -1,
		.lifeline = l->lifeline,
		.landlock_abi = l->landlock_abi,
		.notify = 1,
		.filter_notify = plan->filter_notify,
		.filter_plain = plan->filter_plain };
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &run->started_at);
	l->sequence++;
	if (++l->run_count > l->run_most)
		l->run_most = l->run_count;
	return run;
}

/* What did not come to be part of the launcher's runs. */
static void
abort_run(struct launcher *l, struct run *run)
{
	if (run->pidfd >= 0) {
		run_kill(run, CORDON_END_KILLED);
		run_reap(run);
	}
	run_destroy(l, run);
}

static void
add(struct launcher *l, struct run *run)
{
	run->next = l->runs;
	l->runs = run;
}

int
run_start(struct launcher *l, struct launcher_plan *plan, struct cordon_launch *launch,
	int fds[CORDON_LAUNCH_FDS], struct cordon_error *err)
{
	struct run *run = create(l, plan);
	unsigned used = 0;

	if (run == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare the run");
	run->state = RUN_STARTING;
	run->launch = *launch;
	memset(launch, 0, sizeof(*launch));
	lower_limits(&run->plan, &run->launch);
	for (int i = 0; i < 3; i++)
		run->setup.stdio[i] =
			(run->launch.tty & 1u << i) != 0 ? -1 : cordon_fd_take(&fds[used++]);
	if (run->launch.held)
		run->setup.held = cordon_fd_take(&fds[used]);
	if (prepare_run(l, run, err) < 0 || clone_init(l, run, err) < 0 ||
		prepare_covers(l, run, err) < 0) {
		abort_run(l, run);
		return -1;
	}
	add(l, run);
	return 0;
}

int
run_make_ahead(struct launcher *l, struct launcher_plan *plan, const char *workspace,
	const struct cordon_identity *identity, struct run **ret_run, struct cordon_error *err)
{
	struct run *run = create(l, plan);

	if (run == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a run");
	run->state = RUN_PREPARING;
	run->setup.ahead = 1;
	run->launch.workspace = strdup(workspace);
	run->launch.workspace_identity = *identity;
	if (run->launch.workspace == NULL) {
		abort_run(l, run);
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a run");
	}
	if (prepare_ahead(l, run, err) < 0 || clone_init(l, run, err) < 0) {
		abort_run(l, run);
		return -1;
	}
	add(l, run);
	*ret_run = run;
	return 0;
}

int
run_release(struct launcher *l, struct run *run, struct cordon_launch *launch,
	int fds[CORDON_LAUNCH_FDS], struct cordon_error *err)
{
	const unsigned fd_count = cordon_launch_fd_count(launch);

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &run->started_at);
	if (prepare_release(l, run, launch, err) < 0 ||
		release_send(run->link, launch, &run->setup.covers, fds, fd_count, err) < 0) {
		run_kill(run, CORDON_END_KILLED);
		return -1;
	}
	cordon_launch_finish(&run->launch);
	run->launch = *launch;
	memset(launch, 0, sizeof(*launch));
	for (unsigned i = 0; i < fd_count; i++)
		run->kept[i] = cordon_fd_take(&fds[i]);
	run->state = RUN_STARTING;
	return 0;
}

void
run_see(struct run *run)
{
	const enum cordon_end end = watch_end(run->watch);

	if (end != CORDON_END_EXIT)
		run_kill(run, end);
}

void
run_sample(struct run *run)
{
	if (run->memory_kind == CORDON_LIMIT_SAMPLED && run->state == RUN_LIVE &&
		sample_memory(run->pid) > run->setup.plan->memory_bytes)
		run_kill(run, CORDON_END_MEMORY);
}

void
run_signal(struct run *run, int signal)
{
	const uint64_t words[INIT_WORDS] = { INIT_SIGNAL, (uint64_t)signal };

	if (run->link >= 0 && run->state == RUN_LIVE)
		(void)!init_send(run->link, words, -1);
}

void
run_kill(struct run *run, enum cordon_end why)
{
	if (!run->exited && run->end == CORDON_END_EXIT)
		run->end = why;
	(void)syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
}
