/* A run of a caller from its launch to the answer: what the launcher says of it, and the ledger.
 *
 * MUST 1 (M8) Nothing is released before its intent is on record; and once it is, an end follows, whatever
 *        becomes of the run.
 * MUST 2 A caller hears of the end of a run when that is on record, or cannot be any more. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#include "conduct.h"
#include "job_network.h"
#include "record.h"
#include "result.h"
#include "serve.h"
#include "serve_ledger.h"

/* A token is the number of a job, and which of its two records it is. */
static uint64_t
token_of(const struct job *job, int is_end)
{
	return job->number * 2 + (is_end != 0);
}

/* the end */

/* On the heap, since it is large. NULL without memory. */
static struct run_outcome *
outcome_of(const struct job *job)
{
	struct run_outcome *o = cordon_array(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	outcome_decide(o, &(struct decision){ .verdict = CORDON_ALLOW, .rule = job->rule });
	if (job->end->failed) {
		outcome_fail(o, &job->end->failure);
	} else {
		o->started = 1;
		o->start = job->start;
		o->wall_ms = job->end->wall_ms;
		outcome_end(o, &job->end->exited, job->why, job->wall_ms, job->output_bytes);
	}
	o->network = job->report;
	o->has_intent = job->has_intent;
	o->intent = job->intent;
	o->has_exit = job->has_exit;
	o->exit = job->exit;
	return o;
}

const char *
job_name(const struct job *job)
{
	return job->handle[0] != '\0' ? job->handle : job->id;
}

static void
tell_exited(struct job *job, const struct run_outcome *o)
{
	struct run_result *result = cordon_array(1, sizeof(*result));
	struct cordon_writer w;

	cordon_writer_init(&w, CORDON_LINK_BODY);
	if (result == NULL) {
		caller_end(job->caller); /* it would wait for ever */
		return;
	}
	result_fill(result, job_name(job), job->profile->name, job->profile, o);
	rpc_exited_encode(job->number, result, &w);
	caller_send(job->caller, RPC_EXITED, &w);
	free(result);
}

static void
answer(struct job *job)
{
	struct run_outcome *o;

	if (job->caller == NULL)
		return;
	if (job->end->failed) {
		conduct_refused(job->caller, job->session, job->digest, &job->end->failure);
		caller_refuse(job->caller, job->request, &job->end->failure, job->rule);
		return;
	}
	o = outcome_of(job);
	if (o == NULL) {
		caller_end(job->caller);
	} else {
		conduct_ended(job->caller, job->session, job->digest, o);
		tell_exited(job, o);
	}
	free(o);
}

/* Returns 0 when an answer of the ledger is due. */
static int
put_end(struct job *job)
{
	struct run_outcome *o = outcome_of(job);
	struct cordon_error ignored = { 0 };
	char *payload = NULL;
	size_t size = 0;

	if (o != NULL)
		payload = record_end(job_name(job), job->intent, o, &size);
	free(o);
	return serve_ledger_put(
		job->serve, job->caller, token_of(job, 1), 0, payload, size, &ignored);
}

/* Goes on with a run of which nothing is left. */
static void
settle(struct job *job)
{
	if (job->state != JOB_ENDED || job->awaits || job->network_ending)
		return;
	job_network_close(job);
	if (job->has_intent && !job->end_sent) {
		job->end_sent = 1;
		job->awaits = put_end(job) == 0;
		if (job->awaits)
			return;
	}
	answer(job);
	job_destroy(job);
}

/* Takes what end says. */
static void
end_with(struct job *job, const struct job_end *end)
{
	job_leave_start(job);
	job->state = JOB_ENDED;
	job_network_end(job);
	cordon_fd_close_p(&job->gate);
	cordon_timer_remove(job->wall);
	job->wall = NULL;
	job->end = cordon_array(1, sizeof(*job->end));
	if (job->end == NULL) { /* nobody can be told how, and recovery will call it unknown */
		if (job->caller != NULL)
			caller_end(job->caller);
		job_destroy(job);
		return;
	}
	*job->end = *end;
	settle(job);
}

void
job_network_ended(struct job *job)
{
	job->network_ending = 0;
	settle(job);
}

void
job_fail(struct job *job, const struct cordon_error *err)
{
	end_with(job, &(const struct job_end){ .failed = 1, .failure = *err });
}

/* the ledger's words */

int
job_intend(struct job *job, char *payload, size_t size, struct cordon_error *err)
{
	if (serve_ledger_put(job->serve, job->caller, token_of(job, 0), 1, payload, size, err) < 0)
		return -1;
	job->awaits = 1;
	return 0;
}

static void
refuse_intent(struct job *job, const struct cordon_error *why)
{
	job->unrecorded = *why;
	/* The launcher says FAILED, which is answered with why. */
	cordon_fd_close_p(&job->gate);
}

static void
take_intent(struct job *job, uint64_t sequence)
{
	job->has_intent = 1;
	job->intent = sequence;
	if (job->state == JOB_LAUNCHED && !job->killed)
		(void)!write(
			job->gate, "", 1); /* a launcher that has gone is heard of by its link */
	cordon_fd_close_p(&job->gate);
}

void
job_recorded(struct serve *s, uint64_t token, uint64_t sequence, const struct cordon_error *why)
{
	struct job *job = job_numbered(s, token / 2);

	if (job == NULL || !job->awaits)
		return;
	job->awaits = 0;
	if (token % 2 == 0 && why != NULL) {
		refuse_intent(job, why);
	} else if (token % 2 == 0) {
		take_intent(job, sequence);
	} else if (why == NULL) {
		job->has_exit = 1;
		job->exit = sequence;
	}
	settle(job);
}

void
jobs_unrecorded(struct serve *s, const struct cordon_error *why)
{
	for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++)
		if (s->jobs[i] != NULL && s->jobs[i]->awaits)
			job_recorded(s, token_of(s->jobs[i], s->jobs[i]->end_sent), 0, why);
}

