/* A14: what a monitor that was taken over asks of a real launcher. Each attack starts from a plan and a
 * launch that the same launcher carries out (the control), and changes one thing. It must be answered by
 * a reason of the floor, or end the launcher; and the command, which leaves a file, must not have run. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cordon/link.h>
#include <cordon/wire.h>

#include "../helpers/expect.h"
#include "../helpers/liar.h"

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct liar liar;

/* A machine on which no run can start cannot judge; with CORDON_MUST_WORK=1 that is a failure. */
static void
skip_without_namespaces(void)
{
	const char *must = getenv("CORDON_MUST_WORK");

	if (strcmp(liar.failure.reason, "floor.namespaces") != 0 &&
		strcmp(liar.failure.reason, "floor.proc_masked") != 0)
		return;
	if (must != NULL && strcmp(must, "1") == 0)
		return;
	liar_finish(&liar);
	liar_scene_drop();
	fprintf(stderr, "skipped: %s\n", liar.failure.text);
	cr_skip_test("this machine starts no run");
}

static void
control(void)
{
	enum liar_outcome outcome;

	liar_start(&liar);
	outcome = liar_ask(&liar, liar.streams, 3);
	if (outcome == LIAR_REFUSED)
		skip_without_namespaces();
	cr_assert(outcome == LIAR_RAN, "control: %s", liar.failure.text);
	liar_finish(&liar);
	cr_assert(liar_command_ran(), "control: the command left nothing");
}

static void
make_scene(void)
{
	liar_scene_make();
	control();
	liar_start(&liar);
}

static void
drop_scene(void)
{
	liar_finish(&liar);
	control();
	liar_scene_drop();
}

TestSuite(launcher_floor, .init = make_scene, .fini = drop_scene, .timeout = 300);

/* Takes the place of a launcher that has seen something by a new one. */
static void
start_again(void)
{
	liar_finish(&liar);
	liar_start(&liar);
}

static void
expect(const char *what, enum liar_outcome wanted, const char *reason, enum liar_outcome outcome)
{
	cr_expect(outcome == wanted, "%s: outcome %d, not %d (%s)", what, (int)outcome, (int)wanted,
		liar.failure.text);
	cr_expect(outcome != LIAR_REFUSED || strcmp(liar.failure.reason, reason) == 0,
		"%s: '%s': %s", what, liar.failure.reason, liar.failure.text);
	cr_expect(!liar_command_ran(), "%s: the command ran", what);
	start_again();
}

/* The plan as it was changed. */
static void
expect_floor(const char *what)
{
	expect(what, LIAR_REFUSED, "floor.plan", liar_ask(&liar, liar.streams, 3));
}

/* A plan with another form than a plan: that is no answer's worth. */
static void
expect_end(const char *what)
{
	expect(what, LIAR_ENDED, "", liar_ask(&liar, liar.streams, 3));
}

/* filters */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define HOLE        32

/* The plan's filter with a hole in front: what comes through it gets this result. */
static void
ask_with_hole(const char *what, const struct sock_filter *hole, size_t size)
{
	struct sock_filter *filter = calloc(size + liar.plan.filter_count, sizeof(*filter));

	cr_assert(filter != NULL);
	memcpy(filter, hole, size * sizeof(*hole));
	memcpy(filter + size, liar.plan.filter, liar.plan.filter_count * sizeof(*hole));
	liar.plan.filter = filter;
	liar.plan.filter_count += size;
	expect_floor(what);
	free(filter);
}

/* A hole for one call with exactly these arguments, as they are in the table. */
static void
ask_for_row(const struct expect_row *row, uint32_t result)
{
	struct sock_filter hole[HOLE];
	size_t n = 0;
	uint32_t rest = 2 + 2 + 4 * 6 + 1; /* instructions to come */

	hole[n++] = (struct sock_filter)LOAD(arch);
	rest--;
	hole[n++] = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, row->foreign ? FOREIGN : NATIVE, 0, --rest);
	hole[n++] = (struct sock_filter)LOAD(nr);
	rest--;
	hole[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->nr, 0, --rest);
	for (size_t half = 0; half < 12; half++) {
		hole[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			(uint32_t)(offsetof(struct seccomp_data, args) + 4 * half));
		rest--;
		hole[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(uint32_t)(row->args[half / 2] >> (half % 2 * 32)), 0, --rest);
	}
	hole[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, result);
	ask_with_hole(row->what, hole, n);
}

