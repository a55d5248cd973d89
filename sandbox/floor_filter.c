/* MUST A plan's filter refuses the calls below, whatever their other arguments are; so a monitor that was
 *      taken over cannot leave one open (A14). They are those that profiles/library/floor.json refuses
 *      in every profile, written down once more: the launcher knows no profiles. To refuse is to kill
 *      or to answer an errno; a tracer, a listener or a handler could decide otherwise later. It lets
 *      exec and exit_group through: the payload needs them.
 *
 * Tests: tests/kernel/test_launcher_floor.c. */
#include "floor_filter.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include <cordon/bpf.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif
#define CALLS 512 /* the kernel's table is shorter: numbers from here on are x32's, or nobody's */

/* In every form. Numbers where the C library may not know the name. */
static const int refused[] = {
	/* clang-format off */
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree,
	467 /* open_tree_attr */, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr,
	SYS_setns, SYS_clone3,
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_init_module, SYS_finit_module, SYS_delete_module,
	SYS_kexec_load, SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_settimeofday, SYS_clock_settime,
	SYS_acct, SYS_quotactl, 443 /* quotactl_fd */, SYS_syslog, SYS_vhangup, SYS_lookup_dcookie,
	SYS_fanotify_init, SYS_sethostname, SYS_setdomainname,
	SYS_open_by_handle_at, SYS_name_to_handle_at,
	SYS_openat2, 452 /* fchmodat2 */, SYS_nfsservctl,
#if defined(__x86_64__)
	SYS_iopl, SYS_ioperm, SYS_uselib, SYS_ustat, SYS_sysfs, SYS__sysctl,
#endif
	/* clang-format on */
};

/* In the forms that fit args and whose argument "of" agrees with any in at least one of the bits that any
 * knows. Where any knows none: in all forms that fit args. */
struct form {
	int nr;
	struct cordon_bpf_bits args[4];
	unsigned of;
	struct cordon_bpf_bits any;
};

#define IS(number)                   \
	{                            \
		UINT32_MAX, (number) \
	}
#define BITS(mask, bits)                 \
	{                                \
		(uint32_t)(mask), (bits) \
	}
#define ANY_BIT(mask)                              \
	{                                          \
		(uint32_t)(mask), (uint32_t)(mask) \
	}
#define NO_BIT(mask)                \
	{                           \
		(uint32_t)(mask), 0 \
	}
#define ANYTHING     \
	{            \
		0, 0 \
	}

#define NAMESPACES 0x7e020000u /* CLONE_NEW…, but for CLONE_NEWTIME */
#define NEWTIME    0x00000080u /* part of clone's exit signal */
#define SET_ID     06000u
#define TMPFILE    (O_TMPFILE & ~O_DIRECTORY)
#define TYPE       0xfu /* of a socket, without SOCK_CLOEXEC and SOCK_NONBLOCK */
#define NOT_STREAM(call, domain)                                        \
	{ call, { domain, ANYTHING }, 1, ANY_BIT(TYPE ^ SOCK_STREAM) }, \
	{                                                               \
		call,                                                   \
		{                                                       \
			domain, BITS(TYPE, 0)                           \
		}                                                       \
	}

static const struct form forms[] = {
	/* clang-format off */
	{ SYS_clone, .any = ANY_BIT(NAMESPACES) },
	{ SYS_unshare, .any = ANY_BIT(NAMESPACES | NEWTIME) },
	{ SYS_ioctl, { ANYTHING, IS(0x5412) } }, /* TIOCSTI */
	{ SYS_ioctl, { ANYTHING, IS(0x541c) } }, /* TIOCLINUX */
	/* Neither 0 nor ADDR_NO_RANDOMIZE alone nor, for the question, all ones. */
	{ SYS_personality, { NO_BIT(1u << 31) }, 0, ANY_BIT(~(1u << 31 | 0x40000u)) },
	{ SYS_personality, { ANY_BIT(1u << 31) }, 0, NO_BIT(~(1u << 31)) },
	/* Set-user-id and set-group-id files (A38). */
	{ SYS_fchmod, .of = 1, .any = ANY_BIT(SET_ID) },
	{ SYS_fchmodat, .of = 2, .any = ANY_BIT(SET_ID) },
	{ SYS_mknodat, .of = 2, .any = ANY_BIT(SET_ID) },
	{ SYS_openat, { ANYTHING, ANYTHING, ANY_BIT(O_CREAT) }, 3, ANY_BIT(SET_ID) },
	{ SYS_openat, { ANYTHING, ANYTHING, ANY_BIT(TMPFILE) }, 3, ANY_BIT(SET_ID) },
#if defined(__x86_64__)
	{ SYS_chmod, .of = 1, .any = ANY_BIT(SET_ID) },
	{ SYS_creat, .of = 1, .any = ANY_BIT(SET_ID) },
	{ SYS_mknod, .of = 1, .any = ANY_BIT(SET_ID) },
	{ SYS_open, { ANYTHING, ANY_BIT(O_CREAT) }, 2, ANY_BIT(SET_ID) },
	{ SYS_open, { ANYTHING, ANY_BIT(TMPFILE) }, 2, ANY_BIT(SET_ID) },
#endif
	/* Families other than AF_UNIX 1, AF_INET 2, AF_INET6 10 and AF_NETLINK 16. */
	{ SYS_socket, { IS(0) } }, { SYS_socket, { IS(3) } }, { SYS_socket, { BITS(~3u, 4) } },
	{ SYS_socket, { BITS(~1u, 8) } }, { SYS_socket, { IS(11) } }, { SYS_socket, { BITS(~3u, 12) } },
	{ SYS_socket, { IS(17) } }, { SYS_socket, { BITS(~1u, 18) } }, { SYS_socket, { BITS(~3u, 20) } },
	{ SYS_socket, { BITS(~7u, 24) } }, { SYS_socket, .any = ANY_BIT(~31u) },
	{ SYS_socket, { IS(AF_NETLINK) }, 2, ANY_BIT(~(uint32_t)NETLINK_ROUTE) },
	NOT_STREAM(SYS_socket, IS(AF_UNIX)), /* A39 */
	NOT_STREAM(SYS_socketpair, ANYTHING),
	{ SYS_socketpair, { IS(0) } }, { SYS_socketpair, .any = ANY_BIT(~(uint32_t)AF_UNIX) },
	/* clang-format on */
};
static_assert(AF_UNIX == 1 && AF_INET == 2 && AF_INET6 == 10 && AF_NETLINK == 16, "families");
static_assert(NETLINK_ROUTE == 0, "netlink other than route has a bit set");

