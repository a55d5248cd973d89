/* What the files of the relay share. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cordon/guard_proto.h>
#include <cordon/loop.h>
#include <cordon/rate.h>

#include "deadlines.h"
#include "destinations.h"
#include "dial.h"
#include "dns_serve.h"
#include "inspect.h"
#include "listing.h"
#include "names.h"
#include "pipes.h"
#include "relay.h"

#define RELAY_HEAD_MS    10000u /* until a hello or a request's head is whole, from its begin */
#define RELAY_HALF_MS    300000u /* a connection of which one half has ended, without a byte */
#define RELAY_DIAL_MS    60000u /* to be dialed, with those before it */
#define RELAY_TRAFFIC_MS 500u /* between two words about a destination */
#define RELAY_SCRATCH    (2 * INSPECT_HELD)

struct relay;
struct run;
struct tunnel;

/* relay.c */

struct relay {
	struct cordon_loop *loop;
	struct cordon_watch *monitor;
	struct dial *dial;
	TAILQ_HEAD(run_list, run)
	runs, speakers, diallers; /* all; with something to say; to dial */
	unsigned run_count, tunnel_count, races;
	int dialling; /* who is next is being looked for */
	uint64_t files; /* descriptors it may have */
	uint64_t held; /* bytes of all runs */
	struct cordon_timer *traffic; /* running while something has changed */
	struct cordon_timer *dial_again;
	struct deadlines heads, halves, dials;
	struct pipes pipes;
	uint8_t *scratch; /* RELAY_SCRATCH bytes, nobody's between two events */
	int ended, failed;
	struct cordon_error why; /* of the end, with failed */
};

/* The first call counts. why: NULL when it is the ordinary end. */
void relay_stop(struct relay *r, const struct cordon_error *why);

/* relay_run.c: one run. */

struct run {
	TAILQ_ENTRY(run) entry, speaking, dialling;
	struct relay *relay;
	uint64_t id;
	int ending; /* only what is left to say keeps it */
	int speaks, dials, due; /* it is in that list; its traffic is to be said */

	struct listing *listing;
	struct names *names;
	struct dns_serve *dns;
	struct name_table unlisted;
	size_t unlisted_said;

	struct listener {
		struct run *run;
		int fd, family;
		struct cordon_watch *watch;
	} listeners[2];
	unsigned listener_count;
	struct cordon_timer *pause; /* nothing is accepted */

	uint64_t connections, rate, left_out, left_in; /* what it may have; left: still */
	struct cordon_rate begun;
	uint64_t tunnel_count, held;
	unsigned races;
	struct tunnel_list tunnels, queued;
	struct destinations destinations;
	TAILQ_HEAD(, destination) asking, changed;
};

/* Takes the descriptors. Returns 0 also when the run could not be served: then nothing of it is, and it has to be
 * ended like others. -1: the monitor may not say that. */
int run_begin(struct relay *r, const struct cordon_guard_serve *serve, int *fds, unsigned fd_count,
	struct cordon_error *err) CORDON_CHECKED;
struct run *run_find(struct relay *r, uint64_t id); /* one that is not ending, or NULL */
void run_end(struct run *run); /* what is left of it is said, and then ENDED */
void run_free(struct run *run);
/* Why a connection may not begin, or NULL: it was counted. */
const char *run_admit(struct run *run);
int run_allow(struct run *run, const struct cordon_guard_allow *allow, struct cordon_error *err);
int run_refuse(struct run *run, const struct cordon_guard_refuse *refuse, struct cordon_error *err);
void run_endpoint(const struct run *run, const struct destination *d, struct cordon_endpoint *ret);
/* Whether so many bytes more may be held for it. */
int run_may_hold(const struct run *run, size_t size);

/* relay_accept.c: what comes to the listeners. */

int accept_listen(struct run *run, int *fd, int family, struct cordon_error *err) CORDON_CHECKED;
void accept_stop(struct run *run);
/* A verdict has come: what waited goes on. */
void accept_go_on(struct destination *d);

