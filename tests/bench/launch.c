/* What a launch costs: bench_launch CORDON CORDON-LAUNCHER BWRAP WORKSPACE ROUNDS.
 *
 * Four ways to start /bin/true, in alternation and with a rotating order, so that what the machine does
 * meanwhile falls on all of them: a bare spawn; bubblewrap with the namespaces, mounts and filter that
 * profile default amounts to; `cordon run`; and a cold launch in a launcher that is already there. Then
 * the same two at a time, and what a system call costs inside. WORKSPACE holds a copy of callcost.
 *
 * bubblewrap gets what it can do of the same: it has no Landlock, no protected names in the workspace,
 * no counting of refused calls, no cgroup limits and no idmapped workspace, so it does less.
 *
 * Prints JSON; times are microseconds. Nothing here judges a time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/bpf.h>
#include <cordon/fd.h>
#include <cordon/launch_proto.h>
#include <cordon/launcher.h>
#include <cordon/mem.h>
#include <cordon/plan.h>
#include <cordon/profile.h>
#include <cordon/text.h>

#include "config.h"
#include "environ.h"
#include "plan_build.h"
#include "resolve.h"
#include "workspace.h"

#define ARGUMENTS_MAX 1024
#define ROUNDS_MAX    100000
#define CALL_SERIES   "500"
#define CALL_REPEATS  5
#define RATE_BLOCKS   7

enum kind { BARE, BWRAP, CORDON, LAUNCHER, KINDS };

static const char *const kind_names[KINDS] = { "spawn", "bubblewrap", "cordonRun", "launcherCold" };

struct command_line {
	char *items[ARGUMENTS_MAX];
	size_t count;
};

struct bench {
	const char *cordon, *launcher, *bwrap, *workspace_name;
	char scratch[PATH_MAX]; /* a directory of ours: the filter, generated files */
	struct config config;
	struct cordon_profile *profile;
	struct workspace workspace;
	struct cordon_plan plan;
	struct command command;
	char **env;
	struct command_line bwrap_line, cordon_line;
	int link, pidfd, lifeline, null;
	uint64_t next_run;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
add(struct command_line *line, const char *text)
{
	if (line->count + 1 < ARGUMENTS_MAX)
		line->items[line->count++] = strdup(text);
}

static void
add3(struct command_line *line, const char *option, const char *first, const char *second)
{
	add(line, option);
	add(line, first);
	add(line, second);
}

static int
write_file(const char *path, const void *data, size_t size, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || cordon_fd_write_all(fd, data, size) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not write '%s'", path);
	return 0;
}

