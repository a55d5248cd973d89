/* A run of a caller from the request to its launch, and how it is ended. What it is and whether it may be is
 * prepare.c's; what becomes of it job_end.c's. */
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

#include "conduct.h"
#include "job_network.h"
#include "plan_build.h"
#include "prepare.h"
#include "record.h"
#include "result.h"
#include "serve.h"
#include "serve_ledger.h"

/* the table of runs */

static void
free_all(struct job *job)
{
	free(job->handle);
	free(job->label);
	free(job->command);
	free(job->end);
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
		.uid = c->uid,
		.handle = job->handle,
		.label = job->label,
		.command = job->command,
		.ends = { -1, -1, -1 },
		.gate = -1,
		.why = REASON_EXIT };
	s->jobs[slot] = job;
	s->job_hint = (slot + 1) % CORDON_LAUNCH_RUNS;
	s->job_count++;
	c->live++;
	c->starting++;
	return job;
}

/* Whether it has begun or never will, it does not wait for that any more. */
void
job_leave_start(struct job *job)
{
	if (job->caller != NULL && job->state == JOB_LAUNCHED)
		job->caller->starting--;
}

void
job_destroy(struct job *job)
{
	struct serve *s = job->serve;

	job_leave_start(job);
	s->jobs[job->number % CORDON_LAUNCH_RUNS] = NULL;
	s->job_count--;
	if (job->caller != NULL)
		job->caller->live--;
	cordon_timer_remove(job->wall);
	for (int i = 0; i < 3; i++)
		cordon_fd_close_p(&job->ends[i]);
	cordon_fd_close_p(&job->gate);
	job_network_drop(job);
	free_all(job);
}

struct job *
job_numbered(const struct serve *s, uint64_t number)
{
	struct job *job = s->jobs[number % CORDON_LAUNCH_RUNS];

	return job != NULL && job->number == number ? job : NULL;
}

struct job *
job_find(struct serve *s, uint64_t number, const struct caller *c)
{
	struct job *job = job_numbered(s, number);

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

/* Puts what releases the run in *ret_gate, and its intent on the way. */
static int
intend(struct job *job, const struct prepared *p, int *ret_gate, struct cordon_error *err)
{
	const struct record_intent intent = { .run = job->handle[0] != '\0' ? job->handle : job->id,
		.uid = job->caller->uid,
		.session = p->session->key,
		.profile = p->profile,
		.action = &p->action,
		.digest = p->digest,
		.decision = &p->decision,
		.command = &p->command,
		.workspace = &p->workspace,
		.key = &job->serve->key };
	char *payload;
	size_t size = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	*ret_gate = ends[0];
	job->gate = ends[1];
	payload = record_intent(&intent, &size);
	return job_intend(job, payload, size, err);
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
		.held = 1,
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

static void
describe(struct job *job, const struct prepared *p, const struct rpc_start *r)
{
	const struct cordon_profile *profile = p->profile;

	snprintf(job->rule, sizeof(job->rule), "%s",
		p->decision.rule == NULL ? "" : p->decision.rule);
	job->session = p->session;
	memcpy(job->digest, p->digest, sizeof(job->digest));
	job->profile = profile;
	job->plan = p->plan->number;
	job->wall_ms =
		r->timeout_ms < profile->limits.wall_ms ? r->timeout_ms : profile->limits.wall_ms;
	job->output_bytes =
		r->output_bytes < profile->limits.output ? r->output_bytes : profile->limits.output;
}

/* From here on the launcher has it, or it is over and the answer on its way. */
static int
launch(struct caller *c, const struct rpc_start *r, struct prepared *p, struct cordon_error *err)
{
	struct job *job = add(c, r, err);
	int fds[CORDON_LAUNCH_FDS] = { -1, -1, -1, -1 }, count = -1;

	if (job == NULL)
		return -1;
	describe(job, p, r);
	if (result_make_id(job->id, err) == 0 && job_network_open(job, err) == 0)
		count = make_streams(job, r, fds, err);
	if (count < 0 || intend(job, p, &fds[count], err) < 0) {
		for (int i = 0; i < CORDON_LAUNCH_FDS; i++)
			cordon_fd_close_p(&fds[i]);
		job_destroy(job);
		return -1;
	}
	if (send_launch(job, p, r, fds, (unsigned)count + 1, err) < 0)
		job_fail(job, err);
	else
		plans_keep_ready(c->serve, p->plan, &p->workspace);
	return 0;
}

void
job_start(struct caller *c, struct rpc_start *r)
{
	struct cordon_error err = { 0 };
	struct prepared p = { 0 };
	int result = prepare(c, r, &p, &err);
	const char *rule = p.decision.rule == NULL ? "" : p.decision.rule;

	if (result == 0)
		result = enforce(&p, &err);
	if (result == 0)
		result = launch(c, r, &p, &err);
	if (result < 0) {
		serve_ledger_refused(c, r, &err, rule, p.decided ? p.digest : NULL);
		if (!p.decided)
			conduct_digest_start(r, p.digest);
		conduct_refused(c, p.session, p.digest, &err);
		caller_refuse(c, r->request, &err, rule);
	}
	prepared_finish(&p);
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

void
job_signal(struct job *job, int signal)
{
	struct cordon_writer w;

	if (job->state == JOB_ENDED)
		return;
	cordon_writer_init(&w, 32);
	cordon_launch_encode_signal(job->number, signal, &w);
	serve_tell(job->serve, CORDON_LAUNCH_SIGNAL, &w);
}

void
job_kill(struct job *job, enum run_reason why)
{
	struct cordon_writer w;

	if (job->killed || job->state == JOB_ENDED)
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
		job_leave_start(job);
		job->caller->live--;
		job->caller = NULL;
	}
}
