/* The relay's end of the link to the dialer: asks for connections, and races them. Nothing here makes a socket. */
#pragma once

#include <stdint.h>

#include <cordon/dial_proto.h>
#include <cordon/error.h>
#include <cordon/loop.h>

/* Requests that are not answered yet, those that were cancelled included. The dialer bounds what it does of them. */
#define DIAL_CALLS 256u
/* RFC 8305, 5: how long one address has for itself. */
#define DIAL_STAGGER_MS 250u

struct dial;
struct dial_call;
struct dial_race;

/* fd: connected, non-blocking and close-on-exec, the callee's to close; -1 when why is not FINE. It is never called from
 * within the function that it was given to. */
typedef void dial_fn(void *context, int fd, enum cordon_dial_why why, int sys);
/* The dialer has gone, or has said what it may not. Every call that was live was answered before. */
typedef void dial_lost_fn(void *context, const struct cordon_error *why);

/* link stays the caller's, becomes non-blocking and has to outlive the result. NULL with *err set on failure. */
struct dial *dial_create(struct cordon_loop *loop, int link, dial_lost_fn *lost, void *context,
	struct cordon_error *err) CORDON_CHECKED;
/* Not from within a call of fn or lost. Live calls are dropped unanswered. NULL is accepted. */
void dial_destroy(struct dial *d);

/* Asks for the address `at` of a grant. NULL with *err set: CORDON_ELIMIT, or the dialer is lost. */
struct dial_call *dial_begin(struct dial *d, uint64_t grant, unsigned at, dial_fn *fn,
	void *context, struct cordon_error *err) CORDON_CHECKED;
/* No call of fn follows. Not after it was called. NULL is accepted. */
void dial_cancel(struct dial_call *call);

/* The addresses of one grant, in its order. */
struct dial_set {
	uint64_t grant;
	struct cordon_address addresses[CORDON_DIAL_ADDRESSES];
	unsigned count; /* 1 to CORDON_DIAL_ADDRESSES */
};

/* The order in which they are tried (RFC 8305, 4): families take turns, IPv6 first, each in its own order. */
void dial_race_order(const struct dial_set *set, uint8_t ret_order[CORDON_DIAL_ADDRESSES]);

/* Happy Eyeballs: tries them in that order, the next when DIAL_STAGGER_MS have gone or one has failed. The first that is
 * connected wins, and the others are hung up. fn gets the reason of the first failure when there is none. */
struct dial_race *dial_race_begin(struct dial *d, struct cordon_loop *loop,
	const struct dial_set *set, dial_fn *fn, void *context,
	struct cordon_error *err) CORDON_CHECKED;
/* No call of fn follows. Not after it was called. NULL is accepted. */
void dial_race_cancel(struct dial_race *race);
