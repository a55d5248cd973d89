#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <linux/netlink.h>

#include <cordon/profile.h>
#include <cordon/text.h>

#include "spelling.h"

#define ERRNO_END 134 /* EHWPOISON is the last */

#define INT             CALL_INT
#define LONG            CALL_LONG
#define POINTER         CALL_POINTER
#define NO_ARGS         NULL
#define OLD             0
#define V(major, minor) ((major) << 8 | (minor))
#define ARGS(...)                      \
	(const struct call_argument[]) \
	{                              \
		__VA_ARGS__            \
	}

static const struct call calls[] = {
#define CALL(name, x86_64, aarch64, since, count, arguments) \
	{ #name, x86_64, aarch64, since, count, arguments },
#include "calls_table.h"
#undef CALL
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* The names in groups are those of their kernel subsystems. */
static const struct {
	const char *name;
	const char *const *members;
} groups[] = {
#define GROUP(name, ...)                    \
	{                                   \
		name, (const char *const[]) \
		{                           \
			__VA_ARGS__, NULL   \
		}                           \
	}
	GROUP("@mount", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree",
		"open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
	GROUP("@keyring", "add_key", "request_key", "keyctl"),
	GROUP("@module", "init_module", "finit_module", "delete_module"),
	GROUP("@io-uring", "io_uring_setup", "io_uring_enter", "io_uring_register"),
	GROUP("@clock", "settimeofday", "clock_settime"),
	GROUP("@reboot", "reboot", "kexec_load", "kexec_file_load"),
	GROUP("@swap", "swapon", "swapoff"),
	GROUP("@debug", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
		"process_madvise"),
	GROUP("@raw-io", "iopl", "ioperm"),
	GROUP("@obsolete", "_sysctl", "afs_syscall", "create_module", "epoll_ctl_old",
		"epoll_wait_old", "get_kernel_syms", "getpmsg", "nfsservctl", "putpmsg",
		"query_module", "security", "sysfs", "tuxcall", "uselib", "ustat", "vserver"),
#undef GROUP
};

static const struct {
	const char *name;
	uint64_t value;
} constants[] = {
#define C(name)                       \
	{                             \
#name, (uint64_t)name \
	}
	C(AF_UNIX),
	C(AF_INET),
	C(AF_INET6),
	C(AF_NETLINK),
	C(AF_PACKET),
	C(AF_VSOCK),
	C(AF_ALG),
	C(SOCK_STREAM),
	C(SOCK_DGRAM),
	C(SOCK_RAW),
	C(SOCK_SEQPACKET),
	C(NETLINK_ROUTE),
	C(NETLINK_KOBJECT_UEVENT),
	C(NETLINK_SOCK_DIAG),
	C(CLONE_NEWNS),
	C(CLONE_NEWUSER),
	C(CLONE_NEWPID),
	C(CLONE_NEWNET),
	C(CLONE_NEWIPC),
	C(CLONE_NEWUTS),
	C(CLONE_NEWCGROUP),
	C(CLONE_THREAD),
	C(PROT_READ),
	C(PROT_WRITE),
	C(PROT_EXEC),
	C(MAP_SHARED),
	C(MAP_PRIVATE),
	C(MAP_ANONYMOUS),
	C(MAP_FIXED),
	C(O_CREAT),
	C(O_TRUNC),
	C(O_EXCL),
	C(O_APPEND),
	C(O_WRONLY),
	C(O_RDWR),
	C(O_DIRECTORY),
	C(O_NOFOLLOW),
	C(O_CLOEXEC),
	C(S_ISUID),
	C(S_ISGID),
	C(IPPROTO_TCP),
	C(IPPROTO_UDP),
	C(IPPROTO_ICMP),
	C(SOL_SOCKET),
	C(PR_SET_DUMPABLE),
	C(PR_SET_NAME),
	C(PR_SET_NO_NEW_PRIVS),
	C(PR_SET_PDEATHSIG),
	C(PR_SET_SECCOMP),
	C(SIGKILL),
	C(SIGSTOP),
	C(SIGTERM),
	C(SIGCONT),
	C(PTRACE_TRACEME),
	C(PTRACE_ATTACH),
	C(PTRACE_SEIZE),
#undef C
	{ "__O_TMPFILE", 020000000 }, /* O_TMPFILE without the O_DIRECTORY in it */
	{ "CLONE_NEWTIME", 0x80 },
	{ "ADDR_NO_RANDOMIZE", 0x0040000 },
	{ "TIOCSTI", 0x5412 },
	{ "TIOCLINUX", 0x541c },
	{ "MFD_NOEXEC_SEAL", 8 },
	{ "MFD_EXEC", 16 },
};

const struct call *
call_by_name(const char *name)
{
	size_t low = 0, high = CALLS;

	while (low < high) {
		const size_t middle = (low + high) / 2;
		const int order = strcmp(name, calls[middle].name);

		if (order == 0)
			return &calls[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

int
call_number(const struct call *call)
{
#if defined(__x86_64__)
	return call->x86_64;
#else
	return call->aarch64;
#endif
}

const struct call *
call_by_number(uint32_t nr)
{
	for (size_t i = 0; i < CALLS; i++)
		if (call_number(&calls[i]) >= 0 && (uint32_t)call_number(&calls[i]) == nr)
			return &calls[i];
	return NULL;
}

const char *const *
call_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(groups[i].name, name) == 0)
			return groups[i].members;
	return NULL;
}

int
call_constant(const char *text, uint64_t *ret)
{
	struct cordon_error ignored;

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (strcmp(constants[i].name, text) == 0) {
			*ret = constants[i].value;
			return 0;
		}
	return cordon_parse_u64(text, 0, UINT64_MAX, ret, &ignored);
}

int
call_errno(const char *name)
{
	for (int number = 1; number < ERRNO_END; number++) {
		const char *known = strerrorname_np(number);

		if (known != NULL && strcmp(known, name) == 0)
			return number;
	}
	return 0;
}

const char *
call_hint(const char *name, char out[CALL_HINT])
{
	struct spelling s;

	spelling_start(&s, name);
	for (size_t i = 0; i < CALLS; i++)
		spelling_try(&s, calls[i].name);
	return spelling_hint(&s, out, CALL_HINT);
}

const char *
call_group_hint(const char *name, char out[CALL_HINT])
{
	struct spelling s;

	spelling_start(&s, name);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		spelling_try(&s, groups[i].name);
	return spelling_hint(&s, out, CALL_HINT);
}

const char *
call_constant_hint(const char *name, char out[CALL_HINT])
{
	struct spelling s;

	spelling_start(&s, name);
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		spelling_try(&s, constants[i].name);
	return spelling_hint(&s, out, CALL_HINT);
}

const char *
call_errno_hint(const char *name, char out[CALL_HINT])
{
	struct spelling s;

	spelling_start(&s, name);
	for (int number = 1; number < ERRNO_END; number++)
		if (strerrorname_np(number) != NULL)
			spelling_try(&s, strerrorname_np(number));
	return spelling_hint(&s, out, CALL_HINT);
}

const char *
call_argument_hint(const struct call *call, const char *name, char out[CALL_HINT])
{
	struct spelling s;

	spelling_start(&s, name);
	for (int i = 0; i < call->argument_count && call->arguments != NULL; i++)
		spelling_try(&s, call->arguments[i].name);
	return spelling_hint(&s, out, CALL_HINT);
}

const char *
cordon_syscall_name(uint32_t nr)
{
	const struct call *call = call_by_number(nr);

	return call == NULL ? NULL : call->name;
}

int
cordon_syscall_number(const char *name)
{
	const struct call *call = call_by_name(name);

	return call == NULL ? -1 : call_number(call);
}

unsigned
cordon_syscall_since(uint32_t nr)
{
	const struct call *call = call_by_number(nr);

	return call == NULL ? 0 : call->since;
}

int
cordon_syscall_argc(uint32_t nr)
{
	const struct call *call = call_by_number(nr);

	return call == NULL ? 6 : call->argument_count;
}
