/* The payload's process, from clone to exec. Plain system calls on prepared data.
 *
 * It shares memory and descriptors with pid 1, which stands still meanwhile, so that the listener of
 * its filter need not be sent: a message with a descriptor can be refused when the user has many in
 * flight (unix(7), ETOOMANYREFS), and a run could bring that about for all of them (A17). exec gives
 * it a table of its own first and closes in that one.
 *
 * Order: signals and the process group first (a terminal signal must find them); descriptors before
 * the filter; limits before no_new_privs matters to nobody, but inside the user namespace; Landlock
 * before the filter, which refuses it afterwards; the filter last, so that it need not allow what set
 * the run up. After it only exec and exit_group are needed, which every filter allows: floor.c checks
 * that.
 *
 * calls: setpgid ioctl read rt_sigaction rt_sigprocmask dup3 dup2 close_range prctl openat2 fstat seccomp
 * execve execveat exit_group and those of limits.c landlock.c */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#include "landlock.h"
#include "limits.h"

/* Ignored signals and the mask survive exec. The launcher began with all at their defaults
 * (CLONE_CLEAR_SIGHAND, start.c) and ignores one. */
static int
reset_signals(struct sandbox_fault *fault)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&none);
	if (sigaction(SIGPIPE, &standard, NULL) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return sandbox_fault(fault, STAGE_SIGNALS, 0);
	return 0;
}

static int
set_up_stdio(const struct sandbox_setup *s, int terminal, struct sandbox_fault *fault)
{
	for (int i = 0; i < 3; i++) {
		/* Sources are >= 3, so that dup2(2) always makes a new descriptor without CLOEXEC. */
		const int source = s->stdio[i] >= 0 ? s->stdio[i] : terminal;

		if (dup2(source, i) < 0)
			return sandbox_fault(fault, STAGE_STDIO, 0);
	}
	return 0;
}

static int
load(const struct sandbox_setup *s, int notify)
{
	const struct sock_filter *filter = notify ? s->filter_notify : s->filter_plain;
	struct sock_fprog program = { .len = (unsigned short)s->plan->filter_count,
		.filter = (struct sock_filter *)(uintptr_t)filter };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &program);
}

/* Loads the filter; *ret_listener is what pid 1 answers its calls at, or -1. */
static int
load_filter(const struct sandbox_setup *s, int *ret_listener, struct sandbox_fault *fault)
{
	if (s->notify) {
		*ret_listener = load(s, 1);
		if (*ret_listener >= 0)
			return 0;
		/* seccomp(2), EBUSY: one listener for a tree of filters. Without it refused calls are
		 * not counted; where the profile needs connect(2) carried out, there is no run. */
		if (errno != EBUSY)
			return sandbox_fault(fault, STAGE_FILTER, 0);
		if ((s->plan->flags & CORDON_PLAN_SOCKETS_INSIDE) != 0)
			return sandbox_fault(fault, STAGE_LISTENER, 0);
	}
	return load(s, 0) < 0 ? sandbox_fault(fault, STAGE_FILTER, 0) : 0;
}

/* Opens the command inside the run's root and compares it with what was judged (M2, A02). */
static int
open_exe(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	struct cordon_identity identity;
	int exe = cordon_openat2(AT_FDCWD, s->launch->exe, O_PATH, 0, RESOLVE_NO_MAGICLINKS);

	if (exe < 0)
		return sandbox_fault(fault, STAGE_EXE, 0);
	if (cordon_identify(exe, &identity) < 0)
		return sandbox_fault(fault, STAGE_EXE, 0);
	errno = 0;
	if (identity.dev != s->launch->exe_identity.dev ||
		identity.ino != s->launch->exe_identity.ino)
		return sandbox_fault(fault, STAGE_EXE_IDENTITY, 0);
	return exe;
}

/* All is ready. What is to be on record before the command runs is on the way there, and the supervisor says
 * when it has arrived; when it says nothing, or has gone, nothing is executed (M8). */
static int
await_release(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	char byte;

	errno = 0;
	if (s->held >= 0 && read(s->held, &byte, 1) != 1)
		return sandbox_fault(fault, STAGE_HELD, 0);
	return 0;
}

static void
run_command(const struct sandbox_setup *s, int terminal, struct payload_outcome *outcome)
{
	const struct cordon_launch *l = s->launch;
	struct sandbox_fault *fault = &outcome->fault;
	int exe;

	if (setpgid(0, 0) < 0) {
		sandbox_fault(fault, STAGE_SESSION, 0);
		return;
	}
	/* SIGTTOU is still blocked here: a background group may set the foreground one. */
	if (terminal >= 0 && tcsetpgrp(terminal, getpid()) < 0) {
		sandbox_fault(fault, STAGE_PTY, 0);
		return;
	}
	if (reset_signals(fault) < 0)
		return;
	exe = open_exe(s, fault);
	if (exe < 0 || set_up_stdio(s, terminal, fault) < 0)
		return;
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		sandbox_fault(fault, STAGE_FDS, 0);
		return;
	}
	umask(l->umask);
	if (limits_apply(s, fault) < 0)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		sandbox_fault(fault, STAGE_NO_NEW_PRIVS, 0);
		return;
	}
	/* Landlock's rules need descriptors of their own; open_files may be small. They are closed
	 * by now: the limit counts numbers, and those below it are free. */
	if (landlock_apply(s, fault) < 0 || await_release(s, fault) < 0 ||
		load_filter(s, &outcome->listener, fault) < 0)
		return;
	if (l->script)
		(void)execve(l->exe, l->argv, l->env);
	else
		(void)syscall(SYS_execveat, exe, "", l->argv, l->env, AT_EMPTY_PATH);
	sandbox_fault(fault, STAGE_EXEC, 0);
}

_Noreturn void
payload_main(const struct sandbox_setup *s, int terminal, struct payload_outcome *outcome)
{
	run_command(s, terminal, outcome);
	_exit(127);
}
