#include "run_network.h"

#include <errno.h>
#include <stdlib.h>

#include "record.h"

#define RUN   1
#define TOKEN 3 /* the first; those of the run's own records are below */

/* The answer is waited for: nothing else of the run depends on this process meanwhile but its output, for one flush. */
static int
record(void *context, uint64_t run, uint32_t destination, const struct guard_line *line,
	struct cordon_error *err)
{
	struct run_network *n = context;
	const struct record_connect connect = { .run = n->id,
		.uid = n->uid,
		.session = n->session,
		.profile = n->profile->name,
		.line = line };
	/* Answers of records that nobody has waited for may still come. */
	const uint64_t token = TOKEN + n->records++;
	uint64_t sequence;
	size_t size = 0;
	char *payload;

	(void)run;
	(void)destination;
	if (n->intent->state != INTENT_KEPT) {
		cordon_fail(err, CORDON_EPOLICY, 0, "the run itself is not on record");
		return cordon_because(err, "ledger.failed");
	}
	payload = record_connect(&connect, &size);
	if (ledger_append(n->intent->ledger, token, line->allowed, payload, size, err) < 0)
		return -1;
	if (!line->allowed)
		return 0;
	return ledger_await(n->intent->ledger, token, &sequence, err) < 0 ? -1 : 1;
}

static void
on_ended(void *context, uint64_t run)
{
	struct run_network *n = context;

	(void)run;
	n->ended(n->context);
}

static void
on_lost(void *context, const struct cordon_error *why)
{
	struct run_network *n = context;

	n->lost = *why;
}

int
run_network_open(struct run_network *n, struct cordon_loop *loop, void (*ended)(void *context),
	void *context, struct cordon_error *err)
{
	const struct guard_owner owner = {
		.record = record, .ended = on_ended, .lost = on_lost, .context = n
	};

	n->ended = ended;
	n->context = context;
	n->pins = guard_session_create();
	if (n->pins == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a network");
	n->guard = guard_create(loop, n->config, &owner, err);
	if (n->guard == NULL)
		return -1;
	n->run = guard_open(n->guard, RUN, n->profile, n->pins, err);
	return n->run == NULL ? -1 : 0;
}

void
run_network_serve(struct run_network *n, struct cordon_launch_event *started)
{
	guard_serve(n->run, started->captured, started->started.captured);
}

int
run_network_end(struct run_network *n)
{
	return n->run == NULL ? 1 : guard_end(n->run);
}

/* What went to and fro. It is durable with the end of the run, which follows. */
static void
record_traffic(struct run_network *n)
{
	struct guard_line line;

	for (size_t i = 0; n->intent->state == INTENT_KEPT && guard_line(n->run, i, &line) == 0;
		i++) {
		struct cordon_error ignored = { 0 };
		size_t size = 0;
		char *payload;

		if (line.traffic.begun == 0)
			continue;
		payload = record_traffic_of(n->id, &line, &size);
		(void)!ledger_append(
			n->intent->ledger, TOKEN + n->records++, 0, payload, size, &ignored);
	}
}

void
run_network_close(struct run_network *n)
{
	if (n->run != NULL) {
		record_traffic(n);
		n->report = network_report_make(n->run);
	}
	guard_destroy(n->guard);
	n->guard = NULL;
	n->run = NULL;
}

void
run_network_finish(struct run_network *n)
{
	run_network_close(n);
	guard_session_drop(n->pins);
	n->pins = NULL;
	free(n->report);
	n->report = NULL;
}
