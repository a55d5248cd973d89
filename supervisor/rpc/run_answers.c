/* calls: none */
#include "run_answers.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/base64.h>
#include <cordon/run_result.h>

#include "answers.h"
#include "rpc.h"
#include "run_pipes.h"
#include "runs.h"

/* The monitor's words, and what was counted here. */
static int
read_result(const struct run *run, struct run_result *ret)
{
	struct cordon_reader r = { .at = run->result, .left = run->result_size };

	if (run_result_decode(&r, ret) < 0)
		return -1;
	ret->stdout_bytes = run->printed[1];
	ret->stderr_bytes = run->printed[2];
	return 0;
}

void
run_answer_put_result(const struct run *run, struct cordon_json *j)
{
	struct run_result result;

	if (read_result(run, &result) == 0)
		run_result_put(&result, j);
}

void
run_answer_put_chunk(struct cordon_json *j, const struct chunk *chunk)
{
	cordon_json_u64(j, "seq", chunk->seq);
	cordon_json_string(j, "stream", chunk->stream == 1 ? "stdout" : "stderr");
	base64_put(j, chunk->data, chunk->size);
}

static void
put_output(struct cordon_json *j, const char *key, const struct output *o)
{
	struct output_text text = { 0 };

	cordon_json_object(j, key);
	if (output_text(o, &text) == 0) {
		base64_put(j, text.data, text.size);
		cordon_json_u64(j, "bytes", o->bytes);
		cordon_json_u64(j, "truncated", text.dropped);
		if (text.dropped > 0)
			cordon_json_u64(j, "gapAt", text.gap_at);
		free(text.data);
	} else {
		cordon_json_string(j, "text", "");
		cordon_json_u64(j, "bytes", o->bytes);
		cordon_json_u64(j, "truncated", o->bytes);
	}
	cordon_json_end(j);
}

void
run_answer_whole(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct run *run = request->run;

	(void)rpc;
	run_answer_put_result(run, j);
	put_output(j, "stdout", &run->kept[0]);
	put_output(j, "stderr", &run->kept[1]);
	run_told(run);
}

void
run_answer_started(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	const struct run *run = request->run;

	(void)rpc;
	cordon_json_string(j, "run", run->name);
	cordon_json_u64(j, "pid", run->pid);
	cordon_json_string(j, "decision", run->decision);
	answer_put_text(j, "rule", run->rule);
}

void
run_answer_read(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct run *run = request->run;
	struct chunks *c = &run->chunks;
	const struct chunk *chunk;
	uint64_t after = request->first, left = request->second;

	(void)rpc;
	cordon_json_array(j, "chunks");
	while ((chunk = chunks_after(c, after)) != NULL) {
		/* One is always given, or a small maxBytes would never get past a large piece. */
		if (after != request->first && chunk->size > left)
			break;
		cordon_json_object(j, NULL);
		run_answer_put_chunk(j, chunk);
		cordon_json_end(j);
		after = chunk->seq;
		left -= chunk->size < left ? chunk->size : left;
		if (left == 0)
			break;
	}
	cordon_json_end(j);
	if (chunks_after(c, after) == NULL && after < c->last)
		after = c->last; /* what was there is not kept any more */
	cordon_json_u64(j, "nextSeq", after + 1);
	if (!run->notify) {
		chunks_seen(c, after);
		run_pipes_watch(run);
	}
	if (run->state == RUN_LIVE || chunks_after(c, after) != NULL) {
		cordon_json_bool(j, "exited", 0);
		return;
	}
	cordon_json_bool(j, "exited", 1);
	cordon_json_object(j, "result");
	run_answer_put_result(run, j);
	cordon_json_end(j);
}

void
run_answer_result(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)rpc;
	run_answer_put_result(request->run, j);
}

void
run_answer_terminal(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)rpc;
	cordon_json_string(j, "terminalId", request->run->name);
}

static void
put_exit(const struct run *run, struct cordon_json *j)
{
	struct run_result result;

	if (read_result(run, &result) < 0)
		return;
	if (result.exit_code >= 0)
		cordon_json_i64(j, "exitCode", result.exit_code);
	else
		cordon_json_null(j, "exitCode");
	answer_put_text(j, "signal", result.signal);
}

void
run_answer_terminal_output(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	const struct run *run = request->run;
	struct output_text text = { 0 };

	(void)rpc;
	if (output_text(&run->kept[0], &text) < 0)
		text.dropped = run->kept[0].bytes;
	cordon_json_bytes(j, "output", text.data, text.size);
	cordon_json_bool(j, "truncated", text.dropped > 0);
	free(text.data);
	if (run->state == RUN_ENDED) {
		cordon_json_object(j, "exitStatus");
		put_exit(run, j);
		cordon_json_end(j);
	} else {
		cordon_json_null(j, "exitStatus");
	}
}

void
run_answer_terminal_exit(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)rpc;
	put_exit(request->run, j);
}

int
run_answer_status(const struct run *run)
{
	struct run_result result;

	return read_result(run, &result) < 0 ? -1 : result.exit_code;
}

static void
put_listed(void *context, struct run *run)
{
	struct cordon_json *j = context;

	if (run->kind == RUN_TERMINAL || run->released || run->is_ours)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "run", run->name);
	answer_put_text(j, "label", run->label);
	answer_put_text(j, "session", run->session);
	cordon_json_u64(j, "pid", run->pid);
	cordon_json_string(j, "state", run->state == RUN_LIVE ? "running" : "exited");
	cordon_json_end(j);
}

void
run_answer_list(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)request;
	cordon_json_array(j, "runs");
	runs_each(rpc, put_listed, j);
	cordon_json_end(j);
}
