/* The monitor of one run for `cordon run`: launcher, link, streams, limits, and what came of it. */
#pragma once

#include <stdint.h>

#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "intent.h"
#include "outcome.h"
#include "run_network.h"

struct run_request {
	const struct cordon_plan *plan;
	struct cordon_launch launch;
	uint64_t wall_ms, output_bytes; /* UINT64_MAX: no limit */
	int count_output; /* output must pass through us */
	struct run_network *network; /* NULL: it has none */
	struct intent *intent; /* was sent; holds the command until it is on record */
};

/* Runs it to its end. Everything that can go wrong is an outcome. launcher_link and launcher_pidfd:
 * from cordon_launcher_fork; taken. Returns the link, for cordon_launcher_await: until then directories of the
 * workspace that were removed may still be open. */
int monitor_run(const struct run_request *request, int launcher_link, int launcher_pidfd,
	struct run_outcome *outcome);
