/* Starting a launcher, and sweeping behind one that died. The monitor's side.
 *
 * calls: clone3 close_range openat2 nanosleep and those of spawn.c cgroup.c covers.c */
#include <cordon/launcher.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/path.h>
#include <cordon/spawn.h>

#include "cgroup.h"
#include "covers.h"

#define SWEEPS 50 /* 10 ms apart */

/* Clones the calling process, with all signals at their defaults. Returns the pid, 0 in the child. */
static pid_t
clone_self(int *ret_pidfd)
{
	struct clone_args args = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* In the child: only the standard streams and the link, as descriptor 3, stay. */
static int
keep_only(int link)
{
	sigset_t none;

	if (link != 3 && dup3(link, 3, O_CLOEXEC) < 0)
		return -1;
	if (syscall(SYS_close_range, 4, ~0U, 0) < 0)
		return -1;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Without the parent's buffers, but with what a measured build has counted. */
static _Noreturn void
leave(int status)
{
#if CORDON_COVERED
	extern void __gcov_dump(void);

	__gcov_dump();
#endif
	_exit(status);
}

int
cordon_launcher_fork(int *ret_link, int *ret_pidfd, struct cordon_error *err)
{
	int ends[2], pidfd = -1;
	pid_t pid;

	if (cordon_link_pair(ends, err) < 0)
		return -1;
	pid = clone_self(&pidfd);
	if (pid == 0)
		leave(keep_only(ends[1]) < 0 ? 1 : cordon_launcher_main(3));
	cordon_fd_close_p(&ends[1]);
	if (pid < 0) {
		const int sys = errno;

		cordon_fd_close_p(&ends[0]);
		return cordon_fail(err, CORDON_ESYS, sys, "could not fork the launcher");
	}
	*ret_link = ends[0];
	*ret_pidfd = pidfd;
	return 0;
}

void
cordon_launcher_await(int link)
{
	CORDON_CLOSE int end = link;
	struct cordon_message m = { 0 };
	struct cordon_error ignored = { 0 };

	while (cordon_link_receive(end, &m, &ignored) > 0)
		cordon_message_finish(&m);
}

int
cordon_launcher_exec(const char *path, int *ret_link, int *ret_pidfd, struct cordon_error *err)
{
	int ends[2], pidfd = -1;
	pid_t pid;

	if (cordon_link_pair(ends, err) < 0)
		return -1;
	pid = cordon_spawn(
		path, "cordon-launcher", (const int[]){ 0, 1, 2, ends[1] }, 4, &pidfd, err);
	cordon_fd_close_p(&ends[1]);
	if (pid < 0) {
		cordon_fd_close_p(&ends[0]);
		return -1;
	}
	*ret_link = ends[0];
	*ret_pidfd = pidfd;
	return 0;
}

void
cordon_launcher_sweep(
	pid_t launcher, const char *workspace, char *const *protect, size_t protect_count)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000 };
	CORDON_CLOSE int fd = -1;

	cgroup_sweep(launcher);
	if (workspace[0] == '\0')
		return;
	fd = cordon_openat2(AT_FDCWD, workspace, O_PATH | O_DIRECTORY, 0, 0);
	/* pid 1 of a run that was being prepared has the locks, too, until it has noticed. */
	for (int attempt = 0; fd >= 0 && attempt < SWEEPS; attempt++) {
		if (covers_sweep(fd, protect, protect_count) == 0)
			break;
		(void)nanosleep(&pause, NULL);
	}
}
