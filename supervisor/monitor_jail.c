/* The monitor starts no program, opens no network connection and watches no process once it serves; so that
 * whoever takes it over cannot either. It keeps the files of its user: workspaces and commands are looked
 * up by request.
 *
 * A call that nobody thought of answers ENOSYS rather than kills: a library that tries a newer call falls
 * back, and the callers keep their runs. */
#include "monitor_jail.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include <cordon/fd.h>
#include <cordon/selfjail.h>

/* What serving needs; the first are those that come most. */
static const uint32_t serving[] = {
	/* clang-format off */
	SYS_epoll_pwait, SYS_epoll_ctl, SYS_recvmsg, SYS_sendmsg, SYS_read, SYS_write, SYS_close,
	SYS_pipe2, SYS_fcntl, SYS_fstat, SYS_openat, SYS_openat2, SYS_newfstatat, SYS_statx,
	SYS_readlinkat, SYS_getrandom, SYS_clock_gettime, SYS_futex, SYS_mmap, SYS_munmap,
	SYS_brk, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_lseek, SYS_faccessat,
	SYS_faccessat2, SYS_statfs, SYS_fstatfs, SYS_getdents64, SYS_getcwd, SYS_dup, SYS_dup3,
	SYS_flock, SYS_ioctl, SYS_ftruncate, SYS_unlinkat, SYS_mkdirat, SYS_umask, SYS_mprotect,
	SYS_mremap, SYS_madvise, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_accept4, SYS_getsockopt, SYS_setsockopt, SYS_socketpair, SYS_sendto, SYS_recvfrom,
	SYS_shutdown, SYS_memfd_create, SYS_epoll_create1, SYS_eventfd2, SYS_timerfd_create,
	SYS_timerfd_settime, SYS_signalfd4, SYS_ppoll, SYS_gettimeofday, SYS_nanosleep,
	SYS_clock_nanosleep, SYS_sched_yield, SYS_sysinfo, SYS_uname, SYS_prlimit64, SYS_getpid,
	SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_waitid, SYS_wait4,
	SYS_pidfd_send_signal, SYS_tgkill, SYS_exit, SYS_exit_group, SYS_restart_syscall,
#ifdef SYS_open /* the older forms, which not all architectures have */
	SYS_epoll_wait, SYS_readlink, SYS_access, SYS_stat, SYS_lstat, SYS_open, SYS_dup2,
	SYS_unlink, SYS_rmdir, SYS_mkdir, SYS_poll, SYS_getrlimit,
#endif
	/* clang-format on */
};

/* What starting a cordon-rpc needs besides, and that for locking itself, since it inherits this filter. */
static const uint32_t starting[] = {
	/* clang-format off */
	SYS_clone3, SYS_setsid, SYS_execve, SYS_close_range, SYS_prctl, SYS_capset, SYS_seccomp,
	SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self,
	SYS_set_tid_address, SYS_set_robust_list, SYS_rseq,
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
#endif
	/* clang-format on */
};

#define SERVING  (sizeof(serving) / sizeof(serving[0]))
#define STARTING (sizeof(starting) / sizeof(starting[0]))

static int
allow_execution(int ruleset, const char *path)
{
	CORDON_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_EXECUTE, .parent_fd = fd
	};

	if (fd < 0)
		return -1;
	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* Nothing may be executed but helper. landlock(7): mapping a library for execution is not meant. */
static int
execute_only(const char *helper)
{
	const struct landlock_ruleset_attr attr = { .handled_access_fs =
							    LANDLOCK_ACCESS_FS_EXECUTE };
	CORDON_CLOSE int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);

	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
	if (helper != NULL && allow_execution(ruleset, helper) < 0)
		return -1;
#if !CORDON_STATIC
	/* A dynamic build's helper is started through the loader. */
	if (allow_execution(ruleset, "/usr/lib") < 0 && errno != ENOENT)
		return -1;
	if (allow_execution(ruleset, "/usr/lib64") < 0 && errno != ENOENT)
		return -1;
#endif
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

int
monitor_jail(const char *helper, struct cordon_error *err)
{
	uint32_t calls[SERVING + STARTING];
	size_t count = 0;

	for (size_t i = 0; i < SERVING; i++)
		calls[count++] = serving[i];
	for (size_t i = 0; i < STARTING && helper != NULL; i++)
		calls[count++] = starting[i];
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up new privileges");
#if CORDON_SANITIZED || CORDON_COVERED
	return 0;
#endif
	if (execute_only(helper) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up execution");
	if (cordon_selfjail_calls(calls, count, CORDON_OTHERWISE_ENOSYS) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up system calls");
	return 0;
}