static struct expect_table table;

Test(launcher_floor, a14_refuses_a_hole_for_any_single_call_of_the_floors_table)
{
	size_t asked = 0;

	expect_load("floor", &table);
	for (size_t i = 0; i < table.count; i++) {
		if (table.rows[i].verdict == SECCOMP_RET_ALLOW)
			continue;
		ask_for_row(&table.rows[i], SECCOMP_RET_ALLOW);
		asked++;
	}
	cr_assert(asked > 80, "only %zu rows", asked);
}

Test(launcher_floor, a14_refuses_a_hole_that_only_odd_arguments_fit)
{
	static const struct expect_row rows[] = {
		{ "mount, odd", SYS_mount, { 1, 2, 3, 4, 5, 6 } },
		{ "clone, odd", SYS_clone, { 0x10000000 | 0x12345, 77, 1, 2, 3 } },
		{ "unshare, odd", SYS_unshare, { 0x20000 | 0x200 } },
		{ "bpf, odd", SYS_bpf, { 5, 0x7fff00000000, 128 } },
		{ "TIOCSTI, odd", SYS_ioctl, { 3, 0x5412, 0x7fff00001234 } },
		{ "AF_VSOCK, odd", SYS_socket, { AF_VSOCK, SOCK_DGRAM | SOCK_CLOEXEC, 9 } },
		{ "family, odd", SYS_socket, { 0x80000000u, SOCK_STREAM, 0 } },
		{ "netlink, odd", SYS_socket, { AF_NETLINK, SOCK_DGRAM, 0x10000 } },
		{ "AF_UNIX, odd", SYS_socket, { AF_UNIX, SOCK_NONBLOCK | 14, 0 } },
		{ "no type", SYS_socketpair, { AF_UNIX, SOCK_CLOEXEC, 0, 7 } },
		{ "set-id, odd", SYS_fchmod, { 9, 0x70000000 | 02000 } },
		{ "open, odd", SYS_openat, { 4, 0x1000, O_CREAT | O_TRUNC, 04711 } },
		{ "persona, odd", SYS_personality, { 0xfffbffff } },
		{ "no family", SYS_socketpair, { 0, SOCK_STREAM } },
		{ "persona, high", SYS_personality, { 0x80000000u } },
		{ "fsmount, odd", SYS_fsmount, { 7, 1, 0 } },
		{ "quotactl_fd", 443, { 3, 2 } },
#if defined(__x86_64__)
		{ "ustat", SYS_ustat, { 1, 2 } },
		{ "sysfs", SYS_sysfs, { 3 } },
		{ "_sysctl", SYS__sysctl, { 1 } },
		{ "x32", 0x40000000 | SYS_ioctl, { 3, 0x5412 } },
#endif
		{ "unknown", 512, { 1 } },
		{ "unknown, large", 0x3fffffff, { 0 } },
		{ "negative", 0xfffffffeu, { 0 } },
	};
	/* A tracer, a listener or a signal handler of the run's own would decide instead. */
	static const uint32_t results[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_TRACE, SECCOMP_RET_TRAP,
		SECCOMP_RET_LOG, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_KILL_THREAD, 0x12340000 };

	for (size_t i = 0; i < LENGTH(rows); i++)
		ask_for_row(&rows[i], SECCOMP_RET_ALLOW);
	for (uint32_t family = 0; family < 40; family++) {
		const struct expect_row row = { "family", SYS_socket, { family, SOCK_STREAM } };

		if (family != AF_UNIX && family != AF_INET && family != AF_INET6 &&
			family != AF_NETLINK)
			ask_for_row(&row, SECCOMP_RET_ALLOW);
	}
	for (uint32_t type = 0; type < 16; type++) {
		const struct expect_row of_socket = { "type", SYS_socket, { AF_UNIX, type } },
					of_pair = { "type", SYS_socketpair, { AF_UNIX, type } };

		if (type != SOCK_STREAM) {
			ask_for_row(&of_socket, SECCOMP_RET_ALLOW);
			ask_for_row(&of_pair, SECCOMP_RET_ALLOW);
		}
	}
	for (size_t i = 0; i < LENGTH(results); i++)
		ask_for_row(&rows[0], results[i]);
}

