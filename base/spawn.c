/* calls: clone3 setsid fcntl dup2 close_range rt_sigprocmask execve exit_group */
#include <cordon/spawn.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sched.h>

/* In the child. A source may lie where another one has to go, so all are moved away first. */
static int
arrange(const int *fds, unsigned count)
{
	int moved[CORDON_SPAWN_FDS];
	sigset_t none;

	/* What a terminal's keys send to its foreground is for the monitor. */
	(void)setsid();
	for (unsigned i = 0; i < count; i++) {
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, CORDON_SPAWN_FDS);
		if (moved[i] < 0)
			return -1;
	}
	for (unsigned i = 0; i < count; i++)
		if (dup2(moved[i], (int)i) < 0)
			return -1;
	if (syscall(SYS_close_range, count, ~0U, 0) < 0)
		return -1;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

int
cordon_spawn_role(const char *path, const char *name, const char *role, const int *fds,
	unsigned fd_count, int *ret_pidfd, struct cordon_error *err)
{
	char *const argv[] = { (char *)(uintptr_t)name, (char *)(uintptr_t)role, NULL };
	char *const env[] = { NULL };
	int pidfd = -1;
	struct clone_args args = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD };
	pid_t pid;

	if (fd_count > CORDON_SPAWN_FDS)
		return cordon_fail(err, CORDON_ELIMIT, 0, "too many descriptors for '%s'", name);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		if (arrange(fds, fd_count) == 0)
			(void)execve(path, argv, env);
		_exit(127);
	}
	if (pid < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not start '%s'", path);
	*ret_pidfd = pidfd;
	return pid;
}

int
cordon_spawn(const char *path, const char *name, const int *fds, unsigned fd_count, int *ret_pidfd,
	struct cordon_error *err)
{
	return cordon_spawn_role(path, name, NULL, fds, fd_count, ret_pidfd, err);
}
