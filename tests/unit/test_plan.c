#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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
		"node" };
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
	replace(&plan.mounts[0].target, "/usr/../proc");
	expect_refused("..");
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
}

Test(plan, a14_launcher_refuses_unlimited_temporary_files)
{
	plan.tmp_bytes = 0;
	expect_refused("tmp");
}

Test(plan, a14_launcher_refuses_patterns_that_leave_the_workspace)
{
	replace(&plan.protect[0], "../x");
	expect_refused("..");
	replace(&plan.protect[0], "/etc");
	expect_refused("absolute");
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

	const int bad[] = { directory, file, pair[0] };

	for (size_t i = 0; i < 3; i++) {
		const int fds[3] = { bad[i], pipe_ends[1], pipe_ends[1] };

		cr_expect(eq(int, floor_check_launch(&launch, fds, 3, &err), -1));
	}

	const int good[3] = { pipe_ends[0], pipe_ends[1], pipe_ends[1] };

	cr_expect(eq(int, floor_check_launch(&launch, good, 3, &err), 0), "%s", err.text);
	cr_expect(eq(int, floor_check_launch(&launch, good, 2, &err), -1), "one is missing");
}