/* the launcher's words */

static void
on_wall(void *context)
{
	job_kill(context, REASON_TIMEOUT);
}

static void
hear_started(struct job *job, struct cordon_launch_event *event)
{
	char decision[] = "allow"; /* else it would not have been launched */
	struct rpc_started started = { .request = job->request,
		.run = job->number,
		.id = job->id,
		.pid = (uint32_t)event->started.pid,
		.decision = decision,
		.rule = job->rule,
		.output_bytes = job->output_bytes };
	int fds[3];
	unsigned count = 0;
	struct cordon_error err = { 0 };
	struct cordon_writer w;

	job_leave_start(job);
	job->state = JOB_RUNNING;
	job->start = event->started;
	job->serve->ahead += event->started.ahead != 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &job->started_at);
	if (job->caller == NULL)
		return; /* its end is on the way */
	job_network_serve(job, event);
	if (job->wall_ms != UINT64_MAX) {
		job->wall =
			cordon_loop_timer(job->serve->loop, job->wall_ms, 0, on_wall, job, &err);
		if (job->wall == NULL)
			job_kill(job, REASON_KILLED);
	}
	if (event->pty >= 0)
		fds[count++] = cordon_fd_take(&event->pty);
	for (int i = 0; i < 3; i++)
		if (job->ends[i] >= 0)
			fds[count++] = cordon_fd_take(&job->ends[i]);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_started_encode(&started, &w);
	if (caller_hand_over(job->caller, RPC_STARTED, &w, fds, count, &err) == 0)
		return;
	/* Nobody has its streams: for the caller it has never begun. */
	job_kill(job, REASON_KILLED);
	caller_refuse(job->caller, job->request, &err, job->rule);
	job->caller->live--;
	job->caller = NULL;
}

/* It was us who ended it, before its command had started. */
static void
say_killed(const struct serve *s, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EPOLICY, 0, "the run was ended before its command had started");
	(void)cordon_because(err, s->frozen ? "supervisor.frozen" : "run.killed");
}

static void
hear_failed(struct job *job, const struct cordon_error *failure)
{
	struct cordon_error err = *failure;

	if (job->unrecorded.code != CORDON_OK)
		err = job->unrecorded;
	else if (job->killed)
		say_killed(job->serve, &err);
	/* Perhaps a file of the plan is another one by now. */
	else if (err.code == CORDON_EFLOOR)
		plans_drop(job->serve, job->plan);
	job_fail(job, &err);
}

void
job_hear(struct serve *s, struct cordon_launch_event *event)
{
	struct job *job = job_numbered(s, event->run);

	if (job == NULL) {
		cordon_launch_event_finish(event);
		return;
	}
	switch (event->message) {
	case CORDON_LAUNCH_STARTED:
		hear_started(job, event);
		break;
	case CORDON_LAUNCH_FAILED:
		hear_failed(job, &event->failure);
		break;
	case CORDON_LAUNCH_EXITED:
		end_with(job, &(const struct job_end){ .exited = event->exited,
				      .wall_ms = serve_elapsed_ms(&job->started_at) });
		break;
	default: /* STOPPED: nobody's terminal is concerned */
		break;
	}
	cordon_launch_event_finish(event);
}

void
jobs_lost(struct serve *s, const struct cordon_error *err)
{
	for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++) {
		struct job *job = s->jobs[i];

		if (job != NULL && job->state == JOB_RUNNING)
			end_with(job,
				&(const struct job_end){ .exited = { .end = CORDON_END_KILLED },
					.wall_ms = serve_elapsed_ms(&job->started_at) });
		else if (job != NULL && job->state == JOB_LAUNCHED)
			job_fail(job, err);
	}
}

void
jobs_finish(struct serve *s)
{
	for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++)
		if (s->jobs[i] != NULL)
			job_destroy(s->jobs[i]);
}
