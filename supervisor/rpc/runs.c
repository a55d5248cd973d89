/* calls: none */
#include "runs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "rpc.h"
#include "run_answers.h"
#include "run_notices.h"
#include "run_pipes.h"
#include "siphash.h"

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

/* tables */

static struct run **
name_bucket(struct runs *r, const char *name)
{
	return &r->by_name[siphash(r->secret, name, strlen(name)) % RUNS_BUCKETS];
}

static struct run **
number_bucket(struct runs *r, uint64_t number)
{
	return &r->by_number[number % RUNS_BUCKETS];
}

struct run *
runs_by_number(struct rpc *rpc, uint64_t number)
{
	struct run *run = *number_bucket(&rpc->runs, number);

	while (run != NULL && run->number != number)
		run = run->next_number;
	return run;
}

struct run *
runs_by_name(struct rpc *rpc, const char *name, struct fault *fault)
{
	struct run *run = *name_bucket(&rpc->runs, name);

	while (run != NULL && (strcmp(run->name, name) != 0 || run->released || run->is_ours))
		run = run->next_name;
	if (run == NULL)
		fault_set(fault, FAULT_UNKNOWN, "run.unknown", "there is no run '%.128s'", name);
	return run;
}

void
runs_each(struct rpc *rpc, void (*fn)(void *context, struct run *run), void *context)
{
	for (size_t i = 0; i < RUNS_BUCKETS; i++)
		for (struct run *run = rpc->runs.by_number[i], *next; run != NULL; run = next) {
			next = run->next_number;
			fn(context, run);
		}
}

static void
put_in_tables(struct run *run)
{
	struct run **name = name_bucket(&run->rpc->runs, run->name);
	struct run **number = number_bucket(&run->rpc->runs, run->number);

	run->next_name = *name;
	*name = run;
	run->next_number = *number;
	*number = run;
}

static void
take_from_tables(struct run *run)
{
	struct run **name = name_bucket(&run->rpc->runs, run->name);
	struct run **number = number_bucket(&run->rpc->runs, run->number);

	while (*name != run)
		name = &(*name)->next_name;
	*name = run->next_name;
	while (*number != run)
		number = &(*number)->next_number;
	*number = run->next_number;
}

/* the ended, oldest first */

static void
join_ended(struct run *run)
{
	struct runs *r = &run->rpc->runs;

	run->older = r->newest;
	run->newer = NULL;
	if (r->newest == NULL)
		r->oldest = run;
	else
		r->newest->newer = run;
	r->newest = run;
	r->ended++;
	r->live--;
}

static void
leave_ended(struct run *run)
{
	struct runs *r = &run->rpc->runs;

	*(run->older == NULL ? &r->oldest : &run->older->newer) = run->newer;
	*(run->newer == NULL ? &r->newest : &run->newer->older) = run->older;
	r->ended--;
}

/* From now on only its requests know it. */
static void
forget(struct run *run)
{
	if (step(run, EV_FORGOTTEN) < 0)
		return;
	if (run->is_told)
		leave_ended(run);
	else
		run->rpc->runs.live--;
	take_from_tables(run);
	run_unref(run);
}

/* Output of runs that are over makes place for that of those which are not. */
static void
reclaim(void *context, size_t size)
{
	struct rpc *rpc = context;
	struct budget *b = &rpc->budget;

	for (struct run *run = rpc->runs.oldest; run != NULL && b->used + size > b->max;
		run = run->newer) {
		chunks_drop(&run->chunks);
		if (run->kind == RUN_TERMINAL)
			output_forget(&run->kept[0]);
	}
}

/* life */

