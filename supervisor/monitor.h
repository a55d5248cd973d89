/* The monitor of one run for `cordon run`: launcher, link, streams, limits, and what came of it. */
#pragma once

#include <stdint.h>

#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "stream.h"

/* Why a run ended; the words of the result. */
enum run_reason {
	REASON_EXIT,
	REASON_SIGNAL,
	REASON_TIMEOUT,
	REASON_MEMORY,
	REASON_OUTPUT,
	REASON_REFUSED_CALL,
	REASON_KILLED,
	REASON_REFUSED, /* never started: policy */
	REASON_SETUP, /* never started: cordon could not */
	REASON_COUNT
};

struct run_request {
	const struct cordon_plan *plan;
	struct cordon_launch launch;
	uint64_t wall_ms, output_bytes; /* UINT64_MAX: no limit */
	int count_output; /* output must pass through us */
};

struct run_outcome {
	enum run_reason reason;
	int exit_code; /* of cordon itself */
	struct cordon_error error; /* what to tell people; text "" for nothing */
	int started;
	struct cordon_started start;
	struct cordon_exited exited;
	uint64_t wall_ms, stdout_bytes, stderr_bytes;
	int counted; /* the byte counts are known */
};

const char *run_reason_name(enum run_reason reason);

/* Runs it to its end. Everything that can go wrong is an outcome. launcher_link and launcher_pidfd:
 * from cordon_launcher_fork; taken. */
void monitor_run(const struct run_request *request, int launcher_link, int launcher_pidfd,
	struct run_outcome *outcome);
