/* What the files of the guard's monitor side share. */
#pragma once

#include <cordon/dial_proto.h>
#include <cordon/pins.h>
#include <cordon/wire.h>

#include "guard.h"
#include "network_judge.h"
#include "outbox.h"

/* Ids below are those of name servers' grants, two each. */
#define GUARD_FIRST_ID (1 + 2 * CORDON_GUARD_SERVERS)
#define ASKER_RELAY    1u
#define ASKER_RESOLVER 2u
#define ASKER_FIRST    3u /* of those that come and go */

/* guard.c: a process of the guard. */
enum guard_part_name { GUARD_DIALER, GUARD_RELAY, GUARD_RESOLVER, GUARD_PARTS };

struct guard_part {
	struct guard *guard;
	int link, process; /* process: pidfd. -1: none */
	struct cordon_watch *watch;
	struct outbox outbox;
	int ready;
};

/* guard_run.c: a destination.
 *
 *	JUDGED     nothing is on the way                     -> LOOKING, RECORDING, REFUSED
 *	LOOKING    the resolver is to be asked, or has been  -> RECORDING, REFUSED
 *	RECORDING  the ledger has been                       -> GRANTING, REFUSED
 *	GRANTING   the dialer has been                       -> ALLOWED, REFUSED
 *	ALLOWED    the relay may dial                        -> LOOKING, RECORDING when it asks again
 *	REFUSED    it may not                                -> JUDGED when it asks again */
enum guard_state {
	GUARD_ILLEGAL,
	GUARD_JUDGED,
	GUARD_LOOKING,
	GUARD_RECORDING,
	GUARD_GRANTING,
	GUARD_ALLOWED,
	GUARD_REFUSED
};

/* What is being found out about a destination; of all runs in one list. */
struct guard_pending {
	struct guard_pending *next;
	struct guard_run *run;
	uint32_t destination;
	uint64_t id; /* of the look-up, of the grant */
	int asked; /* the resolver has been, of what is LOOKING */
	struct cordon_dial_grant grant; /* as far as it is known */
	uint32_t fresh_ms;
	int found; /* the addresses are what the resolver said just now: */
	uint32_t ttl_s;
};

struct guard_destination {
	enum guard_state state;
	struct cordon_endpoint *to; /* owned */
	enum cordon_guard_as as;
	int ech;
	uint64_t grant; /* that the dialer has; 0: none */
	uint64_t before; /* the one before it, by which something may just be dialed; 0: none */
	uint64_t fresh_until_ms; /* the relay asks again then; UINT64_MAX: never */
	int was_allowed; /* once */
	char reason[CORDON_GUARD_REASON];
	struct guard_pending *pending;
	struct cordon_guard_traffic traffic;
};

enum guard_run_state { GUARD_RUN_OPEN, GUARD_RUN_SERVED, GUARD_RUN_ENDING, GUARD_RUN_OVER };

struct guard_run {
	struct guard_run *next;
	struct guard *guard;
	enum guard_run_state state;
	uint64_t number;
	const struct cordon_network *network;
	const struct network_policy *policy;
	struct guard_session *session;
	uint32_t asker; /* who may dial what is granted */
	struct guard_answers answers; /* of an asker of its own; .allow NULL: the relay is told */
	struct guard_destination *destinations;
	size_t count, room;
	char **unlisted;
	size_t unlisted_count, unlisted_room;
	unsigned looking,
		asked; /* names that are to be looked up; of these the resolver is at work on */
	uint64_t turn; /* when it was asked last */
	unsigned granted; /* grants that the dialer has, or is about to have */
	unsigned recorded; /* refused destinations */
	uint64_t left_out;
	struct cordon_timer *patience;
};

struct guard_session {
	struct pins *pins;
	unsigned refs;
};

/* The policies of profiles, read once. */
struct guard_policy {
	const struct cordon_profile *profile;
	struct network_policy *policy;
};

struct guard {
	struct cordon_loop *loop;
	const struct config *config;
	struct guard_owner owner;
	struct guard_part parts[GUARD_PARTS];
	int keeper, keeper_process; /* link and pidfd; -1: the processes are started here */
	int alive;
	struct cordon_error broken; /* why it is about to be lost; CORDON_OK: it is not */
	struct cordon_timer *funeral;
	struct cordon_guard_servers servers;
	unsigned server_answers; /* grants of servers that the dialer has not answered yet */
	unsigned orphans; /* grants that the dialer has not answered, of runs that have ended */
	unsigned asked; /* names that the resolver is at work on */
	uint64_t turns;
	uint64_t next_id; /* of grants and look-ups */
	uint32_t next_asker;
	struct guard_run *runs;
	unsigned run_count;
	struct guard_pending *pending;
	struct guard_policy *policies;
	size_t policy_count, policy_room;
};

extern const char *const guard_roles[GUARD_PARTS];
/* The link of a part (the context) has something. */
void guard_on_part(void *part, unsigned events);
/* Kills the processes. */
void guard_end_parts(struct guard *g);

/* Sends one message; w is finished, fds are taken. A part that cannot be told is lost a moment later. */
void guard_tell(struct guard *g, enum guard_part_name part, uint16_t number,
	struct cordon_writer *w, int *fds, unsigned fd_count);
/* Gives the dialer its end of the link to an asker, which is taken. */
void guard_tell_asker(struct guard *g, uint32_t asker, int fd);
/* The guard cannot go on; what follows of that comes a moment later, from the loop. */
void guard_break(struct guard *g, const struct cordon_error *why);

/* guard_lookups.c: the resolver has less to do, or more is to be looked up, or it has heard of its servers. */
void guard_lookups_go_on(struct guard *g);

/* guard_grants.c: whether a run may have one more grant. */
int guard_grant_fits(struct guard_run *r);
/* grant is the destination's by now, and the one that it had the one before. */
void guard_grant_follows(struct guard_run *r, struct guard_destination *d, uint64_t grant);
/* Takes the dialer the grants that it has for the destination. */
void guard_withdraw(struct guard_run *r, struct guard_destination *d);
void guard_grants_forget(
	struct guard_run *r); /* the dialer that had them has gone, or has none of them any more */
void guard_withdraw_one(struct guard *g, uint64_t grant); /* which is nobody's */
/* Puts on record that a run was refused something, as far as that has its place there. */
void guard_record_refused(struct guard_run *r, const char *host, uint32_t port, const char *reason);

/* guard_judge.c: a question of the relay, and the ledger's answer. */
int guard_judge(struct guard_run *r, const struct cordon_guard_ask *ask,
	struct cordon_error *err) CORDON_CHECKED;
void guard_judge_recorded(
	struct guard_run *r, uint32_t destination, const struct cordon_error *why);

/* guard_run.c: the run of that number, or NULL; and that all of one is counted. */
struct guard_run *guard_run_find(const struct guard *g, uint64_t number);
void guard_run_over(struct guard_run *r);

/* guard_hear.c, guard_judge.c: the words of the parts. Each returns 0, or -1 with *err set when the part broke the rules. */
struct cordon_message;
int guard_run_hear(
	struct guard *g, const struct cordon_message *m, struct cordon_error *err) CORDON_CHECKED;
int guard_run_found(struct guard *g, const struct cordon_guard_found *found,
	struct cordon_error *err) CORDON_CHECKED;
/* fine: GRANTED, else UNGRANTED. */
void guard_run_granted(struct guard *g, const struct cordon_dial_word *word, int fine);
/* There is no guard any more: all runs are over. */
void guard_run_lose_all(struct guard *g);
