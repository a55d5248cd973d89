/* MUST 1 No target lies where the launcher puts its own mounts (/proc, /dev), none is the root, and
 *        no source is the root, /proc, /sys or /dev.
 * MUST 2 The filter, interpreted, refuses each call in the table below; so a monitor that was taken
 *        over cannot leave one open. It lets exec and exit_group through: the payload needs them.
 * MUST 3 Descriptors 0 to 2 of a run are pipes or /dev/null: no file, directory, socket or device of
 *        the host (A02).
 * Namespaces, ids, capabilities and no_new_privs are not in plans at all.
 *
 * calls: fstat fcntl */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include <cordon/bpf.h>
#include <cordon/fd.h>
#include <cordon/path.h>

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif
#define X32  0x40000000
#define HIGH 0xdeadbeef00000000ULL /* the kernel ignores the high half of an int */

struct probe {
	int nr;
	uint64_t args[6];
};

static const struct probe refused[] = {
	/* clang-format off */
	{ SYS_mount, { 0 } }, { SYS_umount2, { 0 } }, { SYS_pivot_root, { 0 } }, { SYS_chroot, { 0 } },
	{ SYS_move_mount, { 0 } }, { SYS_open_tree, { 0 } }, { SYS_fsopen, { 0 } },
	{ SYS_fsmount, { 0 } }, { SYS_fsconfig, { 0 } }, { SYS_fspick, { 0 } }, { SYS_mount_setattr, { 0 } },
	{ SYS_setns, { 0 } },
	{ SYS_unshare, { CLONE_NEWUSER } }, { SYS_unshare, { CLONE_NEWNS } },
	{ SYS_unshare, { HIGH | CLONE_NEWUSER } },
	{ SYS_clone, { CLONE_NEWUSER | 17 } }, { SYS_clone, { CLONE_NEWNS | 17 } },
	{ SYS_clone, { CLONE_NEWNET | 17 } }, { SYS_clone, { CLONE_NEWPID | 17 } },
	{ SYS_clone3, { 0 } },
	{ SYS_io_uring_setup, { 0 } }, { SYS_io_uring_enter, { 0 } }, { SYS_io_uring_register, { 0 } },
	{ SYS_bpf, { 0 } }, { SYS_perf_event_open, { 0 } }, { SYS_userfaultfd, { 0 } },
	{ SYS_keyctl, { 0 } }, { SYS_add_key, { 0 } }, { SYS_request_key, { 0 } },
	{ SYS_init_module, { 0 } }, { SYS_finit_module, { 0 } }, { SYS_delete_module, { 0 } },
	{ SYS_kexec_load, { 0 } }, { SYS_reboot, { 0 } }, { SYS_swapon, { 0 } }, { SYS_acct, { 0 } },
	{ SYS_open_by_handle_at, { 0 } },
	{ SYS_ioctl, { 0, 0x5412 /* TIOCSTI */ } }, { SYS_ioctl, { 0, HIGH | 0x5412 } },
	{ SYS_ioctl, { 0, 0x541c /* TIOCLINUX */ } }, { SYS_ioctl, { 0, HIGH | 0x541c } },
	{ SYS_socket, { AF_VSOCK, SOCK_STREAM } }, { SYS_socket, { AF_ALG, SOCK_SEQPACKET } },
	{ SYS_socket, { AF_PACKET, SOCK_RAW } }, { SYS_socket, { HIGH | AF_VSOCK, SOCK_STREAM } },
	{ SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT } },
	{ SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER } },
	{ SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG } },
	{ SYS_socket, { AF_UNIX, SOCK_DGRAM } }, { SYS_socket, { AF_UNIX, SOCK_SEQPACKET } },
	{ SYS_socketpair, { AF_UNIX, SOCK_DGRAM } }, { SYS_socketpair, { AF_UNIX, SOCK_SEQPACKET } },
	{ SYS_fchmod, { 0, 04755 } }, { SYS_fchmod, { 0, 02755 } }, { SYS_fchmodat, { 0, 0, 06755 } },
	{ SYS_mknodat, { 0, 0, S_IFREG | 04755 } },
	{ SYS_openat, { 0, 0, O_CREAT | O_WRONLY, 04755 } },
	{ SYS_openat, { 0, 0, HIGH | O_CREAT | O_WRONLY, HIGH | 02755 } },
	{ SYS_openat, { 0, 0, O_TMPFILE | O_RDWR, 04755 } },
	{ SYS_openat2, { 0 } }, { 452 /* fchmodat2 */, { 0, 0, 04755 } },
#if defined(__x86_64__)
	{ SYS_chmod, { 0, 04755 } }, { SYS_creat, { 0, 04755 } }, { SYS_mknod, { 0, S_IFREG | 04755 } },
	{ SYS_open, { 0, O_CREAT | O_WRONLY, 04755 } },
	{ X32 | SYS_getpid, { 0 } }, { X32 | SYS_ioctl, { 0, 0x5412 } },
	{ SYS_iopl, { 3 } }, { SYS_ioperm, { 0 } },
#endif
	{ 9999, { 0 } }, /* a call that nobody knows yet */
	/* clang-format on */
};

static const int needed[] = { SYS_execve, SYS_execveat, SYS_exit_group };

static int
is_allowed(const struct cordon_plan *plan, const struct probe *p, uint32_t arch)
{
	struct seccomp_data data = { .nr = p->nr, .arch = arch };

	memcpy(data.args, p->args, sizeof(data.args));
	switch (cordon_bpf_run(plan->filter, plan->filter_count, &data) & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_ERRNO:
		return 0;
	default:
		return 1; /* TRACE, TRAP, LOG, USER_NOTIF too: nobody may decide otherwise later */
	}
}

