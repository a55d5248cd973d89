#include "serve_ledger.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "cmd.h"
#include "record.h"
#include "refusal.h"
#include "serve.h"

#define TURN 64

/* The first time in full: people are told once, callers each time. */
static void
say_lost(struct serve *s, const struct cordon_error *why)
{
	struct cordon_error err = *why;

	if (s->ledger_said)
		return;
	s->ledger_said = 1;
	if (s->config->ledger_halt) {
		serve_fail(s, &err);
		return;
	}
	(void)cordon_while(&err, "nothing is started for now");
	cmd_say(&err);
}

static void
settle_events(struct serve *s)
{
	if (s->ledger_watch != NULL)
		cordon_watch_set(s->ledger_watch,
			CORDON_LOOP_READ |
				(outbox_is_empty(&s->ledger.outbox) ? 0u : CORDON_LOOP_WRITE));
}

int
serve_ledger_put(struct serve *s, struct caller *c, uint64_t token, int durable, char *payload,
	size_t size, struct cordon_error *err)
{
	int result;

	if (c != NULL && payload != NULL)
		tail_put(&c->tail, token, payload, size);
	result = ledger_append(&s->ledger, token, durable, payload, size, err);
	if (result < 0 && c != NULL)
		(void)tail_settle(&c->tail, token, 0, 0);
	if (result < 0)
		say_lost(s, err);
	settle_events(s);
	return result;
}

/* What cannot be told is said at the link. */
void
serve_ledger_put_other(struct serve *s, struct caller *c, char *payload, size_t size)
{
	struct cordon_error ignored = { 0 };

	(void)!serve_ledger_put(
		s, c, SERVE_LEDGER_OTHERS + s->ledger_others++, 0, payload, size, &ignored);
}

/* destinations */

_Static_assert((CORDON_GUARD_DESTINATIONS & (CORDON_GUARD_DESTINATIONS - 1)) == 0, "a mask");

static uint64_t
token_of(uint64_t run, uint32_t destination)
{
	return SERVE_LEDGER_DESTINATIONS | run * CORDON_GUARD_DESTINATIONS | destination;
}

int
serve_ledger_put_destination(struct serve *s, struct caller *c, uint64_t run, uint32_t destination,
	const struct guard_line *line, char *payload, size_t size, struct cordon_error *err)
{
	if (line->allowed)
		return serve_ledger_put(s, c, token_of(run, destination), 1, payload, size, err) < 0
			       ? -1
			       : 0;
	serve_ledger_put_other(s, c, payload, size);
	return 0;
}

static void
take_destination(struct serve *s, uint64_t token, const struct cordon_error *why)
{
	const uint64_t both = token & ~SERVE_LEDGER_DESTINATIONS;

	guard_recorded(s->guard, both / CORDON_GUARD_DESTINATIONS,
		(uint32_t)(both % CORDON_GUARD_DESTINATIONS), why);
}

/* hearing */

static void
take(struct serve *s, const struct cordon_ledger_answer *a)
{
	const int kept = a->error.code == CORDON_OK;

	for (struct caller *c = s->callers; c != NULL; c = c->next)
		if (tail_settle(&c->tail, a->token, kept, a->sequence))
			break;
	if (!kept)
		say_lost(s, &a->error);
	else
		s->ledger_said = 0; /* it works again */
	if (a->token >= SERVE_LEDGER_OTHERS)
		return;
	if (a->token >= SERVE_LEDGER_DESTINATIONS)
		take_destination(s, a->token, kept ? NULL : &a->error);
	else
		job_recorded(s, a->token, a->sequence, kept ? NULL : &a->error);
}

/* Returns 1, or 0 when there is nothing more to hear now. */
static int
hear(struct serve *s)
{
	struct cordon_ledger_answer answer = { 0 };
	const int heard = ledger_hear(&s->ledger, &answer);

	if (heard > 0)
		take(s, &answer);
	if (heard < 0) {
		cordon_watch_remove(s->ledger_watch);
		s->ledger_watch = NULL;
		say_lost(s, &s->ledger.lost);
		jobs_unrecorded(s, &s->ledger.lost);
		if (s->guard != NULL)
			guard_unrecorded(s->guard, &s->ledger.lost);
	}
	return heard > 0;
}

