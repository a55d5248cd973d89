/* The network guard of a monitor: its processes (<cordon/guard_proto.h>, <cordon/dial_proto.h>), and what becomes of each
 * destination that a run wants to reach.
 *
 * MUST 1 Nothing is granted to the dialer but what the profile of the run lets it reach, at the port that was judged.
 * MUST 2 What is granted is on record before (M8); what cannot be recorded is not granted.
 * MUST 3 What relay and resolver say is believed in nothing but this: which of its own destinations a run asks for, and
 *        what a name leads to. A part that breaks the rules, or ends, ends all of them; then no run reaches anything.
 * MUST 4 A name is connected with one judged set of addresses in a session until that expires, and one that was public
 *        and turns private never again (net.rebind).
 * MUST 5 What a run can make us keep is bounded.
 * MUST 6 No run can take all places in the dialer or the resolver: others still reach what they may (guard_grants.c,
 *        guard_lookups.c).
 *
 * Tests: tests/system/network, tests/lab/load. */
#pragma once

#include <stdint.h>

#include <cordon/error.h>
#include <cordon/guard_proto.h>
#include <cordon/loop.h>
#include <cordon/profile.h>

#include "config.h"

struct guard;
struct guard_run;
struct guard_session;

#define GUARD_RECORDED 64u /* refused destinations of a run that are put on record */
#define GUARD_NO_PORT  UINT32_MAX

/* One destination, for the record and for results. Borrowed. */
struct guard_line {
	const char *host;
	uint32_t port; /* GUARD_NO_PORT: a name was looked up that is not listed */
	int allowed;
	const char *reason; /* of what was refused or failed last, "": nothing was */
	const struct cordon_address *addresses; /* for the record: those that are to be dialed */
	unsigned address_count;
	struct cordon_guard_traffic traffic;
	uint64_t left_out; /* for the record, with host NULL: so many have none of their own */
};

struct guard_owner {
	/* Puts a destination of a run on record. allowed: returns 1 when it is on disk, 0 when guard_recorded will say
	 * so, or -1 with *err set when it is not. What is refused is put there when it can be, and the answer ignored. */
	int (*record)(void *context, uint64_t run, uint32_t destination,
		const struct guard_line *line, struct cordon_error *err);
	/* After guard_end: all that the run has sent and got was counted. The run is still the owner's to close. */
	void (*ended)(void *context, uint64_t run);
	/* The guard has gone. Runs that were open reach nothing any more. */
	void (*lost)(void *context, const struct cordon_error *why);
	void *context;
};

/* config and loop outlive it. Nothing is started yet. NULL with *err set. */
struct guard *guard_create(struct cordon_loop *loop, const struct config *config,
	const struct guard_owner *owner, struct cordon_error *err) CORDON_CHECKED;
/* Starts a keeper (<cordon/keeper_proto.h>), which starts the processes from then on: before the monitor gives up
 * starting any. */
int guard_keep(struct guard *g, struct cordon_error *err) CORDON_CHECKED;
/* Starts its processes. Returns 0, or -1 with *err set. */
int guard_start(struct guard *g, struct cordon_error *err) CORDON_CHECKED;
/* Ends them; runs that are open or ending are over. */
void guard_stop(struct guard *g);
/* Ends them, and closes what is open. NULL is accepted. */
void guard_destroy(struct guard *g);

/* What runs of one session share: what its names lead to. NULL without memory. */
struct guard_session *guard_session_create(void);
struct guard_session *guard_session_hold(struct guard_session *s);
void guard_session_drop(struct guard_session *s); /* NULL is accepted */

/* A run that is about to be launched; number: not open yet. profile outlives the guard. NULL with *err set: the guard
 * is not there (CORDON_EFLOOR, "floor.network"), or has enough runs. */
struct guard_run *guard_open(struct guard *g, uint64_t number, const struct cordon_profile *profile,
	struct guard_session *session, struct cordon_error *err) CORDON_CHECKED;
/* One that is no run, and asks by itself what may be dialed, by a link of its own to the dialer: a fetch. *ret_dialer is
 * that process's end of the link, and the caller's. */
struct guard_answers {
	/* Of guard_ask, once each, perhaps from within it. */
	void (*allow)(void *context, const struct cordon_guard_allow *allow);
	void (*refuse)(void *context, const char *reason);
	void *context;
};
struct guard_run *guard_open_asker(struct guard *g, uint64_t number,
	const struct cordon_profile *profile, struct guard_session *session,
	const struct guard_answers *answers, int *ret_dialer,
	struct cordon_error *err) CORDON_CHECKED;
/* One question at a time. Returns 0, or -1 with *err set: it has asked for too much. */
int guard_ask(struct guard_run *r, const struct cordon_endpoint *to,
	struct cordon_error *err) CORDON_CHECKED;

/* Starts the process of a fetch, whose links are these: its monitor's and its dialer's. *ret_process: pidfd. */
int guard_start_fetch(struct guard *g, int monitor, int dialer, int *ret_process,
	struct cordon_error *err) CORDON_CHECKED;

/* It has started: the sockets of <cordon/capture.h>, which are taken. */
void guard_serve(struct guard_run *r, int *fds, unsigned count);
/* It is over. Returns 1 when all is counted, or 0: owner.ended follows. */
int guard_end(struct guard_run *r);
void guard_close(struct guard_run *r); /* NULL is accepted */

/* The answer of the ledger. why: NULL when it is on record. Unknown ones are ignored. */
void guard_recorded(
	struct guard *g, uint64_t run, uint32_t destination, const struct cordon_error *why);

/* There will be no answers of the ledger any more. */
void guard_unrecorded(struct guard *g, const struct cordon_error *why);

/* The destinations of a run, in the order in which they were asked for; then names that were not listed. Returns 0 with
 * *ret written, or -1 behind the last. */
int guard_line(const struct guard_run *r, size_t i, struct guard_line *ret) CORDON_CHECKED;
