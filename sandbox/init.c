/* pid 1 of a run.
 *
 * MUST 1 (M7) It ends when the lifeline ends, and the kernel then kills every process of the pid
 *        namespace. Parent-death signals alone are not enough: they are lost when the parent dies
 *        before prctl, and when credentials change.
 * MUST 2 (A11) It is not dumpable before anything foreign exists in its namespace, and holds only the
 *        lifeline, its link, its signalfd and the run's listener.
 * MUST 3 The order below: mounts before capabilities go; /proc before a privileged child enters its
 *        user namespace (A40); groups before user; the command's filter last (payload.c).
 *
 * calls: prctl poll close_range unshare sethostname setgroups setresgid setresuid keyctl setsid
 * signalfd4 rt_sigprocmask clone wait4 kill read sendmsg recvmsg openat dup2 and those of root.c release.c
 * idmap.c cgroup.c netns.c capture.c caps.c pty.c gate.c */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/keyctl.h>
#include <linux/seccomp.h>

#include <cordon/fd.h>

#include "capture.h"
#include "gate.h"
#include "helper_filter.h"
#include "idmap.h"
#include "init_proto.h"
#include "netns.h"
#include "payload.h"
#include "pty.h"
#include "release.h"
#include "root.h"

struct init {
	const struct sandbox_setup *s;
	pid_t payload;
	int signals; /* signalfd: SIGCHLD */
	struct gate gate;
	uint64_t user_us, system_us, max_rss_bytes;
	int payload_ended, payload_status;
};

static int
lifeline_is_cut(const struct sandbox_setup *s)
{
	struct pollfd p = { .fd = s->lifeline, .events = 0 };

	return poll(&p, 1, 0) != 0;
}

static int
ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes every descriptor from 3 that is not listed; -1 in the list is none. */
static int
keep_only(int *keep, unsigned count)
{
	unsigned next = 3;

	qsort(keep, count, sizeof(keep[0]), ascending);
	for (unsigned i = 0; i < count; i++) {
		if (keep[i] < (int)next)
			continue; /* -1, or the same again */
		if (keep[i] > (int)next &&
			syscall(SYS_close_range, next, (unsigned)keep[i] - 1, 0) < 0)
			return -1;
		next = (unsigned)keep[i] + 1;
	}
	return (int)syscall(SYS_close_range, next, ~0U, 0);
}

/* At once, not at exec, so that no prepared child keeps a link of the launcher alive (A41). */
static int
keep_what_is_ours(const struct sandbox_setup *s)
{
	int keep[CORDON_PLAN_MOUNTS + CGROUP_ENTER + 8];
	unsigned count = 0;

	keep[count++] = s->lifeline;
	keep[count++] = s->init_link;
	keep[count++] = s->netns;
	keep[count++] = s->workspace_idmap;
	keep[count++] = s->held;
	for (int i = 0; i < 3; i++)
		keep[count++] = s->stdio[i];
	for (int i = 0; i < CGROUP_ENTER; i++)
		keep[count++] = s->cgroup[i];
	for (size_t i = 0; i < s->plan->mount_count; i++)
		keep[count++] = s->mount_idmap[i];
	return keep_only(keep, count);
}

/* Dies with the launcher. Set again after each change of credentials, which clears it: prctl(2). */
static int
die_with_parent(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return sandbox_fault(fault, STAGE_DEATH, 0);
	errno = 0;
	if (lifeline_is_cut(s))
		return sandbox_fault(fault, STAGE_LIFELINE, 0);
	return 0;
}