/* relay_say.c: what the monitor is told. It may read when it likes: of everything the last state is kept, nothing is
 * queued, nothing waits for it. */

void say_ask(struct run *run, struct destination *d);
void say_unlisted(struct run *run, const char *name);
void say_ended(struct run *run);
void say_changed(struct run *run, struct destination *d);
/* A connection was ended by a rule, or could not be made. */
void say_refused(struct run *run, struct destination *d, const char *reason);
void say_failed(struct run *run, struct destination *d, const char *reason);
/* As far as the monitor reads. */
void say_all(struct relay *r);
void say_forget(struct run *run); /* it is about to be freed */

/* relay_dial.c: who is connected when. */

void dial_queue(struct tunnel *t);
void dial_forget(struct tunnel *t);

/* tunnel.c: one connection, from the listener to its end. */

enum tunnel_state {
	TUNNEL_ILLEGAL,
	TUNNEL_WAITING, /* for the verdict */
	TUNNEL_READING, /* what it says first */
	TUNNEL_QUEUED, /* to be dialed */
	TUNNEL_DIALING,
	TUNNEL_OPEN,
	TUNNEL_STATES
};

enum tunnel_side { SIDE_RUN, SIDE_SERVER, SIDES };

/* Bytes from one side to the other. held: those before ready may go on, the others are to be looked at. */
struct flow {
	uint8_t *held;
	uint32_t at, ready, size;
	struct pipes_one pipe;
	uint32_t in_pipe;
	uint8_t has_pipe, full; /* full: how many reads were, one after the other */
	uint8_t blocked; /* the other side has to take something first, and it is where it came from */
	uint8_t ended,
		done; /* the one side has said all; the other one has been told, or takes no more */
};

struct tunnel {
	TAILQ_ENTRY(tunnel)
	entry, queue; /* of the run; of the destination's or the run's waiting ones */
	struct run *run;
	struct destination *destination;
	struct end {
		struct tunnel *tunnel;
		int fd;
		struct cordon_watch *watch;
	} ends[SIDES];
	struct flow flows[SIDES]; /* by where they come from */
	struct inspect *inspect; /* NULL: nothing is looked at (any more) */
	struct dial_race *race;
	struct deadline deadline;
	uint8_t state, as; /* enum tunnel_state, enum cordon_guard_as */
	uint8_t counted; /* it is one of the destination's open ones */
};

/* Takes the descriptor. The destination has been admitted. NULL without memory. */
struct tunnel *tunnel_begin(struct run *run, struct destination *d, int fd);
/* The verdict is there. */
void tunnel_allowed(struct tunnel *t);
void tunnel_dialing(struct tunnel *t, struct dial_race *race);
void tunnel_queued_again(struct tunnel *t);
void tunnel_connected(struct tunnel *t, int fd);
void tunnel_end(struct tunnel *t); /* whoever has not closed hears a reset */
void tunnel_refused(struct tunnel *t, const char *reason);
void tunnel_failed(struct tunnel *t, const char *reason);
void tunnel_late(struct deadline *d);
/* Closes a connection so that its other end hears it at once. */
void tunnel_reset(int *fd);

/* tunnel_pump.c */

enum pump_result {
	PUMP_ON, /* what there was to do is done */
	PUMP_END, /* both have said all */
	PUMP_BROKEN, /* one of them has gone without a word */
	PUMP_REFUSED /* .reason */
};

struct pump {
	enum pump_result result;
	const char *reason;
	uint64_t moved; /* bytes that were taken or passed on */
};

/* What a flow can do now. */
struct pump pump_flow(struct tunnel *t, enum tunnel_side from) CORDON_CHECKED;
/* Before there is a server: takes what comes, and looks at it. */
struct pump pump_first(struct tunnel *t) CORDON_CHECKED;
/* Whether it waits for the other side to take something; for its own to say something. */
int pump_gives(const struct flow *f);
int pump_takes(const struct flow *f);
/* Whether the begin of something is held that has to be looked at as a whole. */
int pump_has_part(const struct tunnel *t);
void pump_finish(struct tunnel *t, enum tunnel_side from);
