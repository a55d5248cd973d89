/* The life of one run, as this process sees it.
 *
 * calls: none */
#include "runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "rpc.h"
#include "run_answers.h"
#include "run_notices.h"
#include "run_pipes.h"

#define FRESH_MS 5 /* that the pipes of a run are left alone */

enum run_event { EV_STARTED, EV_REFUSED, EV_EXITED, EV_FORGOTTEN, RUN_EVENTS };

static const unsigned char run_next[RUN_STATES][RUN_EVENTS] = {
	[RUN_ASKED] = { [EV_STARTED] = RUN_LIVE, [EV_REFUSED] = RUN_GONE },
	[RUN_LIVE] = { [EV_EXITED] = RUN_ENDED },
	[RUN_ENDED] = { [EV_FORGOTTEN] = RUN_GONE },
};

/* Returns -1 when that may not happen now. */
static int
step(struct run *run, enum run_event event)
{
	const enum run_state next = run_next[run->state][event];

	if (next == RUN_ILLEGAL)
		return -1;
	run->state = next;
	return 0;
}

static void
free_run(struct run *run)
{
	run_pipes_close(run);
	while (run->input.first != NULL)
		(void)input_shift(&run->input);
	output_finish(&run->kept[0]);
	output_finish(&run->kept[1]);
	if (run->chunks.budget != NULL)
		chunks_finish(&run->chunks);
	free(run->result);
	free(run->name);
	free(run->label);
	free(run->session);
	free(run);
}

struct run *
run_ref(struct run *run)
{
	run->refs++;
	return run;
}

void
run_unref(struct run *run)
{
	if (--run->refs == 0)
		free_run(run);
}

/* From now on only its requests know it. */
static void
forget(struct run *run)
{
	if (step(run, EV_FORGOTTEN) < 0)
		return;
	if (run->is_told)
		runs_leave_ended(run);
	else
		run->rpc->runs.live--;
	runs_remove(run);
	if (!run->has_handle && !run->is_ours)
		runs_remember(run->rpc, run->name);
	run_unref(run);
}

static int
take_handle(struct rpc *rpc, const char *handle, struct fault *fault)
{
	struct fault ignored;

	/* Ids of runs without a handle are names like any other. */
	switch (runs_by_name(rpc, handle, &ignored) != NULL
			? HANDLES_REUSED
			: handles_add(&rpc->runs.handles, handle)) {
	case HANDLES_NEW:
		return 0;
	case HANDLES_REUSED:
		return fault_set(fault, FAULT_PARAMS, "run.reused",
			"'run' names a run that there is or was: '%.128s'", handle);
	case HANDLES_FULL:
		break;
	}
	return fault_set(fault, FAULT_LIMIT, "limit.handles",
		"%u handles were given on this link: leave 'run' out, or connect anew",
		HANDLES_MAX);
}

static void
keep_output(struct run *run, const struct run_wish *wish)
{
	struct budget *budget = wish->keep <= RUNS_USUAL ? &run->rpc->kept_small : &run->rpc->kept;

	if (wish->kind == RUN_TERMINAL)
		output_init_newest(&run->kept[0], wish->keep, budget);
	if (wish->kind == RUN_STREAMED)
		chunks_init(&run->chunks, wish->keep, budget);
	run->chunks.must_keep = wish->block;
	for (int i = 0; i < 2 && wish->kind == RUN_WHOLE; i++)
		if (wish->what == RUN_KEEP_FIRST)
			output_init_first(&run->kept[i], wish->keep, budget);
		else
			output_init_halves(&run->kept[i], wish->keep, budget);
}

