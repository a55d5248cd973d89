/* Many deadlines of one length, by one timer: they are due in the order in which they begin. */
#pragma once

#include <stdint.h>

#include <cordon/loop.h>

struct deadlines;

struct deadline { /* all zero: not begun */
	struct deadlines *in;
	struct deadline *before, *after;
	uint64_t at_ms;
};

/* The deadline has ended by then. */
typedef void deadline_fn(struct deadline *d);

struct deadlines {
	struct cordon_loop *loop;
	uint64_t length_ms;
	deadline_fn *fn;
	struct cordon_timer *timer;
	struct deadline *first, *last;
};

void deadlines_init(
	struct deadlines *all, struct cordon_loop *loop, uint64_t length_ms, deadline_fn *fn);
void deadlines_finish(struct deadlines *all);
/* From now on; one that has begun, here or in others, begins again. Returns 0, or -1 without memory: there is
 * none then. */
int deadline_begin(struct deadlines *all, struct deadline *d) CORDON_CHECKED;
void deadline_end(struct deadline *d); /* also of one that has not begun */
