/* What the way out of a run costs: bench_net PROGRAMS TINYPROXY DIRECTORY ROUNDS, in a network namespace whose every
 * address is its own (scripts/bench makes it).
 *
 * The same client by four ways to the same server, in alternation and with a rotating order: directly, by a plain relay
 * (net_relay.c), by tinyproxy, and in a run of cordon. New connections, each with a byte there and back, one after another;
 * bulk both ways; and what the memory of what is between grows by for each connection that does nothing.
 *
 * Prints JSON. Nothing here judges a number. */
#include "net.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/mem.h>
#include <cordon/text.h>

#include "net_kinds.h"
#include "series.h"

#define BATCH     8u /* connections of one turn */
#define BULK_MIB  128u
#define FEW       50u /* rounds below which it is a smoke run */
#define IDLE      2000u
#define IDLE_FEW  100u
#define BULK_WAYS 2

static const char *const bulk_names[BULK_WAYS] = { "down", "up" };

struct figures {
	double *connect[NET_KINDS]; /* microseconds */
	size_t connects;
	double *bulk[BULK_WAYS][NET_KINDS]; /* MiB a second */
	size_t bulks;
	double idle[NET_KINDS]; /* bytes a connection */
	uint32_t idles;
};

static int
measure_connects(struct net_world *w, struct figures *f, struct cordon_error *err)
{
	char line[32];

	snprintf(line, sizeof(line), "connect %u", BATCH);
	for (size_t done = 0; done < f->connects; done += BATCH)
		for (size_t i = 0; i < NET_KINDS; i++) {
			const enum net_kind kind = (enum net_kind)((done / BATCH + i) % NET_KINDS);
			char *answer;

			if (net_tell(w, kind, line, &answer, err) < 0)
				return -1;
			for (size_t k = 0; k < BATCH; k++)
				f->connect[kind][done + k] = strtod(answer, &answer);
		}
	return 0;
}

static int
measure_bulk(struct net_world *w, struct figures *f, uint64_t mib, struct cordon_error *err)
{
	for (size_t round = 0; round < f->bulks; round++)
		for (size_t i = 0; i < (size_t)NET_KINDS * BULK_WAYS; i++) {
			const enum net_kind kind = (enum net_kind)((round + i) % NET_KINDS);
			const size_t way = i / NET_KINDS;
			char line[64], *answer;

			snprintf(line, sizeof(line), "%s %" PRIu64, bulk_names[way], mib << 20);
			if (net_tell(w, kind, line, &answer, err) < 0)
				return -1;
			f->bulk[way][kind][round] = (double)mib * 1e6 / strtod(answer, NULL);
		}
	return 0;
}

static int
measure_idle(struct net_world *w, struct figures *f, struct cordon_error *err)
{
	char line[32], *answer;

	for (int k = 0; k < NET_KINDS; k++) {
		const enum net_kind kind = (enum net_kind)k;
		const double before = net_memory_kib(w, kind);

		snprintf(line, sizeof(line), "idle %" PRIu32, f->idles);
		if (net_tell(w, kind, line, &answer, err) < 0)
			return -1;
		f->idle[kind] = (net_memory_kib(w, kind) - before) * 1024 / f->idles;
		if (net_tell(w, kind, "drop", &answer, err) < 0)
			return -1;
	}
	return 0;
}

static void
print_kinds(const char *name, double *const series[NET_KINDS], size_t count)
{
	printf("  \"%s\": {\n", name);
	for (int k = 0; k < NET_KINDS; k++)
		series_sort(series[k], count);
	for (int k = 0; k < NET_KINDS; k++)
		printf("    \"%s\": {\"median\": %.1f, \"p10\": %.1f, \"p90\": %.1f, "
		       "\"ofPlainRelay\": %.2f}%s\n",
			net_kind_names[k], quantile(series[k], count, 0.5),
			quantile(series[k], count, 0.1), quantile(series[k], count, 0.9),
			quantile(series[k], count, 0.5) / quantile(series[NET_RELAY], count, 0.5),
			k + 1 < NET_KINDS ? "," : "");
	printf("  },\n");
}