static struct run *
make_run(struct rpc *rpc, const struct run_wish *wish)
{
	struct run *run = cordon_array(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	*run = (struct run){ .rpc = rpc, .refs = 1, .kind = wish->kind, .state = RUN_ASKED };
	for (int i = 0; i < 3; i++)
		run->pipes[i] = (struct run_pipe){ .run = run, .fd = -1, .stream = i };
	run->tty = wish->tty;
	run->notify = wish->notify;
	run->block = wish->block;
	run->is_ours = wish->is_ours;
	run->wants_input = wish->input;
	run->input.budget = &rpc->input;
	run->input.is_open = wish->input;
	run->input.is_gone = !wish->input;
	run->has_handle = wish->handle != NULL;
	if ((wish->handle != NULL && (run->name = strdup(wish->handle)) == NULL) ||
		(wish->label != NULL && (run->label = strdup(wish->label)) == NULL) ||
		(wish->session != NULL && (run->session = strdup(wish->session)) == NULL)) {
		free_run(run);
		return NULL;
	}
	run->ended = wish->ended;
	keep_output(run, wish);
	return run;
}

static int
send_question(
	struct rpc *rpc, enum rpc_message number, struct cordon_writer *body, struct fault *fault)
{
	if (!link_has_room(&rpc->link))
		return fault_set(fault, FAULT_BUSY, "limit.link",
			"the monitor has not taken earlier requests yet");
	if (link_send(&rpc->link, (uint16_t)number, body) < 0)
		return fault_set(fault, FAULT_PARAMS, "limit.arguments",
			"'argv' and 'env' are too long together");
	return 0;
}

/* wish->data is taken. */
static struct run *
begin(struct rpc *rpc, const struct run_wish *wish, enum rpc_message number,
	struct cordon_writer *body, struct fault *fault)
{
	struct run *run = make_run(rpc, wish);
	int result = 0;

	if (run == NULL) {
		free(wish->data);
		fault_set(fault, FAULT_INTERNAL, "limit.memory", "there is no memory for a run");
		return NULL;
	}
	if (wish->data != NULL && input_add(&run->input, NULL, wish->data, wish->size) < 0)
		result = fault_set(
			fault, FAULT_BUSY, "limit.stdin", "too much input waits for runs");
	if (result < 0 || send_question(rpc, number, body, fault) < 0) {
		free_run(run);
		return NULL;
	}
	return run;
}

struct run *
run_ask(struct rpc *rpc, struct request *request, const struct run_wish *wish,
	enum rpc_message number, struct cordon_writer *body, struct fault *fault)
{
	struct runs *r = &rpc->runs;
	struct run *run = NULL;

	if (r->live >= r->live_max) {
		fault_set(fault, FAULT_LIMIT, "limit.runs", "%u runs are live", r->live);
		fault->retryable = 1;
		free(wish->data);
	} else if (wish->handle != NULL && take_handle(rpc, wish->handle, fault) < 0) {
		free(wish->data);
	} else {
		run = begin(rpc, wish, number, body, fault);
		if (run == NULL && wish->handle != NULL)
			handles_remove(&r->handles, wish->handle);
	}
	cordon_writer_finish(body);
	if (run == NULL)
		return NULL;
	r->live++;
	run->asker = request;
	request_attach(request, run);
	return run;
}

/* Its question is answered. */
static struct request *
take_asker(struct run *run)
{
	struct request *asker = run->asker;

	run->asker = NULL;
	return asker;
}

int
run_started(struct run *run, const struct rpc_started *started, struct cordon_message *m)
{
	struct rpc *rpc = run->rpc;

	if (step(run, EV_STARTED) < 0 || runs_by_number(rpc, started->run) != NULL)
		return -1;
	run->number = started->run;
	run->pid = started->pid;
	run->output_limit = started->output_bytes;
	snprintf(run->decision, sizeof(run->decision), "%s", started->decision);
	snprintf(run->rule, sizeof(run->rule), "%s", started->rule);
	if (run->name == NULL)
		run->name = strdup(started->id);
	if (run->name == NULL || run_pipes_take(run, m) < 0)
		return -1;
	runs_add(run);
	if (run->kind == RUN_WHOLE)
		run->input.is_open = 0; /* all of it is queued already */
	run_pipes_feed(run);
	run->next_fresh = rpc->runs.fresh;
	rpc->runs.fresh = run_ref(run);
	if (run->cancelled)
		run_kill(run, RPC_KILL_CANCELLED);
	else if (run->kind != RUN_WHOLE)
		request_answer(rpc, take_asker(run),
			run->kind == RUN_STREAMED ? run_answer_started : run_answer_terminal);
	return 0;
}

static void on_late(void *context);

/* Many runs are over at once; what they printed is in their pipes then, and these need not be watched. Who
 * waits for a run's result does not see the difference. */
static void
watch_fresh(struct rpc *rpc, int is_late)
{
	struct run *run = rpc->runs.fresh, *next;
	struct cordon_error ignored;

	rpc->runs.fresh = NULL;
	for (; run != NULL; run = next) {
		next = run->next_fresh;
		if (run->state == RUN_LIVE && run->kind == RUN_WHOLE && !is_late &&
			run->input.first == NULL) {
			run->next_fresh = rpc->runs.fresh;
			rpc->runs.fresh = run;
			continue;
		}
		run->is_watched = 1;
		run_pipes_watch(run);
		run_unref(run);
	}
	if (rpc->runs.fresh == NULL || rpc->runs.late != NULL)
		return;
	rpc->runs.late = cordon_loop_timer(rpc->loop, FRESH_MS, 0, on_late, rpc, &ignored);
	if (rpc->runs.late == NULL)
		watch_fresh(rpc, 1);
}

static void
on_late(void *context)
{
	struct rpc *rpc = context;

	cordon_timer_remove(rpc->runs.late);
	rpc->runs.late = NULL;
	watch_fresh(rpc, 1);
	rpc_settle(rpc);
}

void
runs_watch_fresh(struct rpc *rpc)
{
	if (rpc->runs.fresh != NULL)
		watch_fresh(rpc, 0);
}

void
run_refused(struct run *run, const struct fault *fault)
{
	struct rpc *rpc = run->rpc;

	if (step(run, EV_REFUSED) < 0)
		return;
	rpc->runs.live--;
	if (run->has_handle) {
		handles_remove(&rpc->runs.handles, run->name); /* nothing was run by it */
		runs_remember(rpc, run->name);
	}
	if (run->cancelled)
		request_cancelled(rpc, take_asker(run));
	else
		request_fail(rpc, take_asker(run), fault);
	run_unref(run);
}

/* Who waits for room in its input waits for nothing now. */
static void
end_input(struct run *run)
{
	struct fault fault;

	fault_set(&fault, FAULT_PARAMS, "stdin.closed", "the run has ended");
	while (run->input.first != NULL) {
		struct request *asker = input_shift(&run->input);

		if (asker != NULL)
			request_fail(run->rpc, asker, &fault);
	}
	run->input.is_open = 0;
	run->input.is_gone = 1;
}

void
run_exited(struct run *run, const void *result, size_t size)
{
	struct rpc *rpc = run->rpc;

	if (run->state != RUN_LIVE)
		return;
	run_ref(run);
	run_pipes_drain(run);
	end_input(run);
	run->result = malloc(size);
	if (run->result != NULL) {
		memcpy(run->result, result, size);
		run->result_size = size;
	}
	(void)!step(run, EV_EXITED);
	if (run->asker != NULL && run->cancelled)
		request_cancelled(rpc, take_asker(run));
	else if (run->asker != NULL)
		run->ended(rpc, take_asker(run));
	run_notices_ended(run);
	if (run->cancelled || run->released)
		forget(run);
	else if (run->kind != RUN_WHOLE && !run->notify)
		run_told(run); /* it can be asked for, now and later */
	run_unref(run);
}

void
run_kill(struct run *run, int kind)
{
	if (kind == RPC_KILL_CANCELLED)
		run->cancelled = 1;
	if (run->state == RUN_LIVE)
		link_order(&run->rpc->link, RPC_KILL, run->number, (uint32_t)kind);
}

void
run_release(struct run *run, struct request *request)
{
	run->released = 1;
	if (run->state == RUN_ENDED) {
		forget(run);
		request_succeed(run->rpc, request);
		return;
	}
	request_wait(request);
	run_kill(run, RPC_KILL_RELEASED);
	run_pipes_watch(run); /* output is not waited for any more */
}

void
run_told(struct run *run)
{
	struct runs *r = &run->rpc->runs;

	if (run->state != RUN_ENDED || run->is_told)
		return;
	if (run->kind == RUN_WHOLE) {
		forget(run); /* its only request is answered */
		return;
	}
	run->is_told = 1;
	runs_end(run);
	if (r->ended > RUNS_ENDED)
		forget(r->oldest);
}
