/* What pid 1 of a run says: fixed words, each legal in few states. Whatever else comes ends the run.
 *
 * calls: recv and those of init_proto.c idmap.c launch_proto.c */
#include "run.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>

#include "idmap.h"
#include "init_proto.h"

_Static_assert(INIT_FDS == CORDON_CAPTURE_SOCKETS, "the sockets of a network do not fit a message");

/* The command runs, and has it. Whoever is cloned next shall not (A11). */
static void
forget_launch(struct run *run)
{
	const uint64_t number = run->launch.run;

	cordon_launch_finish(&run->launch);
	run->launch.run = number;
}

/* Returns 0, or -1 when there are too few descriptors to pass the terminal or the sockets. */
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
	if (cordon_launch_send_started(
		    l->link, &started, pty, run->captured, run->captured_count, &err) < 0 &&
		err.code != CORDON_EPEER) {
		run->fault =
			(struct sandbox_fault){ run->captured_count > 0 ? STAGE_CAPTURE_HAND_OVER
									: STAGE_HAND_OVER,
				0, err.sys };
		return -1;
	}
	run->state = RUN_LIVE;
	for (int i = 0; i < CORDON_LAUNCH_FDS; i++)
		cordon_fd_close_p(&run->kept[i]);
	capture_close(run->captured);
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

/* Its sockets, once, and before anything that goes on without them. Returns 0, or -1. */
static int
take_captured(struct run *run, int *fds, unsigned *count)
{
	if ((run->state != RUN_STARTING && run->state != RUN_PREPARING) || !run_has_network(run) ||
		run->captured_count != 0 ||
		(*count != CORDON_CAPTURE_SOCKETS && *count != CORDON_CAPTURE_IPV4))
		return -1;
	for (unsigned i = 0; i < *count; i++)
		run->captured[i] = cordon_fd_take(&fds[i]);
	run->captured_count = *count;
	*count = 0;
	return 0;
}

/* It has its network, when its plan says so. */
static int
is_captured(const struct run *run)
{
	return !run_has_network(run) || run->captured_count != 0;
}

/* One message of pid 1. Which are legal depends on the state; what is not ends the run. */
static int
obey(struct launcher *l, struct run *run, const uint64_t words[INIT_WORDS], int *fds,
	unsigned *count)
{
	struct cordon_error ignored;
	const struct sandbox_ids *i = &run->setup.ids;
	const uint64_t go[INIT_WORDS] = { INIT_GO };

	/* Only these two bring any. */
	if (*count > 0 && words[0] != INIT_STARTED && words[0] != INIT_CAPTURED)
		return -1;
	switch (words[0]) {
	case INIT_CAPTURED:
		return take_captured(run, fds, count);
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
		if (run->state != RUN_PREPARING || !is_captured(run))
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
		if (run->state != RUN_STARTING || *count != (run->launch.tty != 0) ||
			!is_captured(run))
			return -1;
		return tell_started(l, run, words[1] != 0, *count == 1 ? fds[0] : -1);
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

/* The terminal's master, or the sockets of a network. */
static int
brings_descriptors(const struct run *run)
{
	return run->launch.tty != 0 || (run_has_network(run) && run->captured_count == 0);
}

void
run_hear(struct launcher *l, struct run *run)
{
	const int brings = brings_descriptors(run);
	uint64_t words[INIT_WORDS];
	int fds[INIT_FDS] = { -1, -1, -1, -1, -1, -1 };
	unsigned count = 0;
	int got, result;

	if (brings)
		cordon_fd_raise_limit();
	if (run->setup.ahead && run->state == RUN_STARTING)
		note_unread(run);
	got = init_receive(run->link, words, fds, INIT_FDS, &count);
	if (brings)
		cordon_fd_set_aside();
	result = got == 1 ? obey(l, run, words, fds, &count) : -1;
	for (int i = 0; i < INIT_FDS; i++)
		cordon_fd_close_p(&fds[i]);
	if (result == 0)
		return;
	/* Hung up, faulty or out of order: whatever is left of it goes. */
	cordon_fd_close_p(&run->link);
	if (got == 1)
		run_kill(run, CORDON_END_KILLED);
}
