/* calls: none */
#include "run_notices.h"

#include "answers.h"
#include "rpc.h"
#include "run_answers.h"
#include "run_pipes.h"
#include "runs.h"

static void
has_news(struct run *run)
{
	struct runs *r = &run->rpc->runs;

	if (run->has_news || !run->notify || run->released || run->cancelled)
		return;
	run->has_news = 1;
	run->next_news = NULL;
	if (r->last_news == NULL)
		r->news = run_ref(run);
	else
		r->last_news->next_news = run_ref(run);
	r->last_news = run;
}

void
run_notices_output(struct run *run)
{
	has_news(run);
	for (struct request *q = run->waiters, *next; q != NULL; q = next) {
		next = q->next;
		if (q->kind == REQUEST_READ && chunks_after(&run->chunks, q->first) != NULL)
			request_ready(run->rpc, q, run_answer_read);
	}
}

void
run_notices_ended(struct run *run)
{
	has_news(run);
	for (struct request *q = run->waiters, *next; q != NULL; q = next) {
		next = q->next;
		if (q->kind == REQUEST_READ)
			request_ready(run->rpc, q, run_answer_read);
		else if (q->kind == REQUEST_WAIT)
			request_ready(run->rpc, q, run_answer_result);
		else if (q->kind == REQUEST_TERMINAL_WAIT)
			request_ready(run->rpc, q, run_answer_terminal_exit);
		else if (q->kind == REQUEST_RELEASE)
			request_succeed(run->rpc, q);
	}
}

int
run_notices_any(const struct rpc *rpc)
{
	return rpc->runs.news != NULL;
}

static void
render_chunk(struct run *run, const struct chunk *chunk)
{
	struct cordon_json *j = notice_begin("process/output");
	const uint64_t seq = chunk->seq;

	if (j != NULL) {
		cordon_json_string(j, "run", run->name);
		run_answer_put_chunk(j, chunk);
	}
	notice_end(run->rpc, j);
	chunks_seen(&run->chunks, seq);
}

static void
render_exit(struct run *run)
{
	struct cordon_json *j = notice_begin("process/exited");

	if (j != NULL) {
		cordon_json_string(j, "run", run->name);
		cordon_json_object(j, "result");
		run_answer_put_result(run, j);
		cordon_json_end(j);
	}
	notice_end(run->rpc, j);
	run_told(run);
}

int
run_notices_render_one(struct rpc *rpc)
{
	struct runs *r = &rpc->runs;
	struct run *run = r->news;
	const struct chunk *chunk;

	if (run == NULL)
		return 0;
	r->news = run->next_news;
	if (r->news == NULL)
		r->last_news = NULL;
	run->has_news = 0;
	if (!run->released && run->state != RUN_GONE) {
		chunk = chunks_after(&run->chunks, run->chunks.seen);
		if (chunk != NULL)
			render_chunk(run, chunk);
		if (chunks_after(&run->chunks, run->chunks.seen) != NULL)
			has_news(run);
		else if (run->state == RUN_ENDED && !run->is_told)
			render_exit(run);
		run_pipes_watch(run); /* one that was blocked */
	}
	run_unref(run);
	return 1;
}
