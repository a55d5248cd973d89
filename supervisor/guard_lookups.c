/* Whose names the resolver is asked for, and when. It looks for CORDON_GUARD_LANES names at one time, and one that nobody
 * answers for takes a lane for seconds. What is more waits here, where it is known whose it is. MUSTs:
 *
 * 1. The run that has the fewest under way is next; among those, the one whose turn was the longest ago.
 * 2. A run has at most as many under way as are free then, so that those who ask for what is never answered leave some. */
#include "guard_parts.h"

static int
is_before(const struct guard_run *a, const struct guard_run *b)
{
	return a->asked != b->asked ? a->asked < b->asked : a->turn < b->turn;
}

/* The list begins with the youngest. */
static struct guard_pending *
next(const struct guard *g)
{
	struct guard_pending *found = NULL;

	for (struct guard_pending *p = g->pending; p != NULL; p = p->next)
		if (p->run->destinations[p->destination].state == GUARD_LOOKING && !p->asked &&
			p->run->asked < CORDON_GUARD_LANES - g->asked &&
			(found == NULL || !is_before(found->run, p->run)))
			found = p;
	return found;
}

static void
ask(struct guard *g, struct guard_pending *p)
{
	const struct cordon_guard_look_up words = { .id = p->id,
		.name = p->run->destinations[p->destination].to->host };
	struct cordon_writer w;

	p->asked = 1;
	p->run->asked++;
	p->run->turn = ++g->turns;
	g->asked++;
	cordon_writer_init(&w, 512);
	cordon_guard_encode_look_up(&words, &w);
	guard_tell(g, GUARD_RESOLVER, CORDON_GUARD_LOOK_UP, &w, NULL, 0);
}

void
guard_lookups_go_on(struct guard *g)
{
	struct guard_pending *p;

	/* While the resolver does not know its servers, names wait. */
	while (g->server_answers == 0 && g->asked < CORDON_GUARD_LANES && (p = next(g)) != NULL)
		ask(g, p);
}
