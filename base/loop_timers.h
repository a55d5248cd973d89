/* The timers of an event loop, by when they are due: a binary heap. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/loop.h>

struct cordon_timer {
	struct cordon_loop *loop;
	cordon_timer_fn *fn;
	void *context;
	uint64_t due_ms, repeat_ms;
	uint64_t order; /* among those that are due at once */
	size_t at; /* its place in the heap; TIMER_IDLE: it has none */
	struct cordon_timer *next; /* of those that are to be freed */
};

#define TIMER_IDLE SIZE_MAX

struct loop_timers {
	struct cordon_timer **heap;
	size_t count, capacity;
	uint64_t orders;
};

/* Puts it in, due at t->due_ms. Returns 0, or -1: there is no memory. One that was in it before, and nothing has come in since,
 * fits in any case. */
int loop_timers_add(struct loop_timers *all, struct cordon_timer *t);
/* Nothing when it is not in it. */
void loop_timers_take_out(struct loop_timers *all, struct cordon_timer *t);
/* The one that is due first, or NULL. */
struct cordon_timer *loop_timers_first(const struct loop_timers *all);
void loop_timers_finish(struct loop_timers *all);
