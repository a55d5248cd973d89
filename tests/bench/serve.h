/* What a pipe costs: the parts of bench_serve, and what each finds. Times are microseconds. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "client.h"
#include "peer.h"
#include "process.h"

struct bench {
	const char *cordon;
	struct peer peer;
	uint32_t rounds;
	int brief; /* so few rounds that only the way is tried */
};

/* serve_runs.c: process/run of /bin/true. */
enum run_kind { RUN_SPAWN, RUN_BWRAP, RUN_PAUSED, RUN_ROW, RUN_KINDS };

struct runs_found {
	double *samples[RUN_KINDS]; /* sorted, bench.rounds of each */
	size_t prepared; /* sandboxes that wait in the launcher */
	double two, four, bwrap_two; /* launches a second, so many at a time */
	double monitor_cpu, rpc_cpu, launcher_cpu; /* of a process/run, without the run's own */
};

int measure_runs(struct bench *b, struct runs_found *ret, struct cordon_error *err) CORDON_CHECKED;
void runs_found_finish(struct runs_found *found);

/* serve_live.c: the same while runs live, and memory. */
#define LIVE_LEVELS 3

struct live_level {
	uint32_t live;
	double run, idle, spawn; /* medians: here, in a monitor without runs, and a bare spawn */
	struct process_cost monitor, rpc, launcher;
};

struct live_found {
	struct process_cost monitor, rpc, launcher; /* without runs */
	struct live_level levels[LIVE_LEVELS];
	uint32_t writers_asked, writers; /* runs of profile default that can live at a time */
	struct cordon_error refusal; /* why there were no more of these */
};

int measure_live(struct bench *b, struct live_found *ret, struct cordon_error *err) CORDON_CHECKED;

/* serve_stream.c: output, and what it costs others. */
enum noise { NOISE_NONE, NOISE_BARE, NOISE_CALLER, NOISES };

struct stream_found {
	double bytes; /* of each */
	double bare, notified, wire; /* MB/s: a plain pipe; output as notifications; their lines */
	double ping[NOISES], run[NOISES]; /* p99 of another caller */
};

int measure_stream(
	struct bench *b, struct stream_found *ret, struct cordon_error *err) CORDON_CHECKED;