static double
ratio(double *const series[NET_KINDS], size_t count)
{
	return quantile(series[NET_CORDON], count, 0.5) / quantile(series[NET_RELAY], count, 0.5);
}

static void
print_report(const struct figures *f, uint32_t rounds)
{
	double *const *down = f->bulk[0], *const *up = f->bulk[1];

	/* Sorted by print_kinds, in this order. */
	printf("{\n  \"bench\": \"net\", \"rounds\": %" PRIu32 ", \"uid\": %u,\n", rounds,
		(unsigned)geteuid());
	print_kinds("newConnectionUs", f->connect, f->connects);
	print_kinds("downMiBPerSecond", down, f->bulks);
	print_kinds("upMiBPerSecond", up, f->bulks);
	printf("  \"idleConnectionBytes\": {\"connections\": %" PRIu32, f->idles);
	for (int k = NET_RELAY; k < NET_KINDS; k++)
		printf(", \"%s\": %.0f", net_kind_names[k], f->idle[k]);
	printf("},\n  \"budgets\": [\n");
	print_budget("new connection p50 / plain relay", "at most 1.5",
		ratio(f->connect, f->connects), 0);
	print_budget("bulk down / plain relay", "at least 0.9", ratio(down, f->bulks), 0);
	print_budget("bulk up / plain relay", "at least 0.9", ratio(up, f->bulks), 0);
	print_budget("memory per idle connection, KiB", "at most 4", f->idle[NET_CORDON] / 1024, 1);
	printf("  ]\n}\n");
}

static int
make_room(struct figures *f, uint32_t rounds)
{
	f->connects = (size_t)rounds * BATCH;
	f->bulks = rounds < FEW ? 2 : rounds / 10;
	f->idles = rounds < FEW ? IDLE_FEW : IDLE;
	for (int k = 0; k < NET_KINDS; k++) {
		f->connect[k] = cordon_array(f->connects, sizeof(double));
		if (f->connect[k] == NULL)
			return -1;
		for (int way = 0; way < BULK_WAYS; way++) {
			f->bulk[way][k] = cordon_array(f->bulks, sizeof(double));
			if (f->bulk[way][k] == NULL)
				return -1;
		}
	}
	return 0;
}

static int
run(struct net_world *w, struct figures *f, uint32_t rounds, struct cordon_error *err)
{
	char *answer;

	if (make_room(f, rounds) < 0)
		return cordon_fail(err, CORDON_ELIMIT, 0, "there is no memory");
	if (net_world_begin(w, err) < 0)
		return -1;
	for (int k = 0; k < NET_KINDS; k++) /* once for the caches */
		if (net_tell(w, (enum net_kind)k, "connect 16", &answer, err) < 0)
			return -1;
	if (measure_connects(w, f, err) < 0 ||
		measure_bulk(w, f, rounds < FEW ? 8 : BULK_MIB, err) < 0 ||
		measure_idle(w, f, err) < 0)
		return -1;
	print_report(f, rounds);
	return 0;
}

int
main(int argc, char **argv)
{
	struct net_world world = { 0 };
	struct figures figures = { 0 };
	struct cordon_error err = { 0 };
	uint32_t rounds = 0;
	int result;

	if (argc != 5 || cordon_parse_u32(argv[4], 2, ROUNDS_MAX, &rounds, &err) < 0) {
		fputs("usage: bench_net PROGRAMS TINYPROXY DIRECTORY ROUNDS\n", stderr);
		return 2;
	}
	world.programs = argv[1];
	world.tinyproxy = argv[2];
	world.directory = argv[3];
	result = run(&world, &figures, rounds, &err);
	if (result < 0)
		fprintf(stderr, "bench_net: %s\n", err.text);
	net_world_finish(&world);
	for (int k = 0; k < NET_KINDS; k++) {
		free(figures.connect[k]);
		for (int way = 0; way < BULK_WAYS; way++)
			free(figures.bulk[way][k]);
	}
	return result < 0;
}
