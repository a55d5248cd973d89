/* The standard streams of a run: handed on as they are, carried by us, or served by its terminal. */
#pragma once

#include <stdint.h>

#include <cordon/error.h>
#include <cordon/loop.h>

#include "stream.h"

struct relays_events {
	void (*printed)(void *context, const void *data, uint64_t count); /* passed through us */
	void (*hung_up)(void *context); /* our terminal has gone, and the run's with it */
	void *context;
};

struct relays {
	struct cordon_loop *loop;
	struct relays_events events;
	struct stream *streams[3]; /* NULL: passed straight, or ended */
	int run_ends[3]; /* what the run gets, -1: the pty */
	int pty; /* master; -1: none */
	uint64_t bytes[3]; /* printed, of 1 and 2 */
	uint64_t output_left; /* what may still be printed; UINT64_MAX: no limit */
	int counted; /* bytes tells all */
	int write_error[3]; /* errno of what could not be written for the caller, else 0 */
};

/* Before anything else; relays_finish may follow at any time. Beyond output_limit bytes nothing of what
 * the run prints goes on; printed is told of them all the same. */
void relays_init(struct relays *r, struct cordon_loop *loop, const struct relays_events *events,
	uint64_t output_limit);
void relays_finish(struct relays *r);

/* Whether relays_set_up gives a run the null device as stream i, when it is no terminal. */
int relays_is_null(int i, int count);
/* Makes what the run gets for streams whose bit in tty is not set. count: output has to pass through us.
 * Returns 0, or -1 with *err set. */
int relays_set_up(
	struct relays *r, uint32_t tty, int count, struct cordon_error *err) CORDON_CHECKED;
/* Puts the descriptors for the run in fds, in order; they stay ours. Returns the count. */
unsigned relays_run_ends(const struct relays *r, int fds[3]);
/* The run has its ends: ours of them are closed. pty: its terminal's master, taken, or -1. */
int relays_start(struct relays *r, int pty, struct cordon_error *err) CORDON_CHECKED;

/* Leaves the caller's input alone, or not any more. */
void relays_pause_input(struct relays *r, int paused);
/* Writes what the run has printed so far; gives up waiting for a slow reader when interrupt is readable. */
void relays_drain(struct relays *r, int interrupt);
