/* calls: none; at start: prctl prlimit64 capset landlock_create_ruleset landlock_add_rule
 *	landlock_restrict_self seccomp close */
#include <cordon/selfjail.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "cordon knows x86-64 and arm64"
#endif

struct ruleset_attr { /* struct landlock_ruleset_attr as of ABI 6 */
	uint64_t handled_access_fs, handled_access_net, scoped;
};

static int
limit(int what, uint64_t wanted)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)what, &now) < 0)
		return -1;
	if (wanted > now.rlim_max)
		wanted = now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &(struct rlimit){ wanted, wanted });
}

/* All of them, in every set: root's helpers need none either. The bounding set is only what an execve could
 * give back, and there will be none. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_capset, &header, none);
}

struct __attribute__((packed)) below_attr { /* struct landlock_path_beneath_attr */
	uint64_t allowed_access;
	int32_t parent_fd;
};

/* EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE are bits 0 to 5, MAKE_REG is 8,
 * TRUNCATE is 14. */
#define BELOW (1ULL << 1 | 1ULL << 2 | 1ULL << 3 | 1ULL << 5 | 1ULL << 8 | 1ULL << 14)

static int
allow_below(int ruleset, uint64_t handled, int directory)
{
	const struct below_attr attr = { .allowed_access = BELOW & handled,
		.parent_fd = directory };

	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
}

#define NET_BIND    (1ULL << 0)
#define NET_CONNECT (1ULL << 1)

/* Everything that this kernel's Landlock handles, and no rule that grants any of it but below a directory. */
static int
deny_files(const int *below, int connects)
{
	/* Rights by ABI: 1 has 13, then REFER, TRUNCATE and IOCTL_DEV came. landlock(7) */
	static const unsigned fs_rights[] = { 0, 13, 14, 15, 15, 16 };
	const long abi =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset_attr attr = { 0 };
	CORDON_CLOSE int ruleset = -1;

	/* Then the calls are the only lock, and one of them opens files. */
	if (abi <= 0 && below != NULL)
		return -1;
	if (abi <= 0)
		return 0;
	attr.handled_access_fs = (1ULL << fs_rights[abi < 5 ? abi : 5]) - 1;
	if (abi >= 4)
		attr.handled_access_net = connects ? NET_BIND : NET_BIND | NET_CONNECT;
	if (abi >= 6)
		attr.scoped = 3; /* abstract sockets, signals */
	/* Zeroes behind what a kernel knows are fine with it. */
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0 ||
		(below != NULL && allow_below(ruleset, attr.handled_access_fs, *below) < 0))
		return -1;
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

int
cordon_selfjail_calls(const uint32_t *calls, size_t count, enum cordon_otherwise otherwise)
{
	const uint32_t last = otherwise == CORDON_OTHERWISE_KILL ? SECCOMP_RET_KILL_PROCESS
								 : SECCOMP_RET_ERRNO | ENOSYS;
	const size_t room = 6 + 2 * count;
	CORDON_FREE struct sock_filter *program = cordon_array(room, sizeof(*program));
	size_t n = 0;

	if (program == NULL || room > BPF_MAXINSNS) {
		errno = program == NULL ? ENOMEM : E2BIG;
		return -1;
	}
	program[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	/* x32 has numbers of its own, which are not listed. */
	program[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		program[n++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, last);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
		&(struct sock_fprog){ .len = (unsigned short)n, .filter = program });
}

/* A filter of its own on top of the other one: of two, the stricter answer counts. The low half of the first
 * argument is all that socket(2) looks at. The architecture is judged by the other. */
static int
internet_sockets_only(void)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { .len = sizeof(program) / sizeof(program[0]),
		.filter = (struct sock_filter *)(uintptr_t)program };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

int
cordon_selfjail_enter(const struct cordon_selfjail *jail, struct cordon_error *err)
{
	if (limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_NOFILE, jail->files) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not limit this process");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up new privileges");
	if (drop_capabilities() < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up capabilities");
#if CORDON_SANITIZED || CORDON_COVERED
	return 0;
#endif
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || limit(RLIMIT_DATA, jail->data_bytes) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not limit this process");
	if (deny_files(jail->below, jail->connects) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up files");
	if (jail->connects && internet_sockets_only() < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up other sockets");
	if (cordon_selfjail_calls(jail->calls, jail->call_count, CORDON_OTHERWISE_KILL) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not give up system calls");
	return 0;
}