/* From the clone to a child that is in its cgroups and, unless root's, has its maps. */
static int
arrive(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	const struct sandbox_ids *i = &s->ids;

	if (keep_what_is_ours(s) < 0)
		return sandbox_fault(fault, STAGE_FDS, 0);
	if (die_with_parent(s, fault) < 0)
		return -1;
	if (s->netns >= 0 && netns_enter(s->netns) < 0)
		return sandbox_fault(fault, STAGE_NETNS, 0);
	if (cgroup_enter(s->cgroup) < 0)
		return sandbox_fault(fault, STAGE_CGROUP, 0);
	if (!i->privileged) {
		/* The launcher is not dumpable, and what is not belongs to root: proc_pid(5). */
		if (prctl(PR_SET_DUMPABLE, 1) < 0 || idmap_write_self(i->uid_inside, i->uid_outside,
							     i->gid_inside, i->gid_outside) < 0)
			return sandbox_fault(fault, STAGE_MAPS, 0);
	}
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return sandbox_fault(fault, STAGE_DEATH, 0);
	/* Only now: the namespace's root is the cgroup that the process is in. */
	if (unshare(CLONE_NEWCGROUP) < 0)
		return sandbox_fault(fault, STAGE_CGROUP_NS, 0);
	return 0;
}

static int
wait_for_go(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	uint64_t words[INIT_WORDS];

	if (init_receive(s->init_link, words, NULL, 0, NULL) != 1 || words[0] != INIT_GO)
		return sandbox_fault(fault, STAGE_GO, 0);
	return 0;
}

/* Becomes the run's user. A privileged launcher's child has been root of the host until here. */
static int
become_user(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	const uint64_t words[INIT_WORDS] = { INIT_MAP };

	if (!s->ids.privileged)
		return 0;
	if (setgroups(0, NULL) < 0)
		return sandbox_fault(fault, STAGE_IDS, 0);
	if (unshare(CLONE_NEWUSER) < 0)
		return sandbox_fault(fault, STAGE_USER_NS, 0);
	if (init_send(s->init_link, words, -1) < 0)
		return sandbox_fault(fault, STAGE_GO, 0);
	if (wait_for_go(s, fault) < 0)
		return -1;
	if (setresgid(s->ids.gid_inside, s->ids.gid_inside, s->ids.gid_inside) < 0 ||
		setresuid(s->ids.uid_inside, s->ids.uid_inside, s->ids.uid_inside) < 0)
		return sandbox_fault(fault, STAGE_IDS, 0);
	return 0;
}

/* Waits until the launcher holds the names that are absent, and watches them all. */
static int
wait_for_covers(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	uint64_t words[INIT_WORDS];

	if (s->covers.count == 0)
		return 0;
	do {
		if (init_receive(s->init_link, words, NULL, 0, NULL) != 1)
			return sandbox_fault(fault, STAGE_GO, 0);
		if (words[0] == INIT_SKIP && words[1] < s->covers.count)
			s->covers.items[words[1]].kind = COVER_NOTHING;
	} while (words[0] == INIT_SKIP);
	return words[0] == INIT_GO ? 0 : sandbox_fault(fault, STAGE_GO, 0);
}

/* Everything is there but for what only a launch says. */
static int
wait_for_launch(struct sandbox_setup *s, const struct root *root, struct sandbox_fault *fault)
{
	const uint64_t ready[INIT_WORDS] = { INIT_READY };
	int keep[] = { s->lifeline, s->init_link, root->root, root->workspace };

	/* It may be long: what only building needed goes (A11). */
	if (keep_only(keep, sizeof(keep) / sizeof(keep[0])) < 0)
		return sandbox_fault(fault, STAGE_FDS, 0);
	s->workspace_idmap = -1;
	if (init_send(s->init_link, ready, -1) < 0 || release_await(s) < 0)
		return sandbox_fault(fault, STAGE_GO, 0);
	return 0;
}

/* The sockets go up at once: pid 1 has none of them when anything of the run begins (A11). */
static int
capture_network(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	const uint64_t captured[INIT_WORDS] = { INIT_CAPTURED };
	int sockets[CORDON_CAPTURE_SOCKETS];
	int count, sent;

	if (!s->captured)
		return 0;
	count = capture_begin(sockets, fault);
	if (count < 0)
		return -1;
	sent = init_send_fds(s->init_link, captured, sockets, (unsigned)count);
	capture_close(sockets);
	return sent < 0 ? sandbox_fault(fault, STAGE_CAPTURE_HAND_OVER, 0) : 0;
}

