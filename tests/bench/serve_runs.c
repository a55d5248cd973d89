/* process/run in alternation with a bare spawn and with bubblewrap, in a rotating order.
 *
 * A launcher may keep prepared sandboxes and refill in the background, so there are two series: after a
 * pause, like everything beside it, and in a row, straight behind as many runs as are prepared and one
 * more. Without prepared ones both are cold. */
#include "serve.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <cordon/mem.h>

#include "series.h"

#define PAUSE_MS    10
#define RATE_BLOCKS 7
#define AT_ONCE_MAX 16u

static const char true_params[] = "{\"argv\":[\"/bin/true\"]}";

static void
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
			if (client_send(c, "process/run", true_params, &id, err) < 0)
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

	if (kind == RUN_PAUSED || kind == RUN_ROW)
		return client_run_true(c, err);
	pid = peer_begin_true(&b->peer, kind == RUN_SPAWN ? PEER_BARE : PEER_BWRAP, err);
	return pid < 0 ? -1 : peer_await(pid, err);
}

static int
measure_alternating(
	struct bench *b, struct client *c, struct runs_found *found, struct cordon_error *err)
{
	const uint32_t before =
		found->prepared < AT_ONCE_MAX ? (uint32_t)found->prepared + 1 : AT_ONCE_MAX;

	for (uint32_t round = 0; round < b->rounds; round++)
		for (uint32_t i = 0; i < RUN_KINDS; i++) {
			const enum run_kind kind = (enum run_kind)((round + i) % RUN_KINDS);
			uint64_t start;

			if (kind != RUN_ROW)
				pause_ms(PAUSE_MS);
			else if (run_many(c, before, before, err) < 0)
				return -1;
			start = now_ns();
			if (run_one(b, c, kind, err) < 0)
				return -1;
			found->samples[kind][round] = (double)(now_ns() - start) / 1000.0;
		}
	for (int kind = 0; kind < RUN_KINDS; kind++)
		series_sort(found->samples[kind], b->rounds);
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

/* Time on a processor is less at the mercy of what else the machine does. */
static int
measure_cpu(struct bench *b, struct server *s, struct runs_found *found, struct cordon_error *err)
{
	const pid_t pids[3] = { s->pid, process_child(s->pid, "cordon-rpc"),
		process_child(s->pid, "cordon-launcher") };
	double *const ret[3] = { &found->monitor_cpu, &found->rpc_cpu, &found->launcher_cpu };

	for (int i = 0; i < 3; i++)
		*ret[i] = process_cpu_us(pids[i]);
	if (run_many(&s->client, b->rounds, 1, err) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		*ret[i] = (process_cpu_us(pids[i]) - *ret[i]) / b->rounds;
	return 0;
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
		pause_ms(50);
		found->prepared = process_count_children(process_child(s.pid, "cordon-launcher"));
		if (measure_alternating(b, &s.client, found, err) == 0 &&
			measure_rates(b, &s.client, found, err) == 0 &&
			measure_cpu(b, &s, found, err) == 0)
			result = 0;
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