Test(launcher_floor, a14_refuses_holes_that_are_not_comparisons_with_constants)
{
	const struct sock_filter by_argument[] = { LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x40, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_filter by_place[] = { LOAD(instruction_pointer),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x1000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_filter by_index[] = { LOAD(args[3]), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(args[2]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_filter by_scratch[] = { LOAD(args[5]), BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x42, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_filter computed[] = { LOAD(args[4]),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0x7fff0000), BPF_STMT(BPF_RET | BPF_A, 0) };

	ask_with_hole("by an argument", by_argument, LENGTH(by_argument));
	ask_with_hole("by the place of the call", by_place, LENGTH(by_place));
	ask_with_hole("by two arguments", by_index, LENGTH(by_index));
	ask_with_hole("by a scratch word", by_scratch, LENGTH(by_scratch));
	ask_with_hole("a computed result", computed, LENGTH(computed));
}

Test(launcher_floor, a14_refuses_a_filter_that_starting_cannot_pass)
{
	const struct expect_row rows[] = { { "execve", SYS_execve, { 0 } },
		{ "execveat", SYS_execveat, { 0 } }, { "exit_group", SYS_exit_group, { 0 } } };

	for (size_t i = 0; i < LENGTH(rows); i++)
		ask_for_row(&rows[i], SECCOMP_RET_KILL_PROCESS);
}

Test(launcher_floor, a14_ends_at_a_filter_that_the_kernel_would_not_load)
{
	struct sock_filter last_is_no_return[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	struct sock_filter jumps_out[] = { BPF_JUMP(BPF_JMP | BPF_JA, 9, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

	liar.plan.filter_count = 0;
	expect_end("no filter");
	liar.plan.filter = last_is_no_return;
	liar.plan.filter_count = 1;
	expect_end("no return");
	liar.plan.filter = jumps_out;
	liar.plan.filter_count = 2;
	expect_end("a jump outside");
}

/* paths */

/* One more mount, as if the profile had granted it. */
static void
ask_for_mount(const char *source, const char *target, uint32_t flags)
{
	static struct cordon_plan_mount mounts[CORDON_PLAN_MOUNTS];
	struct stat st = { 0 };
	char what[128];

	(void)stat(source, &st);
	memcpy(mounts, liar.plan.mounts, liar.plan.mount_count * sizeof(*mounts));
	mounts[liar.plan.mount_count++] = (struct cordon_plan_mount){ .source = (char *)source,
		.target = (char *)target,
		.identity = { st.st_dev, st.st_ino },
		.flags = flags };
	liar.plan.mounts = mounts;
	snprintf(what, sizeof(what), "%s at %s, flags 0x%x", source, target, flags);
	expect_floor(what);
}

Test(launcher_floor, a14_refuses_to_bind_the_root_and_the_kernels_file_systems)
{
	static const char *const sources[] = { "/", "/proc", "/proc/self", "/proc/sys", "/sys",
		"/sys/fs/cgroup", "/dev", "/dev/shm", "/dev/null" };
	static const char *const unclean[] = { "//", "/usr/..", "/usr/../proc", "/./", "/usr/",
		"/usr//lib" };

	for (size_t i = 0; i < LENGTH(sources); i++)
		ask_for_mount(sources[i], "/mnt/x", 0);
	for (size_t i = 0; i < LENGTH(unclean); i++)
		ask_for_mount(unclean[i], "/mnt/x", 0);
	ask_for_mount("usr", "/mnt/x", 0);
	ask_for_mount("", "/mnt/x", 0);
}

Test(launcher_floor, a14_refuses_to_bind_them_through_links)
{
	static const char *const texts[] = { "/", "/proc", "/proc/sys", "/sys", "/dev",
		"../../dev/shm" };
	char link[64];

	for (size_t i = 0; i < LENGTH(texts); i++) {
		snprintf(link, sizeof(link), "/tmp/liar-link.%d.%zu", (int)getpid(), i);
		cr_assert(symlink(texts[i], link) == 0);
		ask_for_mount(link, "/mnt/x", 0);
		cr_assert(unlink(link) == 0);
	}
}

Test(launcher_floor, a14_refuses_to_put_anything_over_what_is_the_launchers)
{
	static const char *const targets[] = { "/", "/proc", "/proc/sys", "/dev", "/dev/null",
		"/dev/shm", "/sys", "/sys/fs", "/tmp", "/home", "/home/user", "/usr/../proc",
		"/mnt/", "mnt", "" };
	struct cordon_plan_link link = { .text = (char *)"/usr" };
	struct cordon_plan_file file = { .text = (char *)"hello" };

	for (size_t i = 0; i < LENGTH(targets); i++) {
		ask_for_mount("/usr", targets[i], 0);
		link.target = (char *)targets[i];
		liar.plan.links = &link;
		liar.plan.link_count = 1;
		expect_floor("a link");
		file.target = (char *)targets[i];
		liar.plan.files = &file;
		liar.plan.file_count = 1;
		expect_floor("a file");
	}
}

Test(launcher_floor, a14_refuses_flags_that_it_does_not_know)
{
	ask_for_mount("/usr", "/mnt/x", CORDON_MOUNT_FLAGS + 1);
	ask_for_mount("/usr", "/mnt/x", 0x80000000u);
	liar.plan.flags |= CORDON_PLAN_FLAGS + 1;
	expect_end("a plan's flag");
	liar.plan.flags |= 0x80000000u;
	expect_end("a plan's last flag");
	liar.plan.workspace = CORDON_WORKSPACE_WRITE + 1;
	expect_end("a way to see the workspace");
	liar.plan.arguments[0] = 7;
	expect_end("a call with seven arguments");
}

Test(launcher_floor, a14_refuses_patterns_that_leave_the_workspace)
{
	static const char *const patterns[] = { "", "/", "/etc", "..", "../x", "a/../b", "a//b",
		"a/", "./a" };
	char *list[1];

	for (size_t i = 0; i < LENGTH(patterns); i++) {
		list[0] = (char *)patterns[i];
		liar.plan.protect = list;
		liar.plan.protect_count = 1;
		expect_floor("protect");
		liar.plan.hide = list;
		liar.plan.hide_count = 1;
		expect_floor("hide");
	}
	list[0] = (char *)"/usr/../etc";
	liar.plan.exec = list;
	liar.plan.exec_count = 1;
	expect_floor("exec");
}

Test(launcher_floor, a14_refuses_what_has_no_limit_or_one_that_nothing_fits)
{
	liar.plan.tmp_bytes = 0;
	expect_floor("no limit of bytes");
	liar.plan.tmp_inodes = 0;
	expect_floor("no limit of files");
	liar.plan.open_files = 7;
	expect_floor("7 open files");
	liar.plan.processes = 0;
	expect_floor("no process");
	liar.plan.memory_bytes = 0;
	expect_floor("no memory");
}

/* launches */

static void
ask_with_streams(const char *what, int a, int b, int c, unsigned count)
{
	const int fds[4] = { a, b, c, liar.null };

	expect(what, LIAR_REFUSED, "floor.plan", liar_ask(&liar, fds, count));
}

Test(launcher_floor, a02_a14_refuses_streams_that_are_anything_but_pipes_and_the_null_device)
{
	char fifo[64], block[64];
	int pair[2], kinds[9];

	snprintf(fifo, sizeof(fifo), "/tmp/liar-fifo.%d", (int)getpid());
	snprintf(block, sizeof(block), "/tmp/liar-block.%d", (int)getpid());
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && mkfifo(fifo, 0600) == 0);
	kinds[0] = pair[0];
	kinds[1] = open("/usr", O_RDONLY | O_DIRECTORY);
	kinds[2] = open("/", O_PATH);
	kinds[3] = open("/etc/passwd", O_RDONLY);
	kinds[4] = memfd_create("liar", 0);
	kinds[5] = open("/dev/zero", O_RDWR);
	kinds[6] = open(fifo, O_RDWR); /* has a name, so others can write */
	kinds[7] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	/* A disk with the null device's number; only root can make it. */
	kinds[8] = mknod(block, S_IFBLK | 0600, makedev(1, 3)) == 0 ? open(block, O_PATH)
								    : open("/dev/full", O_RDWR);
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		char what[32];

		cr_assert(kinds[i] >= 0, "kind %zu", i);
		snprintf(what, sizeof(what), "kind %zu", i);
		ask_with_streams(what, kinds[i], liar.streams[1], liar.streams[2], 3);
		ask_with_streams(what, liar.null, kinds[i], liar.streams[2], 3);
		ask_with_streams(what, liar.null, liar.streams[1], kinds[i], 3);
		close(kinds[i]);
	}
	close(pair[1]);
	unlink(fifo);
	unlink(block);
}

Test(launcher_floor, a14_refuses_a_wrong_number_of_streams)
{
	for (unsigned count = 0; count <= 4; count++)
		if (count != 3)
			ask_with_streams("without a pty", liar.null, liar.null, liar.null, count);
	for (uint32_t tty = 1; tty <= 7; tty++) {
		liar.launch.tty = tty;
		ask_with_streams("one more than with this pty", liar.null, liar.null, liar.null,
			4 - (unsigned)__builtin_popcount(tty));
	}
}

Test(launcher_floor, a14_refuses_places_of_a_launch_that_are_not_clean_or_are_the_launchers)
{
	static const char *const workspaces[] = { "/", "/proc", "/proc/self/cwd", "/sys", "/dev",
		"/dev/shm", "/tmp", "/home", "/home/user", "/usr/../tmp", "/usr/" };

	for (size_t i = 0; i < LENGTH(workspaces); i++) {
		liar.launch.workspace = (char *)workspaces[i];
		expect_floor(workspaces[i]);
	}
	liar.launch.exe = (char *)"/usr/bin/../bin/sh";
	expect_floor("command");
	liar.launch.cwd = (char *)"/usr/../usr";
	expect_floor("directory");
	liar.launch.exe = (char *)"sh";
	expect_end("relative command");
	liar.launch.cwd = (char *)"";
	expect_end("no directory");
	liar.launch.workspace = (char *)"tmp";
	expect_end("relative workspace");
	liar.launch.tty = 8;
	expect_end("a fourth stream");
	liar.launch.umask = 01000;
	expect_end("umask");
}

Test(launcher_floor, a14_refuses_files_that_were_replaced)
{
	static struct cordon_plan_mount mounts[CORDON_PLAN_MOUNTS];

	liar.launch.workspace_identity.ino++;
	expect("workspace", LIAR_REFUSED, "floor.workspace", liar_ask(&liar, liar.streams, 3));
	liar.launch.cwd_identity.ino++;
	expect("directory", LIAR_REFUSED, "floor.workspace", liar_ask(&liar, liar.streams, 3));
	liar.launch.exe_identity.ino++;
	expect("command", LIAR_REFUSED, "exec.digest_changed", liar_ask(&liar, liar.streams, 3));
	memcpy(mounts, liar.plan.mounts, liar.plan.mount_count * sizeof(*mounts));
	mounts[0].identity.dev++;
	liar.plan.mounts = mounts;
	expect("mount", LIAR_REFUSED, "floor.identity", liar_ask(&liar, liar.streams, 3));
}

/* messages */

struct message {
	struct cordon_writer plan, launch;
};

/* The bytes of the honest messages, as a monitor would send them. */
static void
catch_messages(struct message *ret)
{
	struct cordon_message m = { 0 };
	struct cordon_error err = { 0 };
	int pair[2];

	cr_assert(cordon_link_pair(pair, &err) == 0);
	cr_assert(cordon_launch_send_plan(pair[0], 1, &liar.plan, &err) == 0);
	cr_assert(cordon_launch_send_launch(pair[0], &liar.launch, liar.streams, 3, &err) == 0);
	for (int i = 0; i < 2; i++) {
		struct cordon_writer *w = i == 0 ? &ret->plan : &ret->launch;

		cr_assert(cordon_link_receive(pair[1], &m, &err) == 1);
		cordon_writer_init(w, CORDON_LINK_BODY);
		for (size_t k = 0; k < m.size; k++)
			cordon_put_u8(w, m.body[k]);
		cr_assert(!w->failed);
		cordon_message_finish(&m);
	}
	close(pair[0]);
	close(pair[1]);
}

/* Says this much of both messages. */
static enum liar_outcome
say(const struct message *m, size_t plan_size, size_t launch_size)
{
	liar_hello(&liar);
	(void)liar_send(&liar, CORDON_LAUNCH_PLAN, m->plan.data, plan_size, NULL, 0);
	(void)liar_send(&liar, CORDON_LAUNCH_LAUNCH, m->launch.data, launch_size, liar.streams, 3);
	return liar_hear(&liar);
}

Test(launcher_floor, a14_ends_at_messages_that_are_cut_or_longer)
{
	struct message m;

	catch_messages(&m);
	for (size_t size = 0; size < m.plan.size; size += 1 + m.plan.size / 23)
		expect("a cut plan", LIAR_ENDED, "", say(&m, size, m.launch.size));
	for (size_t size = 0; size < m.launch.size; size += 1 + m.launch.size / 23)
		expect("a cut launch", LIAR_ENDED, "", say(&m, m.plan.size, size));
	cr_assert(say(&m, m.plan.size, m.launch.size) == LIAR_RAN && liar_command_ran());
	start_again();
	m.plan.data[4]++;
	expect("another version", LIAR_ENDED, "", say(&m, m.plan.size, m.launch.size));
	m.plan.data[4]--;
	cordon_put_u8(&m.plan, 0);
	expect("a longer plan", LIAR_ENDED, "", say(&m, m.plan.size, m.launch.size));
	cordon_put_u8(&m.launch, 0);
	expect("a longer launch", LIAR_ENDED, "", say(&m, m.plan.size - 1, m.launch.size));
	cordon_writer_finish(&m.plan);
	cordon_writer_finish(&m.launch);
}

/* Sends one message that must end the launcher, after those that were right. */
static void
expect_end_at(const char *what, uint16_t number, const void *body, size_t size, unsigned fds)
{
	(void)liar_send(&liar, number, body, size, liar.streams, fds);
	expect(what, LIAR_ENDED, "", liar_hear(&liar));
}

Test(launcher_floor, a14_ends_at_messages_out_of_order)
{
	static const uint16_t unknown[] = { 0, 8, CORDON_LAUNCH_STARTED, CORDON_LAUNCH_FAILED,
		CORDON_LAUNCH_STOPPED, CORDON_LAUNCH_EXITED, UINT16_MAX };
	struct message m;

	catch_messages(&m);
	expect_end_at("a plan first", CORDON_LAUNCH_PLAN, m.plan.data, m.plan.size, 0);
	expect_end_at("a launch first", CORDON_LAUNCH_LAUNCH, m.launch.data, m.launch.size, 3);
	expect_end_at("a signal first", CORDON_LAUNCH_SIGNAL, "123456789012", 12, 0);
	expect_end_at("a kill first", CORDON_LAUNCH_KILL, "12345678", 8, 0);
	liar_hello(&liar);
	expect_end_at("a second hello", CORDON_LAUNCH_HELLO, NULL, 0, 1);
	liar_hello(&liar);
	expect_end_at(
		"a launch without its plan", CORDON_LAUNCH_LAUNCH, m.launch.data, m.launch.size, 3);
	for (size_t i = 0; i < LENGTH(unknown); i++) {
		liar_hello(&liar);
		expect_end_at("an unknown message", unknown[i], NULL, 0, 0);
	}
	cordon_writer_finish(&m.plan);
	cordon_writer_finish(&m.launch);
}

Test(launcher_floor, a14_ends_at_malformed_hellos_plans_and_signals)
{
	const int two[2] = { liar.lifeline[0], liar.lifeline[0] };
	struct message m;

	catch_messages(&m);
	(void)liar_send(&liar, CORDON_LAUNCH_HELLO, NULL, 0, two, 2);
	expect("hello with two lifelines", LIAR_ENDED, "", liar_hear(&liar));
	expect_end_at("hello without a lifeline", CORDON_LAUNCH_HELLO, NULL, 0, 0);
	(void)liar_send(&liar, CORDON_LAUNCH_HELLO, "x", 1, &liar.lifeline[0], 1);
	expect("hello with a body", LIAR_ENDED, "", liar_hear(&liar));
	liar_hello(&liar);
	expect_end_at("a plan with a stream", CORDON_LAUNCH_PLAN, m.plan.data, m.plan.size, 1);
	liar_hello(&liar);
	expect_end_at("a short signal", CORDON_LAUNCH_SIGNAL, "12345678901", 11, 0);
	liar_hello(&liar);
	expect_end_at("a long signal", CORDON_LAUNCH_SIGNAL, "12345678\x9\0\0\0\0", 13, 0);
	liar_hello(&liar);
	expect_end_at("signal 65", CORDON_LAUNCH_SIGNAL, "12345678\x41\0\0\0", 12, 0);
	liar_hello(&liar);
	expect_end_at("a long kill", CORDON_LAUNCH_KILL, "123456789", 9, 0);
	liar_hello(&liar);
	expect_end_at("a kill with a stream", CORDON_LAUNCH_KILL, "12345678", 8, 1);
	cordon_writer_finish(&m.plan);
	cordon_writer_finish(&m.launch);
}

Test(launcher_floor, a14_ends_at_a_lifeline_that_is_no_read_end_of_a_pipe)
{
	int pair[2], kinds[5];

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	kinds[0] = pair[0];
	kinds[1] = open("/", O_RDONLY | O_DIRECTORY);
	kinds[2] = memfd_create("liar", 0);
	kinds[3] = dup(liar.null);
	kinds[4] = dup(liar.lifeline[1]);
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		struct cordon_error ignored;
		char what[32];

		cr_assert(kinds[i] >= 0);
		snprintf(what, sizeof(what), "lifeline %zu", i);
		(void)liar_send(&liar, CORDON_LAUNCH_HELLO, NULL, 0, &kinds[i], 1);
		(void)!cordon_launch_send_plan(liar.link, 1, &liar.plan, &ignored);
		(void)!cordon_launch_send_launch(
			liar.link, &liar.launch, liar.streams, 3, &ignored);
		expect(what, LIAR_ENDED, "", liar_hear(&liar));
		close(kinds[i]);
	}
	close(pair[1]);
}

Test(launcher_floor, a14_ends_at_numbers_that_are_in_use)
{
	struct cordon_launch_event event;
	struct cordon_error err = { 0 };
	struct message m;

	catch_messages(&m);
	liar_hello(&liar);
	cr_assert(liar_send(&liar, CORDON_LAUNCH_PLAN, m.plan.data, m.plan.size, NULL, 0) == 0);
	expect_end_at("a second plan 1", CORDON_LAUNCH_PLAN, m.plan.data, m.plan.size, 0);

	/* A run that waits: nobody writes into its input. */
	static char *waits[] = { (char *)"/bin/sh", (char *)"-c", (char *)"read x", NULL };
	int input[2];

	cr_assert(pipe2(input, O_CLOEXEC) == 0);
	const int fds[3] = { input[0], liar.streams[1], liar.streams[2] };
	liar.launch.argv = waits;
	liar_hello(&liar);
	cr_assert(liar_send(&liar, CORDON_LAUNCH_PLAN, m.plan.data, m.plan.size, NULL, 0) == 0);
	cr_assert(cordon_launch_send_launch(liar.link, &liar.launch, fds, 3, &err) == 0);
	cr_assert(cordon_launch_receive(liar.link, &event, &err) == 1);
	cr_assert(event.message == CORDON_LAUNCH_STARTED, "%s", event.failure.text);
	expect_end_at("a second run 1", CORDON_LAUNCH_LAUNCH, m.launch.data, m.launch.size, 3);
	close(input[0]);
	close(input[1]);
	cordon_writer_finish(&m.plan);
	cordon_writer_finish(&m.launch);
}

Test(launcher_floor, a14_serves_on_after_it_refused_a_plan)
{
	struct cordon_plan bad = liar.plan;
	struct cordon_error err = { 0 };

	bad.tmp_bytes = 0;
	liar_hello(&liar);
	cr_assert(cordon_launch_send_plan(liar.link, 2, &bad, &err) == 0);
	cr_assert(cordon_launch_send_plan(liar.link, 1, &liar.plan, &err) == 0);
	liar.launch.plan = 2;
	cr_assert(cordon_launch_send_launch(liar.link, &liar.launch, liar.streams, 3, &err) == 0);
	cr_assert(liar_hear(&liar) == LIAR_REFUSED && !liar_command_ran());
	liar.launch.plan = 1;
	liar.launch.run = 2;
	cr_assert(cordon_launch_send_launch(liar.link, &liar.launch, liar.streams, 3, &err) == 0);

	cr_assert(liar_hear(&liar) == LIAR_RAN && liar_command_ran());
}
