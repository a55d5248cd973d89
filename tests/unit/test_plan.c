#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include <cordon/plan.h>
#include <cordon/profile.h>

#include "../../supervisor/plan_build.h"
#include "floor.h"

static const struct config no_config;
static struct cordon_plan plan;

/* The plan of the default profile: a real one. */
static void
make_plan(void)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };
	struct cordon_profile *profile = cordon_profile_load(&places, "default", &err);

	cr_assert(ne(ptr, profile, NULL), "%s", err.text);
	cr_assert(eq(int, plan_build(profile, "", &no_config, &plan, &err), 0), "%s", err.text);
	cordon_profile_destroy(profile);
}

static void
drop_plan(void)
{
	cordon_plan_finish(&plan);
}

TestSuite(plan, .init = make_plan, .fini = drop_plan, .timeout = 30);

Test(plan, survives_encoding)
{
	struct cordon_writer first, second;
	struct cordon_plan back;
	struct cordon_error err = { 0 };

	cordon_writer_init(&first, 1u << 22);
	cordon_writer_init(&second, 1u << 22);
	cordon_plan_encode(&plan, &first);
	cr_assert(eq(int, cordon_plan_decode(first.data, first.size, &back, &err), 0));
	cordon_plan_encode(&back, &second);

	cr_assert(eq(sz, first.size, second.size));
	cr_assert(eq(int, memcmp(first.data, second.data, first.size), 0));
	cordon_plan_finish(&back);
	cordon_writer_finish(&first);
	cordon_writer_finish(&second);
}

Test(plan, is_refused_when_cut_or_longer)
{
	struct cordon_writer w;
	struct cordon_plan back;
	struct cordon_error err = { 0 };

	cordon_writer_init(&w, 1u << 22);
	cordon_plan_encode(&plan, &w);
	for (size_t size = 0; size < w.size; size += 1 + size / 40)
		cr_assert(eq(int, cordon_plan_decode(w.data, size, &back, &err), -1));
	cordon_put_u8(&w, 0);
	cr_assert(eq(int, cordon_plan_decode(w.data, w.size, &back, &err), -1));
	cordon_writer_finish(&w);
}

Test(plan, of_the_library_keeps_the_floor)
{
	static const char *const names[] = { "default", "readonly", "strict", "build", "python",
		"node", "net-client", "web" };
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cordon_profile *profile = cordon_profile_load(&places, names[i], &err);
		struct cordon_plan built;

		cr_assert(ne(ptr, profile, NULL), "%s", err.text);
		cr_assert(eq(int, plan_build(profile, "", &no_config, &built, &err), 0));
		cr_expect(eq(int, floor_check_plan(&built, &err), 0), "%s: %s", names[i], err.text);
		cordon_plan_finish(&built);
		cordon_profile_destroy(profile);
	}
}

/* A14: a lying monitor. Each change breaks the floor in one place. */

static void
expect_refused(const char *what)
{
	struct cordon_error err = { 0 };

	cr_expect(eq(int, floor_check_plan(&plan, &err), -1), "%s", what);
	cr_expect(eq(str, err.reason, "floor.plan"), "%s", what);
}

static void
replace(char **text, const char *with)
{
	free(*text);
	*text = strdup(with);
}

Test(plan, a14_launcher_refuses_a_filter_that_lets_everything_through)
{
	plan.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0x7fff0000u);
	plan.filter_count = 1;
	expect_refused("allow all");
}

Test(plan, a14_launcher_refuses_to_trace_or_notify_instead_of_refusing)
{
	for (size_t i = 0; i < plan.filter_count; i++)
		if (plan.filter[i].code == (BPF_RET | BPF_K) && (plan.filter[i].k >> 16) == 5)
			plan.filter[i].k = 0x7fc00000u; /* SECCOMP_RET_USER_NOTIF */
	expect_refused("notify");
}

Test(plan, a14_launcher_refuses_mounts_over_its_own)
{
	replace(&plan.mounts[0].target, "/proc");
	expect_refused("/proc");
	replace(&plan.mounts[0].target, "/dev/shm");
	expect_refused("/dev/shm");
	replace(&plan.mounts[0].target, "/");
	expect_refused("/");
	replace(&plan.mounts[0].target, "/sys");
	expect_refused("/sys");
	replace(&plan.mounts[0].target, "/tmp");
	expect_refused("/tmp");
	replace(&plan.mounts[0].target, "/home");
	expect_refused("/home");
	replace(&plan.mounts[0].target, "/home/user");
	expect_refused("/home/user");
	replace(&plan.mounts[0].target, "/usr/../proc");
	expect_refused("..");
}

