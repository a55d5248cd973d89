/* process/run and process/start: what a run is to be. */
#pragma once

#include "calls.h"

call_fn run_run, run_start;

struct run_wish;
struct rpc_start;

#define RUN_OUTPUT_LIMIT     (1u << 20) /* bytes kept, when nothing is said */
#define RUN_OUTPUT_LIMIT_MAX (16u << 20)
#define RUN_MS_MAX           (366ull * 24 * 60 * 60 * 1000)
/* Of a size or a count. */
#define RUN_NUMBER_MAX ((uint64_t)INT64_MAX)

/* A start with nothing given. */
void run_start_init(struct rpc_start *start);
