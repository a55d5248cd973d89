/* The life of a run in the launcher: prepare, clone, listen, and clean up when pid 1 is gone. pid 1's
 * end is the end of all its processes (pid_namespaces(7)), so that its pidfd is all that has to be
 * waited for.
 *
 * calls: socketpair clone3 kill pidfd_send_signal waitid clock_gettime and those of prepare.c covers.c
 * ids.c idmap.c cgroup.c watch.c netns.c starts_code.c */
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

#include "idmap.h"
#include "init.h"
#include "init_proto.h"
#include "pool.h"
#include "prepare.h"
#include "release.h"
#include "sample.h"
#include "starts_code.h"

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
	cordon_fd_close_p(&run->pidfd);
	cordon_fd_close_p(&run->link);
	cordon_fd_close_p(&run->workspace);
	cordon_launch_finish(&run->launch);
	launcher_plan_leave(run->source);
	free(run);
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
	run->cgroup = (struct cgroup){ .into = -1, .enter = { -1, -1 } };
	run->source = plan;
	plan->users++;
	run->plan = plan->plan;
	run->setup = (struct sandbox_setup){ .plan = &run->plan,
		.launch = &run->launch,
		.workspace_idmap = -1,
		.tried = -1,
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

/* The command runs, and has it. Whoever is cloned next shall not (A11). */
static void
forget_launch(struct run *run)
{
	const uint64_t number = run->launch.run;

	cordon_launch_finish(&run->launch);
	run->launch.run = number;
}

/* Returns 0, or -1 when there are too few descriptors to pass the terminal. */
static int
tell_started(struct launcher *l, struct run *run, int notify, int pty)
{
	const struct cordon_started started = { .run = run->launch.run,
		.pid = run->pid,
		.memory = run->memory_kind,
		.processes = run->processes_kind,
		.cpu = run->setup.plan->cpu_ms == UINT64_MAX ? CORDON_LIMIT_NONE
							     : CORDON_LIMIT_RLIMIT,
		.landlock = (uint32_t)run->setup.landlock_abi,
		.reports_calls = notify,
		.mapped_root = run->setup.ids.mapped_root,
		.ahead = run->setup.ahead };
	struct cordon_error err = { 0 };

	/* A monitor that has gone is noticed at the link. */
	if (cordon_launch_send_started(l->link, &started, pty, &err) < 0 &&
		err.code != CORDON_EPEER) {
		run->fault = (struct sandbox_fault){ STAGE_HAND_OVER, 0, err.sys };
		return -1;
	}
	run->state = RUN_LIVE;
	for (int i = 0; i < CORDON_LAUNCH_FDS; i++)
		cordon_fd_close_p(&run->kept[i]);
	ids_settle(&run->setup);
	forget_launch(run);
	return 0;
}

static void
note_refused(struct run *run, const uint64_t words[INIT_WORDS])
{
	struct cordon_refused *r;

	if (run->result.refused_count == CORDON_REFUSED_MAX)
		return;
	r = &run->result.refused[run->result.refused_count++];
	r->nr = (uint32_t)words[1];
	r->error = (uint32_t)words[2];
	memcpy(r->args, &words[3], sizeof(r->args));
	r->count = words[9];
}

/* One message of pid 1. Which are legal depends on the state; what is not ends the run. */
static int
obey(struct launcher *l, struct run *run, const uint64_t words[INIT_WORDS], int *fd)
{
	struct cordon_error ignored;
	const struct sandbox_ids *i = &run->setup.ids;
	const uint64_t go[INIT_WORDS] = { INIT_GO };

	switch (words[0]) {
	case INIT_MAP:
		if (run->state != RUN_STARTING || !i->privileged)
			return -1;
		if (idmap_write(run->pid, i->uid_inside, i->uid_outside, i->gid_inside,
			    i->gid_outside) < 0 ||
			init_send(run->link, go, -1) < 0) {
			run->fault = (struct sandbox_fault){ STAGE_MAPS, 0, errno };
			return -1;
		}
		return 0;
	case INIT_READY:
		if (run->state != RUN_PREPARING)
			return -1;
		run->state = RUN_PREPARED;
		ids_settle(&run->setup);
		return 0;
	case INIT_FAULT:
		if (run->state != RUN_STARTING)
			return -1;
		run->fault = (struct sandbox_fault){ (enum sandbox_stage)words[1],
			(unsigned)words[2], (int)words[3] };
		return -1;
	case INIT_STARTED:
		if (run->state != RUN_STARTING || (*fd >= 0) != (run->launch.tty != 0))
			return -1;
		return tell_started(l, run, words[1] != 0, *fd);
	case INIT_STOPPED:
		if (run->state == RUN_LIVE)
			(void)!cordon_launch_send_stopped(
				l->link, run->launch.run, (int)words[1], &ignored);
		return 0;
	case INIT_REFUSED:
		note_refused(run, words);
		return 0;
	case INIT_EXIT:
		if (run->state != RUN_LIVE && run->state != RUN_ENDING)
			return -1;
		run->exited = 1;
		run->result.status = (int32_t)words[1];
		run->result.user_us = words[2];
		run->result.system_us = words[3];
		run->result.max_rss_bytes = words[4];
		run->result.refused_dropped = words[5];
		run->state = RUN_ENDING;
		return 0;
	default:
		return -1;
	}
}

/* ECONNRESET, once: it has gone without having read all (net/unix/af_unix.c, unix_release_sock). */
static void
note_unread(struct run *run)
{
	char byte;

	if (recv(run->link, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) < 0 &&
		errno == ECONNRESET)
		run->unread = 1;
}

void
run_hear(struct launcher *l, struct run *run)
{
	uint64_t words[INIT_WORDS];
	CORDON_CLOSE int fd = -1;
	int got;

	if (run->launch.tty != 0)
		cordon_fd_raise_limit(); /* for the terminal's master */
	if (run->setup.ahead && run->state == RUN_STARTING)
		note_unread(run);
	got = init_receive(run->link, words, &fd);
	if (run->launch.tty != 0)
		cordon_fd_set_aside();
	if (got == 1 && obey(l, run, words, &fd) == 0)
		return;
	/* Hung up, faulty or out of order: whatever is left of it goes. */
	cordon_fd_close_p(&run->link);
	if (got == 1)
		run_kill(run, CORDON_END_KILLED);
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