static int
refuse(struct cordon_error *err, const char *what, const char *on)
{
	cordon_fail(err, CORDON_EFLOOR, 0, "the plan breaks the floor: %s '%s'", what, on);
	return cordon_because(err, "floor.plan");
}

static int
check_filter(const struct cordon_plan *plan, struct cordon_error *err)
{
	const struct probe foreign = { SYS_getpid, { 0 } };
	char text[32];

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (is_allowed(plan, &refused[i], NATIVE)) {
			snprintf(text, sizeof(text), "%d(0x%llx, 0x%llx, …)", refused[i].nr,
				(unsigned long long)refused[i].args[0],
				(unsigned long long)refused[i].args[1]);
			return refuse(err, "its filter does not refuse call", text);
		}
	if (is_allowed(plan, &foreign, FOREIGN))
		return refuse(err, "its filter lets in the architecture", "foreign");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct seccomp_data data = { .nr = needed[i], .arch = NATIVE };

		if (cordon_bpf_run(plan->filter, plan->filter_count, &data) != SECCOMP_RET_ALLOW) {
			snprintf(text, sizeof(text), "%d", needed[i]);
			return refuse(err, "its filter refuses what starting needs, call", text);
		}
	}
	return 0;
}

static int
is_clean(const char *path)
{
	char clean[4096];
	struct cordon_error ignored;

	return cordon_path_clean(path, clean, &ignored) == 0 && strcmp(path, clean) == 0;
}

static int
is_reserved(const char *target)
{
	static const char *const reserved[] = { "/proc", "/dev", "/sys" };

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (cordon_path_within(target, reserved[i]))
			return 1;
	return strcmp(target, "/") == 0 || strcmp(target, "/tmp") == 0 ||
	       strcmp(target, "/home/user") == 0 || strcmp(target, "/home") == 0;
}

static int
check_paths(const struct cordon_plan *plan, struct cordon_error *err)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct cordon_plan_mount *m = &plan->mounts[i];

		if (!is_clean(m->source) || strcmp(m->source, "/") == 0 ||
			cordon_path_within(m->source, "/proc") ||
			cordon_path_within(m->source, "/sys") ||
			cordon_path_within(m->source, "/dev"))
			return refuse(err, "it binds", m->source);
		if (!is_clean(m->target) || is_reserved(m->target))
			return refuse(err, "it binds something at", m->target);
		if ((m->flags & ~(uint32_t)CORDON_MOUNT_FLAGS) != 0)
			return refuse(err, "it has unknown flags for", m->target);
	}
	for (size_t i = 0; i < plan->link_count; i++)
		if (!is_clean(plan->links[i].target) || is_reserved(plan->links[i].target))
			return refuse(err, "it makes a link at", plan->links[i].target);
	for (size_t i = 0; i < plan->file_count; i++)
		if (!is_clean(plan->files[i].target) || is_reserved(plan->files[i].target))
			return refuse(err, "it makes a file at", plan->files[i].target);
	return 0;
}

/* Relative, without "." or ".." or empty components. */
static int
is_below(const char *pattern)
{
	char absolute[4097] = "/";

	if (pattern[0] == '\0' || pattern[0] == '/' || strlen(pattern) >= sizeof(absolute) - 1)
		return 0;
	memcpy(absolute + 1, pattern, strlen(pattern) + 1);
	return is_clean(absolute);
}

int
floor_check_plan(const struct cordon_plan *plan, struct cordon_error *err)
{
	if (check_paths(plan, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->protect_count; i++)
		if (!is_below(plan->protect[i]))
			return refuse(err, "it protects", plan->protect[i]);
	for (size_t i = 0; i < plan->hide_count; i++)
		if (!is_below(plan->hide[i]))
			return refuse(err, "it hides", plan->hide[i]);
	for (size_t i = 0; i < plan->exec_count; i++)
		if (!is_clean(plan->exec[i]))
			return refuse(err, "it lets execute", plan->exec[i]);
	/* tmpfs(5): 0 would be no limit. */
	if (plan->tmp_bytes == 0 || plan->tmp_inodes == 0)
		return refuse(err, "its private temporary files have no", "limit");
	if (plan->open_files < 8 || plan->processes == 0 || plan->memory_bytes == 0)
		return refuse(err, "a limit is too small to start", "anything");
	return check_filter(plan, err);
}

static int
is_null_device(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int
floor_check_launch(const struct cordon_launch *launch, const int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const unsigned from_pty = (unsigned)__builtin_popcount(launch->tty);

	if (fd_count != 3 - from_pty)
		return refuse(err, "the launch has the wrong number of", "streams");
	for (unsigned i = 0; i < fd_count; i++)
		if (!cordon_fd_is_anonymous_pipe(fds[i]) && !is_null_device(fds[i]))
			return refuse(err, "a standard stream is neither pipe nor", "/dev/null");
	if (!is_clean(launch->exe) || !is_clean(launch->cwd))
		return refuse(err, "its command or directory is not a clean path:", launch->exe);
	if (launch->workspace[0] == '\0')
		return 0;
	/* Below /dev/shm it lies in the run's own, which is a place like /tmp. */
	if (!is_clean(launch->workspace) ||
		(is_reserved(launch->workspace) && strncmp(launch->workspace, "/dev/shm/", 9) != 0))
		return refuse(err, "its workspace is", launch->workspace);
	return 0;
}