Test(plan, a14_launcher_refuses_links_and_files_among_its_own_mounts)
{
	char *link = plan.links[0].target, *file = plan.files[0].target;
	static char *const bad[] = { (char *)"/proc/x", (char *)"/dev/null", (char *)"/etc/../proc",
		(char *)"etc" };

	cr_assert(plan.link_count > 0 && plan.file_count > 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		plan.links[0].target = bad[i];
		expect_refused("link");
		plan.links[0].target = link;
		plan.files[0].target = bad[i];
		expect_refused("file");
		plan.files[0].target = file;
	}
}

Test(plan, a14_launcher_refuses_flags_that_it_does_not_know)
{
	plan.mounts[0].flags |= CORDON_MOUNT_FLAGS + 1;
	expect_refused("flags");
}

Test(plan, a14_launcher_refuses_the_hosts_root_and_kernel_files)
{
	replace(&plan.mounts[0].source, "/");
	expect_refused("/");
	replace(&plan.mounts[0].source, "/sys");
	expect_refused("/sys");
	replace(&plan.mounts[0].source, "/proc/1/root");
	expect_refused("/proc");
	replace(&plan.mounts[0].source, "/dev");
	expect_refused("/dev");
	replace(&plan.mounts[0].source, "/usr/..");
	expect_refused("..");
}

Test(plan, a14_launcher_refuses_unlimited_temporary_files)
{
	const uint64_t bytes = plan.tmp_bytes;

	plan.tmp_bytes = 0;
	expect_refused("tmp");
	plan.tmp_bytes = bytes;
	plan.tmp_inodes = 0;
	expect_refused("files in tmp");
}

Test(plan, a14_launcher_refuses_limits_that_nothing_starts_with)
{
	struct cordon_error err = { 0 };
	uint64_t *const limits[] = { &plan.open_files, &plan.processes, &plan.memory_bytes };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const uint64_t before = *limits[i];

		*limits[i] = 0;
		expect_refused("a limit of 0");
		*limits[i] = before;
	}
	cr_assert(eq(int, floor_check_plan(&plan, &err), 0), "%s", err.text);
}

/* Each call of the floor's, let through by a filter that is otherwise as it should be. */

#define ANY  -1 /* whatever the arguments are */
#define HIGH 8 /* when the high half of the argument is not empty */
#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

struct hole {
	int nr, argument;
	uint32_t value; /* of the low half */
};

static const struct hole holes[] = {
	/* clang-format off */
	{ SYS_mount, ANY, 0 }, { SYS_umount2, ANY, 0 }, { SYS_pivot_root, ANY, 0 }, { SYS_chroot, ANY, 0 },
	{ SYS_move_mount, ANY, 0 }, { SYS_open_tree, ANY, 0 }, { SYS_fsopen, ANY, 0 }, { SYS_fsmount, ANY, 0 },
	{ SYS_fsconfig, ANY, 0 }, { SYS_fspick, ANY, 0 }, { SYS_mount_setattr, ANY, 0 },
	{ SYS_setns, ANY, 0 },
	{ SYS_unshare, 0, CLONE_NEWUSER }, { SYS_unshare, 0, CLONE_NEWNS },
	{ SYS_unshare, HIGH + 0, CLONE_NEWUSER },
	{ SYS_clone, 0, CLONE_NEWUSER | 17 }, { SYS_clone, 0, CLONE_NEWNS | 17 },
	{ SYS_clone, 0, CLONE_NEWNET | 17 }, { SYS_clone, 0, CLONE_NEWPID | 17 },
	{ SYS_clone3, ANY, 0 },
	{ SYS_io_uring_setup, ANY, 0 }, { SYS_io_uring_enter, ANY, 0 }, { SYS_io_uring_register, ANY, 0 },
	{ SYS_bpf, ANY, 0 }, { SYS_perf_event_open, ANY, 0 }, { SYS_userfaultfd, ANY, 0 },
	{ SYS_keyctl, ANY, 0 }, { SYS_add_key, ANY, 0 }, { SYS_request_key, ANY, 0 },
	{ SYS_init_module, ANY, 0 }, { SYS_finit_module, ANY, 0 }, { SYS_delete_module, ANY, 0 },
	{ SYS_kexec_load, ANY, 0 }, { SYS_reboot, ANY, 0 }, { SYS_swapon, ANY, 0 }, { SYS_acct, ANY, 0 },
	{ SYS_open_by_handle_at, ANY, 0 },
	{ SYS_ioctl, 1, 0x5412 }, { SYS_ioctl, HIGH + 1, 0x5412 },
	{ SYS_ioctl, 1, 0x541c }, { SYS_ioctl, HIGH + 1, 0x541c },
	{ SYS_socket, 0, AF_VSOCK }, { SYS_socket, HIGH + 0, AF_VSOCK }, { SYS_socket, 0, AF_ALG },
	{ SYS_socket, 0, AF_PACKET }, { SYS_socket, 2, NETLINK_AUDIT }, { SYS_socket, 2, NETLINK_NETFILTER },
	{ SYS_socket, 2, NETLINK_SOCK_DIAG },
	{ SYS_socket, 1, SOCK_DGRAM }, { SYS_socket, 1, SOCK_SEQPACKET },
	{ SYS_socketpair, 1, SOCK_DGRAM }, { SYS_socketpair, 1, SOCK_SEQPACKET },
	{ SYS_fchmod, 1, 04755 }, { SYS_fchmod, 1, 02755 }, { SYS_fchmodat, 2, 06755 },
	{ SYS_mknodat, 2, S_IFREG | 04755 },
	{ SYS_openat, 2, O_CREAT | O_WRONLY }, { SYS_openat, HIGH + 2, O_CREAT | O_WRONLY },
	{ SYS_openat, 2, O_TMPFILE | O_RDWR },
	{ SYS_openat2, ANY, 0 }, { 452 /* fchmodat2 */, ANY, 0 },
#if defined(__x86_64__)
	{ SYS_chmod, 1, 04755 }, { SYS_creat, 1, 04755 }, { SYS_mknod, 1, S_IFREG | 04755 },
	{ SYS_open, 1, O_CREAT | O_WRONLY },
	{ 0x40000000 | SYS_getpid, ANY, 0 }, { 0x40000000 | SYS_ioctl, 1, 0x5412 },
	{ SYS_iopl, ANY, 0 }, { SYS_ioperm, ANY, 0 },
#endif
	{ 9999, ANY, 0 },
	/* clang-format on */
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (field))
#define JUMP(how, value, then, otherwise) \
	BPF_JUMP(BPF_JMP | (how) | BPF_K, (uint32_t)(value), (then), (otherwise))

