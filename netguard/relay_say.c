/* What the monitor is told. A run is among the speakers while it has something to say; of one thing, the last state is
 * kept, where it happened: a destination that is to be asked about, that has changed; names in a table; that it has
 * ended. So nothing grows while the monitor does not read, and nothing waits for it.
 *
 * calls: none */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cordon/link.h>
#include <cordon/wire.h>

#include "relay_parts.h"

static void
speak(struct run *run)
{
	if (run->speaks)
		return;
	run->speaks = 1;
	TAILQ_INSERT_TAIL(&run->relay->speakers, run, speaking);
}

static void
fall_silent(struct run *run)
{
	if (run->speaks)
		TAILQ_REMOVE(&run->relay->speakers, run, speaking);
	run->speaks = 0;
}

void
say_forget(struct run *run)
{
	fall_silent(run);
}

/* Time to say what has changed. */
static void
due(void *context)
{
	struct relay *r = context;
	struct run *run;

	cordon_timer_remove(r->traffic);
	r->traffic = NULL;
	TAILQ_FOREACH(run, &r->runs, entry)
	if (!TAILQ_EMPTY(&run->changed)) {
		run->due = 1;
		speak(run);
	}
	say_all(r);
}

/* Without memory for a timer it is said when something else changes, and before ENDED. */
void
say_changed(struct run *run, struct destination *d)
{
	struct relay *r = run->relay;
	struct cordon_error ignored;

	if (!d->dirty)
		TAILQ_INSERT_TAIL(&run->changed, d, changed);
	d->dirty = 1;
	if (r->traffic == NULL)
		r->traffic = cordon_loop_timer(r->loop, RELAY_TRAFFIC_MS, 0, due, r, &ignored);
}

void
say_refused(struct run *run, struct destination *d, const char *reason)
{
	d->refusals++;
	(void)snprintf(d->last, sizeof(d->last), "%s", reason);
	say_changed(run, d);
}

void
say_failed(struct run *run, struct destination *d, const char *reason)
{
	d->failures++;
	(void)snprintf(d->last, sizeof(d->last), "%s", reason);
	say_changed(run, d);
}

void
say_ask(struct run *run, struct destination *d)
{
	d->to_be_asked = 1;
	TAILQ_INSERT_TAIL(&run->asking, d, asking);
	speak(run);
	say_all(run->relay);
}

void
say_unlisted(struct run *run, const char *name)
{
	int full;
	const size_t before = run->unlisted.count;

	if (before == CORDON_GUARD_UNLISTED || run->ending ||
		name_table_add(&run->unlisted, name, &full) < 0 || run->unlisted.count == before)
		return;
	speak(run);
	say_all(run->relay);
}

void
say_ended(struct run *run)
{
	run->due = 1;
	speak(run);
	say_all(run->relay);
}

/* Sends what is in w, and finishes it. Returns 1, 0 when the monitor has to read first, or -1: there is none. */
static int
send_one(struct relay *r, uint16_t message, struct cordon_writer *w)
{
	struct cordon_error err;
	int result = cordon_writer_check(w, &err);

	if (result == 0)
		result = cordon_link_send(RELAY_MONITOR, message, w->data, w->size, NULL, 0, &err);
	cordon_writer_finish(w);
	if (result == 0)
		return 1;
	if (err.code == CORDON_ESYS && err.sys == EAGAIN)
		return 0;
	relay_stop(r, err.code == CORDON_EPEER ? NULL : &err); /* it has gone */
	return -1;
}

static int
send_ask(struct run *run)
{
	struct destination *d = TAILQ_FIRST(&run->asking);
	struct cordon_guard_ask ask = { .run = run->id, .destination = d->number };
	struct cordon_writer w;
	int result;

	run_endpoint(run, d, &ask.to);
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_ask(&ask, &w);
	result = send_one(run->relay, CORDON_GUARD_ASK, &w);
	if (result > 0) {
		TAILQ_REMOVE(&run->asking, d, asking);
		d->to_be_asked = 0;
	}
	return result;
}

static int
send_unlisted(struct run *run)
{
	struct cordon_guard_unlisted unlisted = { .run = run->id };
	struct cordon_writer w;
	int result;

	(void)snprintf(unlisted.name, sizeof(unlisted.name), "%s",
		run->unlisted.texts[run->unlisted_said]);
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_unlisted(&unlisted, &w);
	result = send_one(run->relay, CORDON_GUARD_UNLISTED_NAME, &w);
	run->unlisted_said += result > 0;
	return result;
}

static int
send_traffic(struct run *run)
{
	struct destination *d = TAILQ_FIRST(&run->changed);
	struct cordon_guard_traffic t = { .run = run->id,
		.destination = d->number,
		.begun = d->begun,
		.open = d->open,
		.bytes_out = d->bytes_out,
		.bytes_in = d->bytes_in,
		.refused = d->refusals,
		.failed = d->failures,
		.verified = destination_verified(d) };
	struct cordon_writer w;
	int result;

	memcpy(t.reason, d->last, sizeof(t.reason));
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_traffic(&t, &w);
	result = send_one(run->relay, CORDON_GUARD_TRAFFIC, &w);
	if (result > 0) {
		TAILQ_REMOVE(&run->changed, d, changed);
		d->dirty = 0;
	}
	return result;
}

static int
send_ended(struct run *run)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, 64);
	cordon_guard_encode_run(run->id, &w);
	result = send_one(run->relay, CORDON_GUARD_ENDED, &w);
	if (result > 0)
		run_free(run);
	return result;
}

/* One message of the run, which may be gone then. Returns as send_one; 1 also when there is no more. */
static int
send_next(struct run *run)
{
	if (!TAILQ_EMPTY(&run->asking) && !run->ending)
		return send_ask(run);
	if (run->unlisted_said < run->unlisted.count)
		return send_unlisted(run);
	if (run->due && !TAILQ_EMPTY(&run->changed))
		return send_traffic(run);
	run->due = 0;
	if (run->ending)
		return send_ended(run);
	fall_silent(run);
	return 1;
}

/* One message each, in turns. */
void
say_all(struct relay *r)
{
	struct run *run;
	int result = 1;

	while (result > 0 && !r->ended && (run = TAILQ_FIRST(&r->speakers)) != NULL) {
		TAILQ_REMOVE(&r->speakers, run, speaking);
		TAILQ_INSERT_TAIL(&r->speakers, run, speaking);
		result = send_next(run);
	}
	if (r->monitor != NULL)
		cordon_watch_set(r->monitor,
			result == 0 ? CORDON_LOOP_READ | CORDON_LOOP_WRITE : CORDON_LOOP_READ);
}
