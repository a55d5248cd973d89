/* calls: none */
#include "deadlines.h"

#include <cordon/rate.h>

static void due(void *context);

void
deadlines_init(struct deadlines *all, struct cordon_loop *loop, uint64_t length_ms, deadline_fn *fn)
{
	*all = (struct deadlines){ .loop = loop, .length_ms = length_ms, .fn = fn };
}

void
deadlines_finish(struct deadlines *all)
{
	cordon_timer_remove(all->timer);
	all->timer = NULL;
	while (all->first != NULL)
		deadline_end(all->first);
}

void
deadline_end(struct deadline *d)
{
	struct deadlines *all = d->in;

	if (all == NULL)
		return;
	*(d->before != NULL ? &d->before->after : &all->first) = d->after;
	*(d->after != NULL ? &d->after->before : &all->last) = d->before;
	*d = (struct deadline){ 0 };
}

/* The timer is not taken back when its deadline ends, which most do soon: it fires in vain, at most once in length_ms. */
static int
arm(struct deadlines *all, uint64_t now_ms)
{
	const uint64_t at_ms = all->first->at_ms;
	struct cordon_error ignored;

	if (all->timer == NULL)
		all->timer = cordon_loop_timer(
			all->loop, at_ms > now_ms ? at_ms - now_ms : 1, 0, due, all, &ignored);
	return all->timer == NULL ? -1 : 0;
}

static void
due(void *context)
{
	struct deadlines *all = context;
	const uint64_t now_ms = cordon_now_ms();

	cordon_timer_remove(all->timer);
	all->timer = NULL;
	while (all->first != NULL && all->first->at_ms <= now_ms) {
		struct deadline *d = all->first;

		deadline_end(d);
		all->fn(d);
	}
	if (all->first != NULL && arm(all, now_ms) < 0)
		while (all->first != NULL) { /* too early is better than never */
			struct deadline *d = all->first;

			deadline_end(d);
			all->fn(d);
		}
}

int
deadline_begin(struct deadlines *all, struct deadline *d)
{
	const uint64_t now_ms = cordon_now_ms();

	deadline_end(d);
	*d = (struct deadline){ .in = all, .before = all->last, .at_ms = now_ms + all->length_ms };
	*(all->last != NULL ? &all->last->after : &all->first) = d;
	all->last = d;
	if (arm(all, now_ms) == 0)
		return 0;
	deadline_end(d);
	return -1;
}