/* The plan of profile default, in bubblewrap's words. */
static int
make_bwrap_line(struct bench *b, struct cordon_error *err)
{
	static const char *const fixed[] = { "--unshare-user", "--unshare-ipc", "--unshare-pid",
		"--unshare-net", "--unshare-uts", "--unshare-cgroup", "--uid", "1000", "--gid",
		"1000", "--hostname", "cordon", "--die-with-parent", "--new-session", "--cap-drop",
		"ALL", "--clearenv", "--tmpfs", "/home/user", "--tmpfs", "/tmp", "--proc", "/proc",
		"--dev", "/dev" };
	struct command_line *line = &b->bwrap_line;
	const struct cordon_plan *p = &b->plan;

	add(line, b->bwrap);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		add(line, fixed[i]);
	for (size_t i = 0; i < p->mount_count; i++)
		add3(line, (p->mounts[i].flags & CORDON_MOUNT_WRITE) != 0 ? "--bind" : "--ro-bind",
			p->mounts[i].source, p->mounts[i].target);
	for (size_t i = 0; i < p->link_count; i++)
		add3(line, "--symlink", p->links[i].text, p->links[i].target);
	for (size_t i = 0; i < p->file_count; i++) {
		char path[PATH_MAX + 32];

		snprintf(path, sizeof(path), "%s/file%zu", b->scratch, i);
		if (write_file(path, p->files[i].text, strlen(p->files[i].text), err) < 0)
			return -1;
		add3(line, "--ro-bind", path, p->files[i].target);
	}
	add3(line, "--bind", b->workspace.path, b->workspace.path);
	for (size_t i = 0; b->env[i] != NULL; i++) {
		char *pair = strdup(b->env[i]), *value = pair == NULL ? NULL : strchr(pair, '=');

		if (value == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not copy a variable");
		*value = '\0';
		add3(line, "--setenv", pair, value + 1);
		free(pair);
	}
	add3(line, "--chdir", b->workspace.path, "--seccomp");
	add3(line, "3", "--", "/bin/true");
	return 0;
}

static void
make_cordon_line(struct bench *b)
{
	add3(&b->cordon_line, b->cordon, "run", "--workspace");
	add3(&b->cordon_line, b->workspace_name, "--", "/bin/true");
}

/* The same bytes that a run would get, without a listener: bubblewrap has nobody to answer there. */
static int
write_filter(struct bench *b, struct cordon_error *err)
{
	const size_t size = b->plan.filter_count * sizeof(*b->plan.filter);
	CORDON_FREE struct sock_filter *copy = cordon_array(1, size);
	char path[PATH_MAX + 32];

	if (copy == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not copy the filter");
	memcpy(copy, b->plan.filter, size);
	cordon_bpf_loadable(copy, b->plan.filter_count, 0);
	snprintf(path, sizeof(path), "%s/filter", b->scratch);
	return write_file(path, copy, size, err);
}

static int
prepare_plan(struct bench *b, struct cordon_error *err)
{
	struct cordon_profile_places places = { .builtin_only = 1 };

	if (config_load(NULL, &b->config, err) < 0)
		return -1;
	b->profile = cordon_profile_load(&places, "default", err);
	if (b->profile == NULL ||
		workspace_open(b->workspace_name, NULL, &b->config, &b->workspace, err) < 0 ||
		plan_build(b->profile, b->workspace.path, &b->config, &b->plan, err) < 0)
		return -1;
	b->env = environ_build(b->profile, NULL, 0, b->workspace.cwd, err);
	if (b->env == NULL)
		return -1;
	return resolve_command("/bin/true", environ_get(b->env, "PATH"), &b->plan, &b->workspace,
		&b->command, err);
}

static int
start_launcher(struct bench *b, struct cordon_error *err)
{
	CORDON_CLOSE int read_end = -1;
	int ends[2];

	b->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (b->null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make the lifeline");
	read_end = ends[0];
	b->lifeline = ends[1];
	if (cordon_launcher_exec(b->launcher, &b->link, &b->pidfd, err) < 0 ||
		cordon_launch_send_hello(b->link, read_end, err) < 0)
		return -1;
	return cordon_launch_send_plan(b->link, 1, &b->plan, err);
}

/* one launch */

static int
send_launch(struct bench *b, struct cordon_error *err)
{
	char *argv[] = { (char *)(uintptr_t) "/bin/true", NULL };
	const int fds[3] = { b->null, b->null, b->null };
	const struct cordon_launch launch = { .run = ++b->next_run,
		.plan = 1,
		.argv = argv,
		.env = b->env,
		.exe = b->command.path,
		.exe_identity = b->command.identity,
		.script = b->command.script,
		.cwd = b->workspace.cwd,
		.cwd_identity = b->workspace.cwd_identity,
		.workspace = b->workspace.path,
		.workspace_identity = b->workspace.identity,
		.umask = 022 };

	return cordon_launch_send_launch(b->link, &launch, fds, 3, err);
}

/* Waits for the end of one run in the launcher. */
static int
await_launch(struct bench *b, struct cordon_error *err)
{
	struct cordon_launch_event event;

	for (;;) {
		const int got = cordon_launch_receive(b->link, &event, err);

		if (got < 0)
			return -1;
		if (got == 0)
			return cordon_fail(err, CORDON_EPEER, 0, "the launcher has gone");
		if (event.message == CORDON_LAUNCH_FAILED) {
			*err = event.failure;
			return -1;
		}
		if (event.message == CORDON_LAUNCH_EXITED)
			return event.exited.status == 0 ? 0
							: cordon_fail(err, CORDON_ESYS, 0,
								  "/bin/true ended with status %d",
								  event.exited.status);
	}
}

/* Starts a program with the null device as its streams; output >= 0: as its standard output. */
static pid_t
spawn(const struct bench *b, enum kind kind, char *const *argv, int output,
	struct cordon_error *err)
{
	char *const environment[] = { (char *)(uintptr_t) "PATH=/usr/bin:/bin",
		(char *)(uintptr_t) "HOME=/nonexistent", NULL };
	posix_spawn_file_actions_t actions;
	char filter[PATH_MAX + 32];
	pid_t pid = -1;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, b->null, 0);
	posix_spawn_file_actions_adddup2(&actions, output >= 0 ? output : b->null, 1);
	if (kind == BWRAP) {
		snprintf(filter, sizeof(filter), "%s/filter", b->scratch);
		posix_spawn_file_actions_addopen(&actions, 3, filter, O_RDONLY, 0);
	}
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0)
		return cordon_fail(err, CORDON_ESYS, error, "could not start '%s'", argv[0]);
	return pid;
}

static int
check_status(enum kind kind, int status, struct cordon_error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return cordon_fail(err, CORDON_ESYS, 0, "%s failed with wait status 0x%x", kind_names[kind],
		(unsigned)status);
}

static int
begin(struct bench *b, enum kind kind, struct cordon_error *err)
{
	char *bare[] = { (char *)(uintptr_t) "/bin/true", NULL };
	char *const *argv = kind == BARE    ? bare
			    : kind == BWRAP ? b->bwrap_line.items
					    : b->cordon_line.items;

	if (kind == LAUNCHER)
		return send_launch(b, err);
	return spawn(b, kind, argv, -1, err) < 0 ? -1 : 0;
}

static int
await(struct bench *b, enum kind kind, struct cordon_error *err)
{
	int status = 0;

	if (kind == LAUNCHER)
		return await_launch(b, err);
	/* No other child ends: the launcher lives as long as we do. */
	if (waitpid(-1, &status, 0) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not wait");
	return check_status(kind, status, err);
}

/* series */

static int
ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* samples are sorted. */
static double
quantile(const double *samples, size_t count, double q)
{
	return samples[(size_t)(q * (double)(count - 1) + 0.5)];
}

static int
measure_launches(struct bench *b, uint32_t rounds, double *samples[KINDS], struct cordon_error *err)
{
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < KINDS; i++) {
			const enum kind kind = (enum kind)((round + i) % KINDS);
			const uint64_t start = now_ns();

			if (begin(b, kind, err) < 0 || await(b, kind, err) < 0)
				return cordon_while(err, "%s", kind_names[kind]);
			samples[kind][round] = (double)(now_ns() - start) / 1000.0;
		}
	}
	for (int kind = 0; kind < KINDS; kind++)
		qsort(samples[kind], rounds, sizeof(double), ascending);
	return 0;
}

