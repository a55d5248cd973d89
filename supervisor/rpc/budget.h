/* How much output of all runs of the caller is kept at one time. A budget may be a part of another. */
#pragma once

#include <stddef.h>

struct budget {
	struct budget *whole; /* NULL: it is the whole */
	size_t used, max;
	/* Asked when something does not fit: gives up older output. NULL: there is none to give up. */
	void (*reclaim)(void *context, size_t size);
	void *context;
};

/* Returns 0, or -1 when it does not fit. */
static inline int
budget_take(struct budget *b, size_t size)
{
	if (b->used + size > b->max && b->reclaim != NULL)
		b->reclaim(b->context, size);
	if (b->used + size > b->max || (b->whole != NULL && budget_take(b->whole, size) < 0))
		return -1;
	b->used += size;
	return 0;
}

static inline void
budget_give(struct budget *b, size_t size)
{
	b->used -= size;
	if (b->whole != NULL)
		budget_give(b->whole, size);
}

/* Takes it although it may not fit. */
static inline void
budget_force(struct budget *b, size_t size)
{
	b->used += size;
	if (b->whole != NULL)
		budget_force(b->whole, size);
}