void
runs_init(struct rpc *rpc, const uint64_t secret[6])
{
	memcpy(rpc->runs.secret, secret, sizeof(rpc->runs.secret));
	handles_init(&rpc->runs.handles, secret + 2);
	rpc->budget = (struct budget){ .max = RUNS_KEPT, .reclaim = reclaim, .context = rpc };
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

static void
end_any(void *context, struct run *run)
{
	(void)context;
	take_from_tables(run);
	run_unref(run);
}

void
runs_finish(struct rpc *rpc)
{
	struct runs *r = &rpc->runs;

	while (r->news != NULL) {
		struct run *run = r->news;

		r->news = run->next_news;
		run_unref(run);
	}
	while (r->fresh != NULL) {
		struct run *run = r->fresh;

		r->fresh = run->next_fresh;
		run_unref(run);
	}
	runs_each(rpc, end_any, NULL);
	cordon_timer_remove(r->held);
	handles_finish(&r->handles);
}

static int
take_handle(struct runs *r, const char *handle, struct fault *fault)
{
	switch (handles_add(&r->handles, handle)) {
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
	run->input.is_open = wish->input;
	run->input.is_gone = !wish->input;
	run->has_handle = wish->handle != NULL;
	if ((wish->handle != NULL && (run->name = strdup(wish->handle)) == NULL) ||
		(wish->label != NULL && (run->label = strdup(wish->label)) == NULL) ||
		(wish->session != NULL && (run->session = strdup(wish->session)) == NULL)) {
		free_run(run);
		return NULL;
	}
	if (wish->kind == RUN_WHOLE) {
		for (int i = 0; i < 2; i++)
			if (wish->what == RUN_KEEP_FIRST)
				output_init_first(&run->kept[i], wish->keep, &rpc->budget);
			else
				output_init_halves(&run->kept[i], wish->keep, &rpc->budget);
		run->ended = wish->ended;
	} else if (wish->kind == RUN_TERMINAL) {
		output_init_newest(&run->kept[0], wish->keep, &rpc->budget);
	} else {
		chunks_init(&run->chunks, wish->keep, &rpc->budget);
		run->chunks.must_keep = wish->block;
	}
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

static struct run *
begin(struct rpc *rpc, const struct run_wish *wish, enum rpc_message number,
	struct cordon_writer *body, struct fault *fault)
{
	struct run *run = make_run(rpc, wish);

	if (run == NULL) {
		fault_set(fault, FAULT_INTERNAL, "limit.memory", "there is no memory for a run");
		return NULL;
	}
	if (send_question(rpc, number, body, fault) < 0) {
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

	if (r->live == RPC_RUNS) {
		fault_set(fault, FAULT_LIMIT, "limit.runs", "%d runs are live", RPC_RUNS);
		fault->retryable = 1;
	} else if (wish->handle == NULL || take_handle(r, wish->handle, fault) == 0) {
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
	put_in_tables(run);
	if (run->kind == RUN_WHOLE)
		run->input.is_open = 0; /* all of it is queued already */
	run_pipes_feed(run);
	/* Many are over before this process is scheduled again, and need not be watched. */
	run->next_fresh = rpc->runs.fresh;
	rpc->runs.fresh = run_ref(run);
	if (run->cancelled)
		run_kill(run, RPC_KILL_CANCELLED);
	else if (run->kind != RUN_WHOLE)
		request_answer(rpc, take_asker(run),
			run->kind == RUN_STREAMED ? run_answer_started : run_answer_terminal);
	return 0;
}

void
runs_watch_fresh(struct rpc *rpc)
{
	while (rpc->runs.fresh != NULL) {
		struct run *run = rpc->runs.fresh;

		rpc->runs.fresh = run->next_fresh;
		run->is_watched = 1;
		run_pipes_watch(run);
		run_unref(run);
	}
}

void
run_refused(struct run *run, const struct fault *fault)
{
	struct rpc *rpc = run->rpc;

	if (step(run, EV_REFUSED) < 0)
		return;
	rpc->runs.live--;
	if (run->has_handle)
		handles_remove(&rpc->runs.handles, run->name); /* nothing was run by it */
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
	join_ended(run);
	if (r->ended > RUNS_ENDED)
		forget(r->oldest);
}
