/* The life of one run of a caller: streams, launch, what the launcher says of it, and the answer. What it
 * is and whether it may be is prepare.c's. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#include "prepare.h"
#include "result.h"
#include "serve.h"

/* the table of runs */

static void
free_all(struct job *job)
{
	free(job->handle);
	free(job->label);
	free(job->command);
	free(job);
}

static struct job *
add(struct caller *c, const struct rpc_start *r, struct cordon_error *err)
{
	struct serve *s = c->serve;
	unsigned slot = s->job_hint;
	struct job *job;

	if (c->live >= RPC_RUNS || s->job_count == CORDON_LAUNCH_RUNS) {
		cordon_fail(err, CORDON_ELIMIT, 0, "there are already %u live runs",
			c->live >= RPC_RUNS ? c->live : s->job_count);
		(void)cordon_because(err, "limit.runs");
		return NULL;
	}
	while (s->jobs[slot] != NULL)
		slot = (slot + 1) % CORDON_LAUNCH_RUNS;
	job = cordon_array(1, sizeof(*job));
	if (job != NULL) {
		job->handle = strdup(r->handle);
		job->label = strdup(r->label);
		job->command = strdup(r->argv[0]);
	}
	if (job == NULL || job->handle == NULL || job->label == NULL || job->command == NULL) {
		if (job != NULL)
			free_all(job);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a run");
		return NULL;
	}
	*job = (struct job){ .state = JOB_LAUNCHED,
		.number = ++s->job_sequence * CORDON_LAUNCH_RUNS + slot,
		.request = r->request,
		.serve = s,
		.caller = c,
		.handle = job->handle,
		.label = job->label,
		.command = job->command,
		.ends = { -1, -1, -1 },
		.why = REASON_EXIT };
	s->jobs[slot] = job;
	s->job_hint = (slot + 1) % CORDON_LAUNCH_RUNS;
	s->job_count++;
	c->live++;
	c->starting++;
	return job;
}

/* Whether it has begun or never will, it does not wait for that any more. */
static void
leave_start(struct job *job)
{
	if (job->caller != NULL && job->state == JOB_LAUNCHED)
		job->caller->starting--;
}

static void
destroy(struct job *job)
{
	struct serve *s = job->serve;

	leave_start(job);
	s->jobs[job->number % CORDON_LAUNCH_RUNS] = NULL;
	s->job_count--;
	if (job->caller != NULL)
		job->caller->live--;
	cordon_timer_remove(job->wall);
	for (int i = 0; i < 3; i++)
		cordon_fd_close_p(&job->ends[i]);
	free_all(job);
}

static struct job *
find(const struct serve *s, uint64_t number)
{
	struct job *job = s->jobs[number % CORDON_LAUNCH_RUNS];

	return job != NULL && job->number == number ? job : NULL;
}

struct job *
job_find(struct serve *s, uint64_t number, const struct caller *c)
{
	struct job *job = find(s, number);

	return job != NULL && job->caller == c ? job : NULL;
}

/* starting */

/* Pipes of our own for what no terminal serves: what the run gets is in fds, in order. Returns the count,
 * or -1. */
static int
make_streams(struct job *job, const struct rpc_start *r, int fds[3], struct cordon_error *err)
{
	for (int i = 0; i < 3 && !r->tty; i++) {
		int ends[2];

		if (i == 0 && !r->stdin_pipe) {
			fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
			if (fds[0] < 0)
				return cordon_fail(
					err, CORDON_ESYS, errno, "could not open /dev/null");
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) < 0)
			return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
		fds[i] = ends[i == 0 ? 0 : 1];
		job->ends[i] = ends[i == 0 ? 1 : 0];
	}
	return r->tty ? 0 : 3;
}

static uint64_t
lowered(uint64_t wanted)
{
	return wanted == UINT64_MAX ? 0 : wanted;
}