/* Launches per second with two under way. */
static int
measure_rate(struct bench *b, enum kind kind, uint32_t count, double *ret, struct cordon_error *err)
{
	const uint64_t start = now_ns();

	if (begin(b, kind, err) < 0)
		return -1;
	for (uint32_t i = 1; i < count; i++)
		if (begin(b, kind, err) < 0 || await(b, kind, err) < 0)
			return -1;
	if (await(b, kind, err) < 0)
		return -1;
	*ret = (double)count * 1e9 / (double)(now_ns() - start);
	return 0;
}

static int
measure_rates(struct bench *b, uint32_t rounds, double ret[KINDS], struct cordon_error *err)
{
	const uint32_t count = rounds / RATE_BLOCKS < 2 ? 2 : rounds / RATE_BLOCKS;
	double rates[KINDS][RATE_BLOCKS];

	for (int block = 0; block < RATE_BLOCKS; block++)
		for (int kind = 0; kind < KINDS; kind++)
			if (measure_rate(b, (enum kind)kind, count, &rates[kind][block], err) < 0)
				return cordon_while(err, "two at a time: %s", kind_names[kind]);
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(rates[kind], RATE_BLOCKS, sizeof(double), ascending);
		ret[kind] = quantile(rates[kind], RATE_BLOCKS, 0.5);
	}
	return 0;
}