static void
on_ledger(void *context, unsigned events)
{
	struct serve *s = context;
	struct cordon_error ignored = { 0 };

	/* Why it cannot be reached any more is on the link. */
	if ((events & CORDON_LOOP_WRITE) != 0 && outbox_flush(&s->ledger.outbox, &ignored) < 0)
		outbox_finish(&s->ledger.outbox);
	for (int i = 0; i < TURN && hear(s); i++)
		;
	settle_events(s);
	callers_resume(s);
	callers_reap(s);
}

/* beginning and end */

#define FIRST SERVE_LEDGER_OTHERS

int
serve_ledger_start(struct serve *s, struct cordon_error *err)
{
	size_t size = 0;
	char *payload;

	s->ledger.speaks = 1;
	if (ledger_start(&s->ledger, s->config, err) < 0)
		return -1;
	s->ledger_others = 1;
	payload = record_start(&size);
	return ledger_append(&s->ledger, FIRST, 0, payload, size, err);
}

int
serve_ledger_begin(struct serve *s, struct cordon_error *err)
{
	uint64_t sequence;

	if (ledger_await(&s->ledger, FIRST, &sequence, err) < 0)
		return -1;
	s->ledger_watch =
		cordon_loop_watch(s->loop, s->ledger.link, CORDON_LOOP_READ, on_ledger, s, err);
	return s->ledger_watch == NULL ? -1 : 0;
}

void
serve_ledger_finish(struct serve *s)
{
	struct pollfd p = { .fd = s->ledger.link, .events = POLLIN };
	struct cordon_error ignored = { 0 };

	while (s->job_count > 0 && s->ledger_watch != NULL && poll(&p, 1, LEDGER_PATIENCE_MS) > 0) {
		if (outbox_flush(&s->ledger.outbox, &ignored) < 0)
			outbox_finish(&s->ledger.outbox);
		while (hear(s))
			;
	}
	cordon_watch_remove(s->ledger_watch);
	s->ledger_watch = NULL;
	ledger_finish(&s->ledger);
}

/* refusals */

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
serve_ledger_refused(struct caller *c, const struct rpc_start *start,
	const struct cordon_error *why, const char *rule, const uint8_t *digest)
{
	struct cordon_error err = *why;
	struct record_refused r = { .run = start->handle,
		.uid = c->uid,
		.session = start->session,
		.profile = start->profile,
		.digest = digest,
		.reason = refusal_of(0, &err, rule).reason,
		.rule = rule };
	size_t size = 0;
	char *payload;

	if (!refusals_take(&c->refusals, r.reason, now_ms(), &r.left_out))
		return;
	payload = record_refused(&r, &size);
	serve_ledger_put_other(c->serve, c, payload, size);
}

void
serve_ledger_event(struct caller *c, const char *session, const char *reason)
{
	struct record_refused r = { .uid = c->uid, .session = session, .reason = reason };
	size_t size = 0;
	char *payload;

	if (!refusals_take(&c->refusals, r.reason, now_ms(), &r.left_out))
		return;
	payload = record_refused(&r, &size);
	serve_ledger_put_other(c->serve, c, payload, size);
}

void
serve_ledger_peer(struct serve *s, uid_t uid, const char *reason)
{
	struct record_refused r = { .uid = uid, .reason = reason };
	size_t size = 0;
	char *payload;

	if (!refusals_take(&s->stranger_refusals, r.reason, now_ms(), &r.left_out))
		return;
	payload = record_refused(&r, &size);
	serve_ledger_put_other(s, NULL, payload, size);
}

static void
put_malformed(struct caller *c)
{
	size_t size = 0;
	char *payload = record_malformed(c->uid, "input.malformed", c->malformed, &size);

	c->malformed = 0;
	serve_ledger_put_other(c->serve, c, payload, size);
}

void
serve_ledger_malformed(struct caller *c, uint64_t count)
{
	const uint64_t now = now_ms();

	c->malformed += count;
	if (c->malformed_ms != 0 && now - c->malformed_ms < REFUSALS_MS)
		return;
	c->malformed_ms = now;
	put_malformed(c);
}

void
serve_ledger_leave(struct caller *c)
{
	const struct refusals_of *of;

	if (c->malformed > 0)
		put_malformed(c);
	while ((of = refusals_left(&c->refusals)) != NULL) {
		/* It is one of them itself. */
		const struct record_refused r = {
			.uid = c->uid, .reason = of->reason, .left_out = of->left_out - 1
		};
		size_t size = 0;
		char *payload = record_refused(&r, &size);

		serve_ledger_put_other(c->serve, NULL, payload, size);
	}
}