static int
send_launch(struct job *job, struct prepared *p, const struct rpc_start *r, int *fds,
	unsigned count, struct cordon_error *err)
{
	struct cordon_launch launch = { .run = job->number,
		.plan = job->plan,
		.argv = r->argv,
		.env = p->env,
		.umask = job->serve->umask & 0777,
		.tty = r->tty ? 7 : 0,
		.rows = r->rows,
		.columns = r->columns,
		.memory_bytes = lowered(r->memory),
		.processes = lowered(r->processes),
		.cpu_ms = lowered(r->cpu_ms),
		.open_files = lowered(r->open_files),
		.file_bytes = lowered(r->file_bytes) };
	struct cordon_writer w;

	resolve_into_launch(&p->command, &p->workspace, &launch);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_launch_encode(&launch, &w);
	return serve_tell_launch(job->serve, &w, fds, count, err);
}

/* Nobody can be asked: what is held is refused. */
static int
enforce(const struct prepared *p, struct cordon_error *err)
{
	struct decision d = p->decision;

	if (d.verdict == CORDON_HOLD)
		d = decide_unanswered(&d);
	return decide_enforce(&d, &p->action, p->profile, err);
}

/* rule: of the decision, whatever came of it. */
static int
start(struct caller *c, struct rpc_start *r, char rule[CORDON_RULE_ID + 1],
	struct cordon_error *err)
{
	struct prepared p = { 0 };
	struct job *job = NULL;
	int fds[3] = { -1, -1, -1 }, count = -1;

	if (prepare(c, r, &p, err) == 0) {
		snprintf(rule, CORDON_RULE_ID + 1, "%s",
			p.decision.rule == NULL ? "" : p.decision.rule);
		if (enforce(&p, err) == 0)
			job = add(c, r, err);
	}
	if (job != NULL && result_make_id(job->id, err) == 0)
		count = make_streams(job, r, fds, err);
	if (count < 0) {
		for (int i = 0; i < 3; i++)
			cordon_fd_close_p(&fds[i]);
		if (job != NULL)
			destroy(job);
		prepared_finish(&p);
		return -1;
	}
	memcpy(job->rule, rule, sizeof(job->rule));
	job->session = p.session;
	job->profile = p.profile;
	job->plan = p.plan->number;
	job->wall_ms = r->timeout_ms < p.profile->limits.wall_ms ? r->timeout_ms
								 : p.profile->limits.wall_ms;
	job->output_bytes = r->output_bytes < p.profile->limits.output ? r->output_bytes
								       : p.profile->limits.output;
	count = send_launch(job, &p, r, fds, (unsigned)count, err);
	if (count < 0)
		destroy(job);
	else
		plans_keep_ready(c->serve, p.plan, &p.workspace);
	prepared_finish(&p);
	return count;
}

void
job_start(struct caller *c, struct rpc_start *r)
{
	struct cordon_error err = { 0 };
	char rule[CORDON_RULE_ID + 1] = "";

	if (start(c, r, rule, &err) < 0)
		caller_refuse(c, r->request, &err, rule);
}

void
job_check(struct caller *c, struct rpc_start *r)
{
	struct cordon_error err = { 0 };
	struct prepared p = { 0 };
	char hex[CORDON_DIGEST_HEX], digest[CORDON_DIGEST_HEX + 8];
	struct cordon_writer w;

	if (prepare(c, r, &p, &err) < 0) {
		prepared_finish(&p);
		caller_refuse(c, r->request, &err, "");
		return;
	}
	cordon_digest_hex(p.digest, hex);
	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_checked_encode(
		&(const struct rpc_checked){ .request = r->request,
			.decision = (char *)(uintptr_t)cordon_decision_name(p.decision.verdict),
			.reason = (char *)(uintptr_t)p.decision.reason,
			.rule = (char *)(uintptr_t)p.decision.rule,
			.digest = digest },
		&w);
	prepared_finish(&p);
	caller_send(c, RPC_CHECKED, &w);
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

	leave_start(job);
	job->state = JOB_RUNNING;
	job->start = event->started;
	job->serve->ahead += event->started.ahead != 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &job->started_at);
	if (job->caller == NULL)
		return; /* its end is on the way */
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

