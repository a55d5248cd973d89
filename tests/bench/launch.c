/* What a launch costs: bench_launch CORDON CORDON-LAUNCHER BWRAP WORKSPACE ROUNDS.
 *
 * Four ways to start /bin/true, in alternation and with a rotating order, so that what the machine does
 * meanwhile falls on all of them: a bare spawn; bubblewrap (see peer.h); `cordon run`; and a cold launch
 * in a launcher that is already there. Then the same two at a time, and what a system call costs inside.
 * WORKSPACE holds a copy of callcost.
 *
 * Prints JSON; times are microseconds. Nothing here judges a time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launch_proto.h>
#include <cordon/launcher.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "peer.h"
#include "series.h"

#define CALL_SERIES  "500"
#define CALL_REPEATS 5
#define RATE_BLOCKS  7

enum kind { BARE, BWRAP, CORDON, LAUNCHER, KINDS };

static const char *const kind_names[KINDS] = { "spawn", "bubblewrap", "cordonRun", "launcherCold" };

struct bench {
	const char *cordon, *launcher;
	struct peer peer;
	struct command_line line; /* of cordon run */
	int link, pidfd, lifeline;
	uint64_t next_run;
};

static void
make_line(struct bench *b)
{
	command_line_add3(&b->line, b->cordon, "run", "--workspace");
	command_line_add3(&b->line, b->peer.workspace_name, "--", "/bin/true");
}

static int
start_launcher(struct bench *b, struct cordon_error *err)
{
	CORDON_CLOSE int read_end = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make the lifeline");
	read_end = ends[0];
	b->lifeline = ends[1];
	if (cordon_launcher_exec(b->launcher, &b->link, &b->pidfd, err) < 0 ||
		cordon_launch_send_hello(b->link, read_end, err) < 0)
		return -1;
	return cordon_launch_send_plan(b->link, 1, &b->peer.plan, err);
}

/* one launch */

static int
send_launch(struct bench *b, struct cordon_error *err)
{
	char *argv[] = { (char *)(uintptr_t) "/bin/true", NULL };
	struct peer *p = &b->peer;
	const int fds[3] = { p->null, p->null, p->null };
	const struct cordon_launch launch = { .run = ++b->next_run,
		.plan = 1,
		.argv = argv,
		.env = p->env,
		.exe = p->command.path,
		.exe_identity = p->command.identity,
		.script = p->command.script,
		.cwd = p->workspace.cwd,
		.cwd_identity = p->workspace.cwd_identity,
		.workspace = p->workspace.path,
		.workspace_identity = p->workspace.identity,
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

static int
begin(struct bench *b, enum kind kind, struct cordon_error *err)
{
	pid_t pid;

	if (kind == LAUNCHER)
		return send_launch(b, err);
	if (kind == CORDON)
		pid = peer_spawn(&b->peer, PEER_BARE, b->line.items, -1, err);
	else
		pid = peer_begin_true(&b->peer, kind == BARE ? PEER_BARE : PEER_BWRAP, err);
	return pid < 0 ? -1 : 0;
}

/* No other child ends: the launcher lives as long as we do. */
static int
await(struct bench *b, enum kind kind, struct cordon_error *err)
{
	return kind == LAUNCHER ? await_launch(b, err) : peer_await(-1, err);
}

/* series */

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
		series_sort(samples[kind], rounds);
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
		series_sort(rates[kind], RATE_BLOCKS);
		ret[kind] = quantile(rates[kind], RATE_BLOCKS, 0.5);
	}
	return 0;
}

/* system calls */

struct call_cost {
	double plain, compared; /* nanoseconds */
};

static int
read_call_cost(struct bench *b, char *const *argv, struct call_cost *ret, struct cordon_error *err)
{
	char text[128];
	int ends[2];
	pid_t pid;
	ssize_t size;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	pid = peer_spawn(&b->peer, PEER_BARE, argv, ends[1], err);
	cordon_fd_close_p(&ends[1]);
	size = pid < 0 ? -1 : cordon_fd_read_full(ends[0], text, sizeof(text) - 1);
	cordon_fd_close_p(&ends[0]);
	if (pid < 0 || peer_await(pid, err) < 0)
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

	snprintf(program, sizeof(program), "%s/callcost", b->peer.workspace.path);
	command_line_add(&outside, program);
	command_line_add(&outside, CALL_SERIES);
	command_line_add3(&inside, b->cordon, "run", "--workspace");
	command_line_add3(&inside, b->peer.workspace_name, "--", program);
	command_line_add(&inside, CALL_SERIES);
	*ret_outside = *ret_inside = (struct call_cost){ 1e9, 1e9 };
	for (int i = 0; i < repeats; i++) {
		struct call_cost now;

		if (read_call_cost(b, outside.items, &now, err) < 0)
			return -1;
		keep_least(ret_outside, &now);
		if (read_call_cost(b, inside.items, &now, err) < 0)
			return -1;
		keep_least(ret_inside, &now);
	}
	return 0;
}

/* the report */

static void
print_report(uint32_t rounds, double *samples[KINDS], const double rates[KINDS],
	const struct call_cost *outside, const struct call_cost *inside)
{
	double median[KINDS];
	char more[64];

	printf("{\n  \"bench\": \"launch\", \"rounds\": %" PRIu32
	       ", \"uid\": %u, \"unit\": \"us\",\n",
		rounds, (unsigned)geteuid());
	for (int k = 0; k < KINDS; k++) {
		median[k] = quantile(samples[k], rounds, 0.5);
		snprintf(more, sizeof(more), ", \"perSecondTwoAtATime\": %.1f", rates[k]);
		print_series(kind_names[k], samples[k], rounds, more);
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
	if (peer_begin(&b->peer, err) < 0 || start_launcher(b, err) < 0)
		goto out;
	make_line(b);
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

int
main(int argc, char **argv)
{
	struct bench b = { .peer.null = -1, .link = -1, .pidfd = -1, .lifeline = -1 };
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
	b.peer.bwrap = argv[3];
	b.peer.workspace_name = argv[4];
	result = run(&b, rounds, &err);
	if (result < 0)
		fprintf(stderr, "bench_launch: %s\n", err.text);
	peer_finish(&b.peer);
	return result < 0;
}