static const int needed[] = { SYS_execve, SYS_execveat, SYS_exit_group };

struct check {
	const struct cordon_plan *plan;
	struct cordon_bpf_room *room;
};

static int
is_no_refusal(uint32_t result)
{
	const uint32_t action = result & SECCOMP_RET_ACTION_FULL;

	return action != SECCOMP_RET_KILL_PROCESS && action != SECCOMP_RET_ERRNO;
}

/* True when a call of the set may not be refused. */
static int
lets_in(const struct check *c, const struct cordon_bpf_calls *calls)
{
	return cordon_bpf_may_return(
		c->plan->filter, c->plan->filter_count, calls, is_no_refusal, c->room);
}

/* The same where, in one of the bits of any, the word has what any has there. */
static int
lets_in_any(const struct check *c, struct cordon_bpf_calls *calls, struct cordon_bpf_bits *word,
	struct cordon_bpf_bits any)
{
	const struct cordon_bpf_bits before = *word;

	for (uint32_t bit = 1; bit != 0; bit <<= 1) {
		if ((any.known & bit) == 0)
			continue;
		*word = (struct cordon_bpf_bits){ before.known | bit,
			(before.value & ~bit) | (any.value & bit) };
		if (lets_in(c, calls))
			return 1;
	}
	*word = before;
	return 0;
}

static int
lets_in_form(const struct check *c, const struct form *f)
{
	struct cordon_bpf_calls calls = { .nr = IS((uint32_t)f->nr), .arch = IS(NATIVE) };

	for (size_t i = 0; i < sizeof(f->args) / sizeof(f->args[0]); i++)
		calls.args[i] = f->args[i];
	return f->any.known == 0 ? lets_in(c, &calls)
				 : lets_in_any(c, &calls, &calls.args[f->of], f->any);
}

static int
refuse(struct cordon_error *err, const char *what, int nr)
{
	cordon_fail(err, CORDON_EFLOOR, 0, "the plan breaks the floor: its filter %s %d", what, nr);
	return cordon_because(err, "floor.plan");
}

static int
check_foreign(const struct check *c, struct cordon_error *err)
{
	const struct cordon_bpf_bits other = { UINT32_MAX, ~(uint32_t)NATIVE },
				     large = ANY_BIT(~(CALLS - 1u));
	struct cordon_bpf_calls calls = { 0 };

	if (lets_in_any(c, &calls, &calls.arch, other)) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the plan breaks the floor: its filter lets in a foreign architecture");
		return cordon_because(err, "floor.plan");
	}
	calls.arch = (struct cordon_bpf_bits)IS(NATIVE);
	if (lets_in_any(c, &calls, &calls.nr, large))
		return refuse(err, "does not refuse calls from", CALLS);
	return 0;
}

int
floor_check_filter(const struct cordon_plan *plan, struct cordon_error *err)
{
	struct cordon_bpf_room room;
	const struct check c = { plan, &room };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (lets_in_form(&c, &(const struct form){ .nr = refused[i] }))
			return refuse(err, "does not refuse call", refused[i]);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (lets_in_form(&c, &forms[i]))
			return refuse(err, "does not refuse every bad form of call", forms[i].nr);
	if (check_foreign(&c, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct seccomp_data data = { .nr = needed[i], .arch = NATIVE };

		if (cordon_bpf_run(plan->filter, plan->filter_count, &data) != SECCOMP_RET_ALLOW)
			return refuse(err, "refuses what starting needs, call", needed[i]);
	}
	return 0;
}
