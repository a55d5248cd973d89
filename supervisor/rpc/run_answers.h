/* What is said of a run. */
#pragma once

#include <cordon/json.h>

#include "chunks.h"
#include "requests.h"

struct rpc;
struct run;

/* Members of the result of a run that has ended. */
void run_answer_put_result(const struct run *run, struct cordon_json *j);
/* Members of a piece of output. */
void run_answer_put_chunk(struct cordon_json *j, const struct chunk *chunk);

/* process/run, process/start, process/read (first: afterSeq, second: maxBytes), process/wait. */
request_render_fn run_answer_whole, run_answer_started, run_answer_read, run_answer_result;
/* terminal/create, terminal/output, terminal/wait_for_exit. */
request_render_fn run_answer_terminal, run_answer_terminal_output, run_answer_terminal_exit;
/* What the run itself has exited with; -1: it did not. */
int run_answer_status(const struct run *run);
/* process/list. */
request_render_fn run_answer_list;
