/* calls: none */
#include "loop_timers.h"

#include <stdlib.h>

#include <cordon/mem.h>

static int
before(const struct cordon_timer *a, const struct cordon_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void
put(struct loop_timers *all, size_t at, struct cordon_timer *t)
{
	all->heap[at] = t;
	t->at = at;
}

static void
rise(struct loop_timers *all, size_t at, struct cordon_timer *t)
{
	while (at > 0 && before(t, all->heap[(at - 1) / 2])) {
		put(all, at, all->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(all, at, t);
}

static void
sink(struct loop_timers *all, size_t at, struct cordon_timer *t)
{
	size_t child;

	while ((child = 2 * at + 1) < all->count) {
		if (child + 1 < all->count && before(all->heap[child + 1], all->heap[child]))
			child++;
		if (!before(all->heap[child], t))
			break;
		put(all, at, all->heap[child]);
		at = child;
	}
	put(all, at, t);
}

int
loop_timers_add(struct loop_timers *all, struct cordon_timer *t)
{
	if (cordon_grow(&all->heap, &all->capacity, all->count + 1, SIZE_MAX / sizeof(t),
		    sizeof(struct cordon_timer *)) < 0)
		return -1;
	t->order = all->orders++;
	rise(all, all->count++, t);
	return 0;
}

void
loop_timers_take_out(struct loop_timers *all, struct cordon_timer *t)
{
	const size_t at = t->at;
	struct cordon_timer *last;

	if (at == TIMER_IDLE)
		return;
	t->at = TIMER_IDLE;
	last = all->heap[--all->count];
	if (last == t)
		return;
	if (at > 0 && before(last, all->heap[(at - 1) / 2]))
		rise(all, at, last);
	else
		sink(all, at, last);
}

struct cordon_timer *
loop_timers_first(const struct loop_timers *all)
{
	return all->count == 0 ? NULL : all->heap[0];
}

void
loop_timers_finish(struct loop_timers *all)
{
	free(all->heap);
	*all = (struct loop_timers){ 0 };
}