/* system calls */

struct call_cost {
	double plain, compared; /* nanoseconds */
};

static int
read_call_cost(struct bench *b, enum kind kind, char *const *argv, struct call_cost *ret,
	struct cordon_error *err)
{
	char text[128];
	int ends[2], status = 0;
	pid_t pid;
	ssize_t size;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	pid = spawn(b, kind, argv, ends[1], err);
	cordon_fd_close_p(&ends[1]);
	size = pid < 0 ? -1 : cordon_fd_read_full(ends[0], text, sizeof(text) - 1);
	cordon_fd_close_p(&ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || check_status(kind, status, err) < 0)
		return cordon_while(err, "callcost");
	text[size < 0 ? 0 : size] = '\0';
	if (sscanf(text, "%lf %lf", &ret->plain, &ret->compared) != 2)
		return cordon_fail(err, CORDON_EPEER, 0, "callcost said '%s'", text);
	return 0;
}

static void
keep_least(struct call_cost *least, const struct call_cost *now)
{
	least->plain = now->plain < least->plain ? now->plain : least->plain;
	least->compared = now->compared < least->compared ? now->compared : least->compared;
}

static int
measure_calls(struct bench *b, uint32_t rounds, struct call_cost *ret_outside,
	struct call_cost *ret_inside, struct cordon_error *err)
{
	const int repeats = rounds < 50 ? 1 : CALL_REPEATS;
	struct command_line outside = { 0 }, inside = { 0 };
	char program[PATH_MAX + 16];

	snprintf(program, sizeof(program), "%s/callcost", b->workspace.path);
	add(&outside, program);
	add(&outside, CALL_SERIES);
	add3(&inside, b->cordon, "run", "--workspace");
	add3(&inside, b->workspace_name, "--", program);
	add(&inside, CALL_SERIES);
	*ret_outside = *ret_inside = (struct call_cost){ 1e9, 1e9 };
	for (int i = 0; i < repeats; i++) {
		struct call_cost now;

		if (read_call_cost(b, BARE, outside.items, &now, err) < 0)
			return -1;
		keep_least(ret_outside, &now);
		if (read_call_cost(b, CORDON, inside.items, &now, err) < 0)
			return -1;
		keep_least(ret_inside, &now);
	}
	return 0;
}

/* the report */

static void
print_budget(const char *path, const char *budget, double measured, int last)
{
	printf("    {\"path\": \"%s\", \"budget\": \"%s\", \"measured\": %.2f}%s\n", path, budget,
		measured, last ? "" : ",");
}

