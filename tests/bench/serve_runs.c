/* process/run in alternation with a bare spawn and with bubblewrap, in a rotating order.
 *
 * The launcher makes sandboxes ahead in the background. One series finds them, since each measurement
 * comes after a pause; one cannot have them; and one, behind the others, has its runs in a row, faster than
 * they are made. */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "series.h"

#define RATE_BLOCKS 7

void
pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* count runs, of which so many are under way at a time. */
static int
run_many(struct client *c, uint32_t count, uint32_t at_once, struct cordon_error *err)
{
	uint64_t id;

	for (uint32_t sent = 0, answered = 0; answered < count;) {
		if (sent < count && sent < answered + at_once) {
			if (client_send(c, "process/run", CLIENT_TRUE, &id, err) < 0)
				return -1;
			sent++;
		} else {
			if (client_answer(c, &id, NULL, err) < 0)
				return cordon_while(err, "process/run");
			answered++;
		}
	}
	return 0;
}

static int
run_one(struct bench *b, struct client *c, enum run_kind kind, struct cordon_error *err)
{
	pid_t pid;

	if (kind == RUN_POOLED || kind == RUN_ROW)
		return client_run(c, CLIENT_TRUE, err);
	if (kind == RUN_COLD)
		return client_run(c, CLIENT_TRUE_COLD, err);
	pid = peer_begin_true(&b->peer, kind == RUN_SPAWN ? PEER_BARE : PEER_BWRAP, err);
	return pid < 0 ? -1 : peer_await(pid, err);
}

/* How many runs of this monitor had a sandbox made ahead, so far; -1: it does not say. */
static double
count_ahead(struct bench *b, pid_t monitor)
{
	struct command_line line = { 0 };
	struct cordon_error ignored;
	char text[16384], which[40];
	const char *found;
	ssize_t size;
	int ends[2];
	pid_t pid;

	command_line_add3(&line, b->cordon, "status", "--json");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = peer_spawn(&b->peer, PEER_BARE, line.items, ends[1], &ignored);
	cordon_fd_close_p(&ends[1]);
	size = pid < 0 ? -1 : cordon_fd_read_full(ends[0], text, sizeof(text) - 1);
	cordon_fd_close_p(&ends[0]);
	if (pid < 0 || peer_await(pid, &ignored) < 0 || size < 0)
		return -1;
	text[size] = '\0';
	snprintf(which, sizeof(which), "{\"monitor\":%d,", monitor);
	found = strstr(text, which);
	found = found == NULL ? NULL : strstr(found, "\"pooled\":");
	return found == NULL ? -1 : strtod(found + 9, NULL);
}

static int
measure_one(struct bench *b, struct client *c, enum run_kind kind, uint32_t round,
	struct runs_found *found, struct cordon_error *err)
{
	const uint64_t start = now_ns();

	if (run_one(b, c, kind, err) < 0)
		return -1;
	found->samples[kind][round] = (double)(now_ns() - start) / 1000.0;
	return 0;
}

static int
measure_series(
	struct bench *b, struct server *s, struct runs_found *found, struct cordon_error *err)
{
	const double before = count_ahead(b, s->pid);
	double between, after;

	for (uint32_t round = 0; round < b->rounds; round++)
		for (uint32_t i = 0; i < RUN_ROW; i++) {
			pause_ms(REFILL_MS);
			if (measure_one(b, &s->client, (enum run_kind)((round + i) % RUN_ROW),
				    round, found, err) < 0)
				return -1;
		}
	between = count_ahead(b, s->pid);
	for (uint32_t round = 0; round < b->rounds; round++)
		if (measure_one(b, &s->client, RUN_ROW, round, found, err) < 0)
			return -1;
	after = count_ahead(b, s->pid);
	for (int kind = 0; kind < RUN_KINDS; kind++)
		series_sort(found->samples[kind], b->rounds);
	/* The cold ones have none. */
	found->ahead[RUN_POOLED] = before < 0 || between < 0 ? -1 : (between - before) / b->rounds;
	found->ahead[RUN_ROW] = between < 0 || after < 0 ? -1 : (after - between) / b->rounds;
	return 0;
}

/* Two at a time. The server is a child too, so that the one that began first is waited for. */
static int
bwrap_many(struct bench *b, uint32_t count, struct cordon_error *err)
{
	pid_t first = peer_begin_true(&b->peer, PEER_BWRAP, err);

	for (uint32_t i = 1; i < count; i++) {
		const pid_t next = first < 0 ? -1 : peer_begin_true(&b->peer, PEER_BWRAP, err);

		if (next < 0 || peer_await(first, err) < 0)
			return -1;
		first = next;
	}
	return first < 0 ? -1 : peer_await(first, err);
}

static int
measure_rates(struct bench *b, struct client *c, struct runs_found *found, struct cordon_error *err)
{
	const uint32_t count = b->rounds / RATE_BLOCKS < 4 ? 4 : b->rounds / RATE_BLOCKS;
	double rates[3][RATE_BLOCKS];

	for (int block = 0; block < RATE_BLOCKS; block++)
		for (int kind = 0; kind < 3; kind++) {
			const uint64_t start = now_ns();

			if ((kind == 0 ? bwrap_many(b, count, err)
				       : run_many(c, count, kind == 1 ? 2 : 4, err)) < 0)
				return -1;
			rates[kind][block] = count * 1e9 / (double)(now_ns() - start);
		}
	for (int kind = 0; kind < 3; kind++)
		series_sort(rates[kind], RATE_BLOCKS);
	found->bwrap_two = quantile(rates[0], RATE_BLOCKS, 0.5);
	found->two = quantile(rates[1], RATE_BLOCKS, 0.5);
	found->four = quantile(rates[2], RATE_BLOCKS, 0.5);
	return 0;
}

static struct cpu_cost
cpu_now(pid_t monitor)
{
	return (struct cpu_cost){ .monitor = process_cpu_us(monitor),
		.rpc = process_cpu_us(process_child(monitor, "cordon-rpc")),
		.launcher = process_cpu_us(process_child(monitor, "cordon-launcher")) };
}

void
cpu_cost_begin(pid_t monitor, struct cpu_cost *cost)
{
	*cost = cpu_now(monitor);
}

void
cpu_cost_end(pid_t monitor, struct cpu_cost *cost, uint32_t runs)
{
	const struct cpu_cost now = cpu_now(monitor);

	cost->monitor = (now.monitor - cost->monitor) / runs;
	cost->rpc = (now.rpc - cost->rpc) / runs;
	cost->launcher = (now.launcher - cost->launcher) / runs;
}

int
measure_runs(struct bench *b, struct runs_found *found, struct cordon_error *err)
{
	struct server s;
	int result = -1;

	*found = (struct runs_found){ 0 };
	for (int kind = 0; kind < RUN_KINDS; kind++) {
		found->samples[kind] = cordon_array(b->rounds, sizeof(double));
		if (found->samples[kind] == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep samples");
	}
	if (server_start(&s, b->cordon, b->peer.workspace_name, err) == 0 &&
		run_many(&s.client, 4, 2, err) == 0) { /* for the caches */
		if (measure_series(b, &s, found, err) == 0 &&
			measure_rates(b, &s.client, found, err) == 0) {
			cpu_cost_begin(s.pid, &found->cpu);
			result = run_many(&s.client, b->rounds, 1, err);
			cpu_cost_end(s.pid, &found->cpu, b->rounds);
		}
	}
	server_stop(&s);
	return result;
}

void
runs_found_finish(struct runs_found *found)
{
	for (int kind = 0; kind < RUN_KINDS; kind++)
		free(found->samples[kind]);
}