/* Asks the floor about the plan with other instructions before its filter. */
static int
check_with(const struct sock_filter *before, size_t count, struct cordon_error *err)
{
	const size_t total = count + plan.filter_count;
	struct sock_filter *whole = calloc(total, sizeof(*whole));
	struct cordon_plan changed = plan;
	int result;

	cr_assert(ne(ptr, whole, NULL));
	memcpy(whole, before, count * sizeof(*whole));
	memcpy(whole + count, plan.filter, plan.filter_count * sizeof(*whole));
	changed.filter = whole;
	changed.filter_count = total;
	result = floor_check_plan(&changed, err);
	free(whole);
	return result;
}

static int
check_with_hole(const struct hole *hole, struct cordon_error *err)
{
	const int high = hole->argument >= HIGH;
	const unsigned argument = hole->argument == ANY ? 0 : (unsigned)hole->argument % HIGH;
	const uint32_t low = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * argument);
	const struct sock_filter any[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		JUMP(BPF_JEQ, NATIVE, 0, 3),
		LOAD(offsetof(struct seccomp_data, nr)),
		JUMP(BPF_JEQ, hole->nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_filter one[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		JUMP(BPF_JEQ, NATIVE, 0, 7),
		LOAD(offsetof(struct seccomp_data, nr)),
		JUMP(BPF_JEQ, hole->nr, 0, 5),
		LOAD(low),
		JUMP(BPF_JEQ, hole->value, 0, 3),
		LOAD(low + 4),
		JUMP(BPF_JEQ, 0, high, !high),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return hole->argument == ANY ? check_with(any, sizeof(any) / sizeof(any[0]), err)
				     : check_with(one, sizeof(one) / sizeof(one[0]), err);
}

Test(plan, a14_launcher_finds_each_hole_in_a_filter)
{
	const struct hole harmless = { SYS_read, ANY, 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, check_with_hole(&harmless, &err), 0), "control: %s", err.text);
	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		err = (struct cordon_error){ 0 };
		cr_expect(eq(int, check_with_hole(&holes[i], &err), -1), "call %d, 0x%x in %d",
			holes[i].nr, holes[i].value, holes[i].argument);
		cr_expect(eq(str, err.reason, "floor.plan"));
	}
}