static void
print_report(uint32_t rounds, double *samples[KINDS], const double rates[KINDS],
	const struct call_cost *outside, const struct call_cost *inside)
{
	double median[KINDS];

	printf("{\n  \"bench\": \"launch\", \"rounds\": %" PRIu32
	       ", \"uid\": %u, \"unit\": \"us\",\n",
		rounds, (unsigned)geteuid());
	for (int k = 0; k < KINDS; k++) {
		median[k] = quantile(samples[k], rounds, 0.5);
		printf("  \"%s\": {\"median\": %.1f, \"p10\": %.1f, \"p90\": %.1f, "
		       "\"perSecondTwoAtATime\": %.1f},\n",
			kind_names[k], median[k], quantile(samples[k], rounds, 0.1),
			quantile(samples[k], rounds, 0.9), rates[k]);
	}
	printf("  \"systemCallNs\": {\"getppid\": {\"outside\": %.1f, \"inside\": %.1f, \"added\": "
	       "%.1f},\n"
	       "    \"personality\": {\"outside\": %.1f, \"inside\": %.1f, \"added\": %.1f}},\n",
		outside->plain, inside->plain, inside->plain - outside->plain, outside->compared,
		inside->compared, inside->compared - outside->compared);
	printf("  \"budgets\": [\n");
	print_budget("cordon run / bubblewrap with filter", "at most 0.8",
		median[CORDON] / median[BWRAP], 0);
	print_budget("cold launch - bare spawn, ms", "at most 1.0",
		(median[LAUNCHER] - median[BARE]) / 1000.0, 0);
	print_budget("cold launch / bubblewrap with filter", "none",
		median[LAUNCHER] / median[BWRAP], 0);
	print_budget("two at a time, launcher / bubblewrap with filter", "at least 3",
		rates[LAUNCHER] / rates[BWRAP], 0);
	print_budget("two at a time, cordon run / bubblewrap with filter", "none",
		rates[CORDON] / rates[BWRAP], 0);
	print_budget("system call without argument checks, added ns", "at most 15",
		inside->plain - outside->plain, 1);
	printf("  ]\n}\n");
}

static int
run(struct bench *b, uint32_t rounds, struct cordon_error *err)
{
	double *samples[KINDS] = { 0 }, rates[KINDS];
	struct call_cost outside, inside;
	int result = -1;

	for (int k = 0; k < KINDS; k++) {
		samples[k] = cordon_array(rounds, sizeof(double));
		if (samples[k] == NULL)
			goto out;
	}
	if (prepare_plan(b, err) < 0 || write_filter(b, err) < 0 || make_bwrap_line(b, err) < 0 ||
		start_launcher(b, err) < 0)
		goto out;
	make_cordon_line(b);
	for (int k = 0; k < KINDS; k++) /* once for the caches */
		if (begin(b, (enum kind)k, err) < 0 || await(b, (enum kind)k, err) < 0) {
			(void)cordon_while(err, "%s", kind_names[k]);
			goto out;
		}
	if (measure_launches(b, rounds, samples, err) < 0 ||
		measure_rates(b, rounds, rates, err) < 0 ||
		measure_calls(b, rounds, &outside, &inside, err) < 0)
		goto out;
	print_report(rounds, samples, rates, &outside, &inside);
	result = 0;
out:
	for (int k = 0; k < KINDS; k++)
		free(samples[k]);
	return result;
}

/* The generated files and the filter are small and known by name. */
static void
remove_scratch(const struct bench *b)
{
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < b->plan.file_count; i++) {
		snprintf(path, sizeof(path), "%s/file%zu", b->scratch, i);
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/filter", b->scratch);
	(void)unlink(path);
	(void)rmdir(b->scratch);
}

int
main(int argc, char **argv)
{
	struct bench b = { .link = -1, .pidfd = -1, .lifeline = -1, .null = -1 };
	struct cordon_error err = { 0 };
	uint32_t rounds = 0;
	int result;

	if (argc != 6 || cordon_parse_u32(argv[5], 2, ROUNDS_MAX, &rounds, &err) < 0) {
		fputs("usage: bench_launch CORDON CORDON-LAUNCHER BWRAP WORKSPACE ROUNDS\n",
			stderr);
		return 2;
	}
	b.cordon = argv[1];
	b.launcher = argv[2];
	b.bwrap = argv[3];
	b.workspace_name = argv[4];
	snprintf(b.scratch, sizeof(b.scratch), "/tmp/bench.XXXXXX");
	if (mkdtemp(b.scratch) == NULL) {
		perror("bench_launch: could not make a directory");
		return 1;
	}
	result = run(&b, rounds, &err);
	if (result < 0)
		fprintf(stderr, "bench_launch: %s\n", err.text);
	remove_scratch(&b);
	return result < 0;
}