static int
isolate(struct sandbox_setup *s, struct caps_none *no_caps, struct sandbox_fault *fault)
{
	struct root root;

	if (sethostname("cordon", 6) < 0 || setdomainname("(none)", 6) < 0)
		return sandbox_fault(fault, STAGE_HOSTNAME, 0);
	if (s->netns < 0 && netns_loopback_up() < 0)
		return sandbox_fault(fault, STAGE_LOOPBACK, 0);
	if (capture_network(s, fault) < 0)
		return -1;
	if (root_build(s, &root, fault) < 0 ||
		(s->ahead ? wait_for_launch(s, &root, fault) : wait_for_covers(s, fault)) < 0 ||
		root_seal(s, &root, fault) < 0 || become_user(s, fault) < 0)
		return -1;
	/* ENOSYS: a kernel without keys has none to leak. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return sandbox_fault(fault, STAGE_KEYRING, 0);
	if (root_enter_cwd(s, fault) < 0)
		return -1;
	if (caps_drop(no_caps) < 0)
		return sandbox_fault(fault, STAGE_CAPS, 0);
	return die_with_parent(s, fault);
}

static int
prepare_signals(struct init *init, struct sandbox_fault *fault)
{
	sigset_t all, child;

	/* Everything is blocked: what a run sends to its pid 1 does nothing. SIGTTOU too, so that
	 * the foreground group of the terminal can be set. */
	sigfillset(&all);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return sandbox_fault(fault, STAGE_SIGNALS, 0);
	init->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return init->signals < 0 ? sandbox_fault(fault, STAGE_SIGNALS, 0) : 0;
}

struct payload_start {
	const struct sandbox_setup *s;
	int terminal;
	struct payload_outcome outcome;
};

static int
begin_payload(void *start)
{
	struct payload_start *p = start;

	payload_main(p->s, p->terminal, &p->outcome);
}

/* Clones the payload, which shares our memory and our descriptors until it has executed the command
 * or failed, while we stand still: nothing is copied, and there is nothing that two could write. */
static pid_t
clone_payload(struct payload_start *start)
{
	_Alignas(16) static char stack[65536]; /* of the child; ours is in use */

	return clone(begin_payload, stack + sizeof(stack),
		CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, start);
}

/* What the payload left in the table that was shared goes, and our own standard streams become the
 * run's /dev/null: the host's would be a way out (A02). */
