/* Whose grants the dialer's table has. It is one for all runs, and one run may name as many destinations as it has
 * places. MUSTs:
 *
 * 1. Each run has RESERVE grants whatever the others do: enough for one destination, at the moment at which what its name
 *    leads to is granted anew.
 * 2. Of the rest a run has at most as many as are free then, so that a second one finds some.
 * 3. Where a run is at its share, what it has not been fresh with for a while goes first: the relay asks again before it
 *    dials that. */
#include "guard_parts.h"

#include <cordon/rate.h>

#define RESERVE   4u
#define SHARED    (CORDON_DIAL_GRANTS - 2 * CORDON_GUARD_SERVERS - RESERVE * CORDON_GUARD_RUNS)
#define LINGER_MS 90000u /* longer than anything waits in the relay to be dialed, and is dialed */

_Static_assert(CORDON_DIAL_GRANTS > 2 * CORDON_GUARD_SERVERS + RESERVE * CORDON_GUARD_RUNS,
	"what is set aside is not all");

void
guard_withdraw_one(struct guard *g, uint64_t grant)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(
		CORDON_DIAL_WITHDRAW, &(const struct cordon_dial_word){ .id = grant }, &w);
	guard_tell(g, GUARD_DIALER, CORDON_DIAL_WITHDRAW, &w, NULL, 0);
}

static void
withdraw(struct guard_run *r, uint64_t *grant)
{
	if (*grant == 0)
		return;
	guard_withdraw_one(r->guard, *grant);
	*grant = 0;
	r->granted--;
}

void
guard_withdraw(struct guard_run *r, struct guard_destination *d)
{
	withdraw(r, &d->before);
	withdraw(r, &d->grant);
}

void
guard_grants_forget(struct guard_run *r)
{
	for (size_t i = 0; i < r->count; i++)
		r->destinations[i].before = r->destinations[i].grant = 0;
	r->granted = 0;
}

void
guard_grant_follows(struct guard_run *r, struct guard_destination *d, uint64_t grant)
{
	withdraw(r, &d->before);
	d->before = d->grant;
	d->grant = grant;
}

/* How many of the shared places are free. */
static unsigned
left(const struct guard *g)
{
	uint64_t used = g->orphans;

	for (const struct guard_run *r = g->runs; r != NULL; r = r->next)
		if (r->granted > RESERVE)
			used += r->granted - RESERVE;
	return used < SHARED ? (unsigned)(SHARED - used) : 0;
}

static int
fits(const struct guard_run *r)
{
	return r->granted < RESERVE || r->granted - RESERVE < left(r->guard);
}

static void
drop_stale(struct guard_run *r)
{
	const uint64_t now_ms = cordon_now_ms();

	for (size_t i = 0; i < r->count; i++) {
		struct guard_destination *d = &r->destinations[i];

		if (d->pending == NULL && d->fresh_until_ms != UINT64_MAX &&
			now_ms >= d->fresh_until_ms + LINGER_MS)
			guard_withdraw(r, d);
	}
}

int
guard_grant_fits(struct guard_run *r)
{
	if (!fits(r))
		drop_stale(r);
	return fits(r);
}
