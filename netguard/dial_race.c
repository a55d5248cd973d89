/* Happy Eyeballs, version 2 (RFC 8305, 4 and 5). The names were resolved before, so all addresses are there at once.
 *
 * calls: none */
#include <errno.h>
#include <stdlib.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "dial.h"

struct runner {
	struct dial_race *race;
	struct dial_call *call; /* NULL: not begun, or over */
};

struct dial_race {
	struct dial *dial;
	struct cordon_loop *loop;
	struct cordon_timer *next; /* when the next one begins without waiting for a failure */
	uint64_t grant;
	uint8_t order[CORDON_DIAL_ADDRESSES];
	struct runner runners[CORDON_DIAL_ADDRESSES];
	unsigned count, begun, failed;
	enum cordon_dial_why why; /* of the first that failed */
	int sys;
	dial_fn *fn;
	void *context;
};

void
dial_race_order(const struct dial_set *set, uint8_t ret_order[CORDON_DIAL_ADDRESSES])
{
	unsigned at[2] = { 0, 0 }; /* of the families the next one: IPv6, IPv4 */
	unsigned placed = 0, turn = 0;

	while (placed < set->count) {
		const uint8_t family = turn == 0 ? 6 : 4;
		unsigned *i = &at[turn];

		while (*i < set->count && set->addresses[*i].family != family)
			(*i)++;
		if (*i < set->count)
			ret_order[placed++] = (uint8_t)(*i)++;
		else if (at[!turn] >= set->count)
			break; /* of no family */
		turn = !turn;
	}
	for (; placed < set->count; placed++)
		ret_order[placed] = 0;
}

static void
finish(struct dial_race *race)
{
	cordon_timer_remove(race->next);
	for (unsigned i = 0; i < race->begun; i++)
		dial_cancel(race->runners[i].call);
	free(race);
}

static void
end(struct dial_race *race, int fd, enum cordon_dial_why why, int sys)
{
	dial_fn *fn = race->fn;
	void *context = race->context;

	finish(race);
	fn(context, fd, why, sys);
}

static void begin_next(struct dial_race *race);

static void
fail(struct dial_race *race, enum cordon_dial_why why, int sys)
{
	if (race->failed++ == 0) {
		race->why = why;
		race->sys = sys;
	}
}

static void
answered(void *context, int fd, enum cordon_dial_why why, int sys)
{
	struct runner *runner = context;
	struct dial_race *race = runner->race;

	runner->call = NULL;
	if (why == CORDON_DIAL_FINE) {
		end(race, fd, why, 0);
		return;
	}
	fail(race, why, sys);
	begin_next(race);
	if (race->failed == race->count)
		end(race, -1, race->why, race->sys);
}

static void
due(void *context)
{
	struct dial_race *race = context;

	begin_next(race);
	if (race->failed == race->count)
		end(race, -1, race->why, race->sys);
}

/* Without a timer the next one begins when this one has failed, which is slower and no worse. */
static void
set_timer(struct dial_race *race)
{
	struct cordon_error ignored;

	cordon_timer_remove(race->next);
	race->next = NULL;
	if (race->begun < race->count)
		race->next = cordon_loop_timer(race->loop, DIAL_STAGGER_MS, 0, due, race, &ignored);
}

/* Begins one, or if it cannot the one after it. */
static void
begin_next(struct dial_race *race)
{
	struct cordon_error err;

	while (race->begun < race->count) {
		struct runner *runner = &race->runners[race->begun];

		runner->race = race;
		runner->call = dial_begin(race->dial, race->grant, race->order[race->begun++],
			answered, runner, &err);
		if (runner->call != NULL)
			break;
		fail(race, err.code == CORDON_ELIMIT ? CORDON_DIAL_FULL : CORDON_DIAL_FAILED,
			err.sys);
	}
	set_timer(race);
}

struct dial_race *
dial_race_begin(struct dial *d, struct cordon_loop *loop, const struct dial_set *set, dial_fn *fn,
	void *context, struct cordon_error *err)
{
	struct dial_race *race = NULL;

	if (set->count == 0 || set->count > CORDON_DIAL_ADDRESSES) {
		cordon_fail(err, CORDON_ENOTFOUND, 0, "there is no address to dial");
		return NULL;
	}
	race = cordon_array(1, sizeof(*race));
	if (race == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not dial");
		return NULL;
	}
	*race = (struct dial_race){ .dial = d,
		.loop = loop,
		.grant = set->grant,
		.count = set->count,
		.fn = fn,
		.context = context };
	dial_race_order(set, race->order);
	begin_next(race);
	if (race->failed == race->count) {
		finish(race);
		cordon_fail(err, CORDON_ELIMIT, 0, "no connection can be asked for");
		(void)cordon_because(err, cordon_dial_why_reason(CORDON_DIAL_FULL));
		return NULL;
	}
	return race;
}

void
dial_race_cancel(struct dial_race *race)
{
	if (race != NULL)
		finish(race);
}