static int
take_descriptors_back(const struct init *init, int master, struct sandbox_fault *fault)
{
	int keep[] = { init->s->lifeline, init->s->init_link, init->signals, init->gate.listener,
		master };
	CORDON_CLOSE int null = -1;

	if (keep_only(keep, sizeof(keep) / sizeof(keep[0])) < 0)
		return sandbox_fault(fault, STAGE_FDS, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return sandbox_fault(fault, STAGE_STDIO, 0);
	return 0;
}

/* Starts the payload. Its terminal is the session's, which pid 1 leads: a payload that led it would be
 * an orphaned group, in which SIGTSTP does nothing (POSIX, 11.1.4). */
static int
start_payload(struct init *init, struct sandbox_fault *fault)
{
	const struct sandbox_setup *s = init->s;
	struct payload_start start = { s, -1, { { STAGE_NONE, 0, 0 }, -1 } };
	CORDON_CLOSE int master = -1;
	uint64_t started[INIT_WORDS] = { INIT_STARTED };

	if (setsid() < 0)
		return sandbox_fault(fault, STAGE_SESSION, 0);
	if (s->launch->tty != 0) {
		if (pty_open(s->launch->rows, s->launch->columns, &master, &start.terminal) < 0 ||
			ioctl(start.terminal, TIOCSCTTY, 0) < 0)
			return sandbox_fault(fault, STAGE_PTY, 0);
	}
	init->payload = clone_payload(&start);
	if (init->payload < 0)
		return sandbox_fault(fault, STAGE_FORK, 0);
	*fault = start.outcome.fault;
	if (fault->stage != STAGE_NONE)
		return -1;
	init->gate.listener = start.outcome.listener;
	if (take_descriptors_back(init, master, fault) < 0)
		return -1;
	started[1] = init->gate.listener >= 0;
	if (init_send(s->init_link, started, master) < 0)
		return sandbox_fault(fault, STAGE_HAND_OVER, 0);
	return helper_filter_load() < 0 ? sandbox_fault(fault, STAGE_HELPER, 0) : 0;
}

static _Noreturn void
end(struct init *init, int status)
{
	uint64_t words[INIT_WORDS] = { INIT_EXIT, (uint64_t)(unsigned)status, init->user_us,
		init->system_us, init->max_rss_bytes, init->gate.refused_dropped };

	for (uint32_t i = 0; i < init->gate.refused_count; i++) {
		const struct cordon_refused *r = &init->gate.refused[i];
		uint64_t refused[INIT_WORDS] = { INIT_REFUSED, r->nr, r->error };

		memcpy(&refused[3], r->args, sizeof(r->args));
		refused[9] = r->count;
		if (init_send(init->s->init_link, refused, -1) < 0)
			_exit(1);
	}
	(void)!init_send(init->s->init_link, words, -1);
	_exit(0);
}

static uint64_t
microseconds(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

static void
reap(struct init *init)
{
	struct signalfd_siginfo info[8];
	int status;
	struct rusage usage;
	pid_t pid;

	while (read(init->signals, info, sizeof(info)) > 0)
		;
	while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0 ||
		(pid < 0 && errno == EINTR)) {
		if (pid < 0)
			continue;
		if (WIFSTOPPED(status)) {
			const uint64_t words[INIT_WORDS] = { INIT_STOPPED,
				(uint64_t)WSTOPSIG(status) };

			if (pid == init->payload)
				(void)!init_send(init->s->init_link, words, -1);
			continue;
		}
		init->user_us += microseconds(&usage.ru_utime);
		init->system_us += microseconds(&usage.ru_stime);
		if ((uint64_t)usage.ru_maxrss * 1024 > init->max_rss_bytes)
			init->max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
		if (pid == init->payload) {
			init->payload_ended = 1;
			init->payload_status = status;
		}
	}
	if (init->payload_ended)
		end(init, init->payload_status);
}

static void
hear_launcher(struct init *init)
{
	uint64_t words[INIT_WORDS];

	if (init_receive(init->s->init_link, words, NULL, 0, NULL) != 1)
		_exit(1); /* the launcher has gone: so does the run */
	if (words[0] == INIT_SIGNAL && words[1] > 0 && words[1] < NSIG)
		(void)kill(-1, (int)words[1]);
}

static _Noreturn void
loop(struct init *init)
{
	for (;;) {
		struct pollfd p[4] = {
			{ .fd = init->s->lifeline, .events = 0 },
			{ .fd = init->s->init_link, .events = POLLIN },
			{ .fd = init->signals, .events = POLLIN },
			{ .fd = init->gate.listener, .events = POLLIN },
		};

		if (poll(p, 4, init->gate.pending_count > 0 ? 10 : -1) < 0 && errno != EINTR)
			_exit(1);
		if (p[0].revents != 0)
			_exit(1); /* MUST 1 */
		if (p[1].revents != 0)
			hear_launcher(init);
		if (p[3].revents != 0 &&
			((p[3].revents & POLLIN) == 0 || gate_answer(&init->gate) < 0))
			cordon_fd_close_p(
				&init->gate.listener); /* nobody is left under the filter */
		if (init->gate.pending_count > 0)
			gate_resume(&init->gate);
		if (p[2].revents != 0)
			reap(init);
	}
}

_Noreturn void
init_main(struct sandbox_setup *s, struct caps_none *no_caps)
{
	struct sandbox_fault fault = { STAGE_NONE, 0, 0 };
	struct init init = {
		.s = s,
		.signals = -1,
		.gate = { .listener = -1, .plan = s->plan },
	};
	uint64_t words[INIT_WORDS] = { INIT_FAULT };

	if (arrive(s, &fault) == 0 && isolate(s, no_caps, &fault) == 0 &&
		prepare_signals(&init, &fault) == 0 && start_payload(&init, &fault) == 0)
		loop(&init);
	words[1] = fault.stage;
	words[2] = fault.index;
	words[3] = (uint64_t)fault.sys;
	(void)!init_send(s->init_link, words, -1);
	_exit(1);
}