static void
tell_exited(struct job *job, const struct cordon_exited *exited)
{
	struct run_outcome *o = cordon_array(1, sizeof(*o));
	struct run_result *result = cordon_array(1, sizeof(*result));
	struct cordon_writer w;

	cordon_writer_init(&w, CORDON_LINK_BODY);
	if (o == NULL || result == NULL) {
		caller_end(job->caller); /* it would wait for ever */
	} else {
		outcome_decide(o, &(struct decision){ .verdict = CORDON_ALLOW, .rule = job->rule });
		o->started = 1;
		o->start = job->start;
		o->wall_ms = serve_elapsed_ms(&job->started_at);
		outcome_end(o, exited, job->why, job->wall_ms, job->output_bytes);
		result_fill(result, job->handle[0] != '\0' ? job->handle : job->id,
			job->profile->name, job->profile, o);
		rpc_exited_encode(job->number, result, &w);
		caller_send(job->caller, RPC_EXITED, &w);
	}
	free(o);
	free(result);
}

/* It was us who ended it, before its command had started. */
static void
say_killed(const struct serve *s, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EPOLICY, 0, "the run was ended before its command had started");
	(void)cordon_because(err, s->frozen ? "supervisor.frozen" : "run.killed");
}

void
job_hear(struct serve *s, struct cordon_launch_event *event)
{
	struct job *job = find(s, event->run);

	if (job == NULL) {
		cordon_fd_close_p(&event->pty);
		return;
	}
	switch (event->message) {
	case CORDON_LAUNCH_STARTED:
		hear_started(job, event);
		break;
	case CORDON_LAUNCH_FAILED:
		if (job->killed)
			say_killed(s, &event->failure);
		/* Perhaps a file of the plan is another one by now. */
		else if (event->failure.code == CORDON_EFLOOR)
			plans_drop(s, job->plan);
		if (job->caller != NULL)
			caller_refuse(job->caller, job->request, &event->failure, "");
		destroy(job);
		break;
	case CORDON_LAUNCH_EXITED:
		if (job->caller != NULL)
			tell_exited(job, &event->exited);
		destroy(job);
		break;
	default: /* STOPPED: nobody's terminal is concerned */
		break;
	}
	cordon_fd_close_p(&event->pty);
}

void
job_signal(struct job *job, int signal)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 32);
	cordon_launch_encode_signal(job->number, signal, &w);
	serve_tell(job->serve, CORDON_LAUNCH_SIGNAL, &w);
}

void
job_kill(struct job *job, enum run_reason why)
{
	struct cordon_writer w;

	if (job->killed)
		return;
	job->killed = 1;
	job->why = why;
	cordon_writer_init(&w, 32);
	cordon_put_u64(&w, job->number);
	serve_tell(job->serve, CORDON_LAUNCH_KILL, &w);
}

void
jobs_abandon(struct serve *s, const struct caller *c, const struct session *session)
{
	for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++) {
		struct job *job = s->jobs[i];

		if (job == NULL || job->caller != c || (session != NULL && job->session != session))
			continue;
		job_kill(job, REASON_KILLED);
		job->session = NULL;
		if (session != NULL)
			continue; /* the caller is told of its end */
		leave_start(job);
		job->caller->live--;
		job->caller = NULL;
	}
}

void
jobs_lost(struct serve *s, const struct cordon_error *err)
{
	const struct cordon_exited killed = { .end = CORDON_END_KILLED };

	for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++) {
		struct job *job = s->jobs[i];
		struct cordon_error why = *err;

		if (job == NULL)
			continue;
		if (job->caller != NULL && job->state == JOB_RUNNING)
			tell_exited(job, &killed);
		else if (job->caller != NULL)
			caller_refuse(job->caller, job->request, &why, "");
		destroy(job);
	}
}