/* AF_ALG's seqpacket sockets are refused for their family; these for their type. */
Test(plan, a14_launcher_finds_a_hole_for_seqpacket_sockets)
{
	const struct sock_filter lets_through[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		JUMP(BPF_JEQ, NATIVE, 0, 7),
		LOAD(offsetof(struct seccomp_data, nr)),
		JUMP(BPF_JEQ, SYS_socket, 0, 5),
		LOAD(offsetof(struct seccomp_data, args[0])),
		JUMP(BPF_JEQ, AF_UNIX, 0, 3),
		LOAD(offsetof(struct seccomp_data, args[1])),
		JUMP(BPF_JEQ, SOCK_SEQPACKET, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct cordon_error err = { 0 };

	cr_expect(eq(int, check_with(lets_through, 9, &err), -1));
	cr_expect(eq(str, err.reason, "floor.plan"));
}

Test(plan, a14_launcher_refuses_calls_of_another_architecture)
{
	const struct sock_filter lets_in[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		JUMP(BPF_JEQ, FOREIGN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct cordon_error err = { 0 };

	cr_expect(eq(int, check_with(lets_in, 3, &err), -1));
	cr_expect(eq(str, err.reason, "floor.plan"));
}

Test(plan, launcher_refuses_a_filter_that_nothing_can_start_under)
{
	static const int needed[] = { SYS_execve, SYS_execveat, SYS_exit_group };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct sock_filter refuses[] = {
			LOAD(offsetof(struct seccomp_data, nr)),
			JUMP(BPF_JEQ, needed[i], 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		};
		struct cordon_error err = { 0 };

		cr_expect(eq(int, check_with(refuses, 3, &err), -1), "call %d", needed[i]);
	}
}

Test(plan, a14_launcher_refuses_patterns_that_leave_the_workspace)
{
	replace(&plan.protect[0], "../x");
	expect_refused("..");
	replace(&plan.protect[0], "/etc");
	expect_refused("absolute");
	replace(&plan.protect[0], "x");
	for (size_t i = 0; i < 2; i++) {
		char *hide[] = { (char *)(i == 0 ? "../x" : "/etc") };
		char **const before = plan.hide;

		plan.hide = hide;
		plan.hide_count = 1;
		expect_refused("hide");
		plan.hide = before;
		plan.hide_count = 0;
	}
}

Test(plan, a14_launcher_refuses_to_let_execute_by_an_unclean_path)
{
	replace(&plan.exec[0], "/usr/../tmp");
	expect_refused("exec");
}

Test(plan, a02_launcher_takes_no_file_directory_or_socket_as_stream)
{
	struct cordon_launch launch = {
		.exe = (char *)"/usr/bin/true", .cwd = (char *)"/usr", .workspace = (char *)""
	};
	struct cordon_error err = { 0 };
	int pipe_ends[2], pair[2];
	int directory = open("/usr", O_RDONLY), file = open("/etc/passwd", O_RDONLY);

	cr_assert(eq(int, pipe(pipe_ends), 0));
	cr_assert(eq(int, socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0));

	const int bad[] = { directory, file, pair[0], open("/dev/zero", O_RDWR) };

	for (size_t i = 0; i < 4; i++) {
		const int fds[3] = { bad[i], pipe_ends[1], pipe_ends[1] };

		cr_expect(eq(int, floor_check_launch(&launch, fds, 3, &err), -1));
	}

	const int good[3] = { pipe_ends[0], pipe_ends[1], pipe_ends[1] };

	cr_expect(eq(int, floor_check_launch(&launch, good, 3, &err), 0), "%s", err.text);
	cr_expect(eq(int, floor_check_launch(&launch, good, 2, &err), -1), "one is missing");
}

Test(plan, a14_launcher_refuses_places_that_are_not_clean_or_its_own)
{
	const struct cordon_launch launch = {
		.exe = (char *)"/usr/bin/true", .cwd = (char *)"/usr", .workspace = (char *)"/srv/w"
	};
	static const struct {
		size_t member;
		const char *path;
		int result;
	} cases[] = {
		{ offsetof(struct cordon_launch, exe), "/usr/bin/false", 0 },
		{ offsetof(struct cordon_launch, exe), "/usr/../bin/true", -1 },
		{ offsetof(struct cordon_launch, exe), "true", -1 },
		{ offsetof(struct cordon_launch, cwd), "/usr/..", -1 },
		{ offsetof(struct cordon_launch, cwd), "usr", -1 },
		{ offsetof(struct cordon_launch, workspace), "", 0 },
		{ offsetof(struct cordon_launch, workspace), "/dev/shm/w", 0 },
		{ offsetof(struct cordon_launch, workspace), "/srv/../etc", -1 },
		{ offsetof(struct cordon_launch, workspace), "srv", -1 },
		{ offsetof(struct cordon_launch, workspace), "/", -1 },
		{ offsetof(struct cordon_launch, workspace), "/dev/shm", -1 },
		{ offsetof(struct cordon_launch, workspace), "/proc/self", -1 },
		{ offsetof(struct cordon_launch, workspace), "/sys/fs", -1 },
		{ offsetof(struct cordon_launch, workspace), "/tmp", -1 },
		{ offsetof(struct cordon_launch, workspace), "/home", -1 },
	};
	const int null = open("/dev/null", O_RDWR);
	const int fds[3] = { null, null, null };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cordon_launch changed = launch;
		struct cordon_error err = { 0 };

		*(char **)((char *)&changed + cases[i].member) = (char *)cases[i].path;
		cr_expect(eq(int, floor_check_launch(&changed, fds, 3, &err), cases[i].result),
			"'%s'", cases[i].path);
	}
}
