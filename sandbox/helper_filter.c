/* pid 1 handles words of a hostile run (notifications, addresses), so it gives up all calls that it
 * does not need. */
#include "helper_filter.h"

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "cordon knows x86-64 and arm64"
#endif

#define ALLOW(nr)                                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int
helper_filter_load(void)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_poll
		ALLOW(SYS_poll),
#endif
		ALLOW(SYS_ppoll),
		ALLOW(SYS_ioctl),
		ALLOW(SYS_read),
		ALLOW(SYS_close),
		ALLOW(SYS_wait4),
		ALLOW(SYS_sendmsg),
		ALLOW(SYS_recvmsg),
		ALLOW(SYS_kill),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_restart_syscall),
		ALLOW(SYS_rt_sigreturn),
		/* connect.c */
		ALLOW(SYS_process_vm_readv),
		ALLOW(SYS_pidfd_open),
		ALLOW(SYS_pidfd_getfd),
		ALLOW(SYS_openat2),
		ALLOW(SYS_openat),
		ALLOW(SYS_fstat),
		ALLOW(SYS_newfstatat),
		ALLOW(SYS_socket),
		ALLOW(SYS_sendto),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_getsockopt),
		ALLOW(SYS_fcntl),
		ALLOW(SYS_connect),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog prog = { .len = sizeof(program) / sizeof(program[0]),
		.filter = (struct sock_filter *)(void *)(unsigned long)program };

#if CORDON_SANITIZED
	return 0; /* the sanitizers' own calls are not ours to list */
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}
