/* Who is connected when. The dialer bounds what is under way, of a grant and of all, and answers what is too much with a
 * refusal; so what is more waits here. MUSTs:
 *
 * 1. Runs take turns; of what is under way a run has at most half of what is free, so that those whose servers do not
 *    answer leave places to others.
 * 2. Of one destination so many are under way that their second addresses have room in the grant, too.
 *
 * calls: none */
#include <cordon/fd.h>

#include "relay_parts.h"

#define RACES     (CORDON_DIAL_IN_FLIGHT * 3 / 4) /* some have two addresses under way */
#define LOOKED_AT 64 /* of one run's queue */
#define AGAIN_MS  50u

static void dial_next(struct relay *r);

static void
leave(struct run *run)
{
	if (!run->dials || !TAILQ_EMPTY(&run->queued))
		return;
	TAILQ_REMOVE(&run->relay->diallers, run, dialling);
	run->dials = 0;
}

static void
again(void *context)
{
	struct relay *r = context;

	cordon_timer_remove(r->dial_again);
	r->dial_again = NULL;
	dial_next(r);
}

/* Without memory for a timer the next that ends does it. */
static void
try_later(struct relay *r, unsigned delay_ms)
{
	struct cordon_error ignored;

	if (r->dial_again == NULL)
		r->dial_again = cordon_loop_timer(r->loop, delay_ms, 0, again, r, &ignored);
}

/* It is not under way any more. */
static void
end_race(struct tunnel *t)
{
	t->run->races--;
	t->run->relay->races--;
	t->destination->dialing--;
}

static void
put(struct tunnel *t, int first)
{
	struct run *run = t->run;

	if (first)
		TAILQ_INSERT_HEAD(&run->queued, t, queue);
	else
		TAILQ_INSERT_TAIL(&run->queued, t, queue);
	if (!run->dials)
		TAILQ_INSERT_TAIL(&run->relay->diallers, run, dialling);
	run->dials = 1;
}

static void
raced(void *context, int fd, enum cordon_dial_why why, int sys)
{
	struct tunnel *t = context;
	struct relay *r = t->run->relay;

	(void)sys;
	t->race = NULL;
	if (why == CORDON_DIAL_FULL) {
		end_race(t);
		tunnel_queued_again(t);
		put(t, 1);
		try_later(r, AGAIN_MS);
		return;
	}
	if (why == CORDON_DIAL_FINE) {
		end_race(t);
		tunnel_connected(t, fd);
	} else {
		tunnel_failed(t, cordon_dial_why_reason(why));
	}
	dial_next(r);
}

/* Returns 0, or -1: nothing more can be asked for now. */
static int
start(struct tunnel *t)
{
	struct relay *r = t->run->relay;
	const struct cordon_dial_grant *grant = &t->destination->allow->grant;
	struct dial_set set = { .grant = grant->id, .count = grant->count };
	struct cordon_error err;
	struct dial_race *race;

	for (unsigned i = 0; i < grant->count; i++)
		set.addresses[i] = grant->addresses[i];
	race = dial_race_begin(r->dial, r->loop, &set, raced, t, &err);
	if (race == NULL && err.code == CORDON_ELIMIT) {
		try_later(r, AGAIN_MS);
		return -1;
	}
	TAILQ_REMOVE(&t->run->queued, t, queue);
	leave(t->run);
	tunnel_dialing(t, race);
	t->run->races++;
	r->races++;
	t->destination->dialing++;
	if (race == NULL)
		tunnel_failed(t, "limit.memory");
	return 0;
}

static int
has_room(const struct destination *d)
{
	return d->dialing < (d->allow->grant.count == 1 ? CORDON_DIAL_GRANT_FLIGHT
							: CORDON_DIAL_GRANT_FLIGHT / 2);
}

/* The next of a run for whose destination there is room. */
static struct tunnel *
next_of(struct run *run)
{
	struct tunnel *t;
	unsigned looked = 0;

	TAILQ_FOREACH(t, &run->queued, queue)
	if (has_room(t->destination) || ++looked == LOOKED_AT)
		break;
	return t != NULL && has_room(t->destination) ? t : NULL;
}

/* One of the run whose turn it is. Returns 0 when there is none for whom there is room. */
static int
dial_one(struct relay *r)
{
	struct run *run;
	struct tunnel *t = NULL;

	TAILQ_FOREACH(run, &r->diallers, dialling)
	if (run->races < RACES - r->races && (t = next_of(run)) != NULL)
		break;
	if (t == NULL)
		return 0;
	TAILQ_REMOVE(&r->diallers, run, dialling);
	TAILQ_INSERT_TAIL(&r->diallers, run, dialling);
	return start(t) == 0;
}

static void
dial_next(struct relay *r)
{
	if (r->dialling)
		return;
	r->dialling = 1;
	while (r->races < RACES && dial_one(r))
		;
	r->dialling = 0;
}

void
dial_queue(struct tunnel *t)
{
	put(t, 0);
	dial_next(t->run->relay);
}

void
dial_forget(struct tunnel *t)
{
	if (t->state == TUNNEL_QUEUED) {
		TAILQ_REMOVE(&t->run->queued, t, queue);
		leave(t->run);
		return;
	}
	dial_race_cancel(t->race);
	end_race(t);
	try_later(t->run->relay, 0);
}
