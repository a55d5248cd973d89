/* The networks of runs of callers: one guard serves them all. */
#include "job_network.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd.h"
#include "fetches.h"
#include "record.h"
#include "serve_ledger.h"

/* the guard's wishes */

static int
record(void *context, uint64_t run, uint32_t destination, const struct guard_line *line,
	struct cordon_error *err)
{
	struct serve *s = context;
	const struct job *job = job_numbered(s, run);
	struct record_connect connect;
	size_t size = 0;
	char *payload;

	if (run >= FETCHES_FIRST)
		return fetches_record(s, run, destination, line, err);
	if (job == NULL || !job->has_intent) {
		cordon_fail(err, CORDON_EPOLICY, 0, "the run itself is not on record");
		return cordon_because(err, "ledger.failed");
	}
	connect = (struct record_connect){ .run = job_name(job),
		.uid = job->uid,
		.session = job->session == NULL ? NULL : job->session->key,
		.profile = job->profile->name,
		.line = line };
	payload = record_connect(&connect, &size);
	return serve_ledger_put_destination(
		s, job->caller, job->number, destination, line, payload, size, err);
}

static void
on_ended(void *context, uint64_t run)
{
	struct job *job = job_numbered(context, run);

	if (job != NULL)
		job_network_ended(job);
}

static void
on_lost(void *context, const struct cordon_error *why)
{
	(void)context;
	cmd_say(why);
}

int
serve_network_begin(struct serve *s, struct cordon_error *err)
{
	const struct guard_owner owner = {
		.record = record, .ended = on_ended, .lost = on_lost, .context = s
	};
	int opens = 0;

	for (size_t i = 0; i < s->catalogue.count; i++)
		opens |= cordon_network_opens(&s->catalogue.profiles[i]->network);
	if (!opens)
		return 0;
	s->guard = guard_create(s->loop, s->config, &owner, err);
	if (s->guard == NULL || guard_keep(s->guard, err) < 0)
		return -1;
	return guard_start(s->guard, err);
}

/* a run */

int
job_network_open(struct job *job, struct cordon_error *err)
{
	struct session *session = job->session;

	if (!cordon_network_opens(&job->profile->network))
		return 0;
	if (session->network == NULL)
		session->network = guard_session_create();
	if (session->network == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a network");
	job->network =
		guard_open(job->serve->guard, job->number, job->profile, session->network, err);
	return job->network == NULL ? -1 : 0;
}

void
job_network_serve(struct job *job, struct cordon_launch_event *started)
{
	if (job->network != NULL)
		guard_serve(job->network, started->captured, started->started.captured);
}

void
job_network_end(struct job *job)
{
	job->network_ending = job->network != NULL && !guard_end(job->network);
}

/* What went to and fro goes on record before the end of the run. */
static void
record_traffic(const struct job *job)
{
	struct guard_line line;
	size_t size = 0;

	for (size_t i = 0; job->has_intent && guard_line(job->network, i, &line) == 0; i++)
		if (line.traffic.begun > 0) {
			char *payload = record_traffic_of(job_name(job), &line, &size);

			serve_ledger_put_other(job->serve, job->caller, payload, size);
		}
}

void
job_network_close(struct job *job)
{
	if (job->network == NULL)
		return;
	record_traffic(job);
	job->report = network_report_make(job->network);
	guard_close(job->network);
	job->network = NULL;
}

void
job_network_drop(struct job *job)
{
	guard_close(job->network);
	job->network = NULL;
	free(job->report);
	job->report = NULL;
}
