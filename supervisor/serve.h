/* The monitor of a pipe: one launcher, any number of callers, each behind a cordon-rpc of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <cordon/action.h>
#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/loop.h>
#include <cordon/plan.h>
#include <cordon/rpc_proto.h>

#include "catalogue.h"
#include "config.h"
#include "guard.h"
#include "ledger_link.h"
#include "outbox.h"
#include "outcome.h"
#include "peers.h"
#include "refusals.h"
#include "session.h"
#include "tail.h"
#include "workspace.h"

struct serve;

/* plans.c: what the launcher knows. One is shared by all runs of a profile in a workspace. */
struct plan_entry {
	uint32_t number; /* 0: free */
	const struct cordon_profile *profile;
	char workspace[PATH_MAX];
	struct cordon_plan plan;
	uint8_t digest[CORDON_DIGEST_SIZE]; /* of it */
	int is_ready; /* sandboxes are prepared for it, in the workspace that ready identifies */
	struct cordon_identity ready;
	uint64_t used; /* clock of serve, for the least recently used */
};

/* NULL with *err set. The entry stays valid until the next call. */
const struct plan_entry *plans_get(struct serve *s, const struct cordon_profile *profile,
	const char *workspace, struct cordon_error *err) CORDON_CHECKED;
/* Has sandboxes made ahead for launches of this plan in this workspace, when they are not yet. */
void plans_keep_ready(
	struct serve *s, const struct plan_entry *plan, const struct workspace *workspace);
/* The files that the plan names have changed: it is made afresh when it is needed again. */
void plans_drop(struct serve *s, uint32_t number);
void plans_finish(struct serve *s);

/* caller.c: one link to a cordon-rpc.
 *
 *	STARTING  made; WELCOME is on its way.  -> READY (RPC_READY), BROKEN
 *	READY     requests are taken.           -> BROKEN (end of the link, a message that breaks the rules)
 *	BROKEN    nothing is sent or taken.     -> LEAVING (when the stack is empty)
 *	LEAVING   its runs are being killed, its cordon-rpc is. -> destroyed when that has ended */
enum caller_state { CALLER_ILLEGAL, CALLER_STARTING, CALLER_READY, CALLER_BROKEN, CALLER_LEAVING };

struct caller {
	struct caller *next;
	struct serve *serve;
	enum caller_state state;
	uid_t uid;
	int link, rpc; /* rpc: pidfd */
	struct cordon_watch *link_watch, *rpc_watch;
	struct outbox outbox;
	struct sessions sessions;
	struct refusals refusals; /* on record, and left out */
	struct tail tail; /* of the ledger */
	uint64_t malformed; /* lines that are not on record yet */
	uint64_t malformed_ms; /* when such lines were put there last; 0: never */
	unsigned live, starting; /* runs; of them those that the launcher has not begun */
	unsigned fetches; /* under way */
	int paused; /* not listened to */
	struct probe_name wrong[PROBE_CALLER]; /* that its sessions asked for */
	int suspected; /* all of them are frozen */
};

/* Starts a cordon-rpc for a caller whose bytes come from in and go to out; both stay the caller's. */
int caller_create(
	struct serve *s, uid_t uid, int in, int out, struct cordon_error *err) CORDON_CHECKED;
/* Sends one message; w is finished. A caller who cannot be reached is cut off. */
void caller_send(struct caller *c, enum rpc_message number, struct cordon_writer *w);
/* The same with descriptors, which are taken. Returns 0, or -1 with *err set when there are too few of
 * them at the moment: then it was not sent. */
int caller_hand_over(struct caller *c, enum rpc_message number, struct cordon_writer *w, int *fds,
	unsigned fd_count, struct cordon_error *err) CORDON_CHECKED;
void caller_refuse(struct caller *c, uint64_t request, struct cordon_error *err, const char *rule);
/* caller_take.c: one message of its cordon-rpc. Returns 0, or -1 with *err set when it broke the rules. */
struct cordon_message;
int caller_take(
	struct caller *c, const struct cordon_message *m, struct cordon_error *err) CORDON_CHECKED;
/* Ends the link and the caller's runs, now or when the stack is empty. */
void caller_end(struct caller *c);
/* Sees to those that broke; at the end of each event. */
void callers_reap(struct serve *s);
/* Listens again to those who had asked for enough. */
void callers_resume(struct serve *s);

/* job.c, job_end.c: one run of a caller.
 *
 *	LAUNCHED  the launcher has it. It holds the command until its intent is
 *	          on record.                     -> RUNNING (STARTED), ENDED (FAILED)
 *	RUNNING   the command runs.              -> ENDED (EXITED)
 *	ENDED     nothing is left of it.         -> over, when that is on record, too, or cannot be
 * A caller who has gone leaves its jobs to die: they are killed, and over when the launcher says so. */
enum job_state { JOB_ILLEGAL, JOB_LAUNCHED, JOB_RUNNING, JOB_ENDED };

/* What came of a run. */
struct job_end {
	int failed; /* it never began: */
	struct cordon_error failure;
	struct cordon_exited exited; /* else */
	uint64_t wall_ms;
};

struct job {
	enum job_state state;
	uint64_t number, request;
	struct serve *serve;
	struct caller *caller; /* NULL: gone */
	uid_t uid; /* of the caller */
	struct session *session; /* NULL: closed */
	uint8_t digest[CORDON_DIGEST_SIZE]; /* of its action */
	const struct cordon_profile *profile;
	uint32_t plan;
	char id[32];
	char *handle, *label, *command; /* owned; command: argv[0], for lists */
	char rule[CORDON_RULE_ID + 1]; /* that allowed it, or empty */
	int gate; /* a byte here releases it; -1: it was, or never will be */
	int awaits; /* an answer of the ledger is due */
	int has_intent, has_exit; /* they are on record, as: */
	uint64_t intent, exit;
	struct cordon_error unrecorded; /* why its intent is not, and so it does not run */
	struct guard_run *network; /* NULL: it has none, or that is over */
	int network_ending; /* its connections are being closed and counted */
	struct network_report *report; /* owned; of its network, when that is over */
	struct job_end *end; /* owned; ENDED */
	int end_sent; /* to the ledger */
	int ends[3]; /* of the run's streams, for its cordon-rpc; -1: none, or sent */
	uint64_t wall_ms, output_bytes;
	struct cordon_started start;
	struct timespec started_at;
	struct cordon_timer *wall;
	enum run_reason why; /* set when we ended it ourselves, else REASON_EXIT */
	int killed; /* KILL was sent */
};

void job_start(struct caller *c, struct rpc_start *start);
void job_check(struct caller *c, struct rpc_start *start);
/* Holds it until its intent is on record. payload is taken. -1 with *err set: then it is not. */
int job_intend(
	struct job *job, char *payload, size_t size, struct cordon_error *err) CORDON_CHECKED;
void job_hear(struct serve *s, struct cordon_launch_event *event);
/* It did not come to a launch, though it was to be on record that it would. */
void job_fail(struct job *job, const struct cordon_error *err);
/* An answer of the ledger. why: NULL when it is on record, as sequence. */
void job_recorded(
	struct serve *s, uint64_t token, uint64_t sequence, const struct cordon_error *why);
/* There will be no answer of the ledger any more. */
void jobs_unrecorded(struct serve *s, const struct cordon_error *why);
/* The caller's own handle, or its id. */
const char *job_name(const struct job *job);
/* All of its network is counted. */
void job_network_ended(struct job *job);
/* For job_end.c: over. */
void job_destroy(struct job *job);
void job_leave_start(struct job *job);
/* NULL when there is none with this number. */
struct job *job_numbered(const struct serve *s, uint64_t number);
void job_signal(struct job *job, int signal);
void job_kill(struct job *job, enum run_reason why);
/* The caller has gone, or closed a session (else NULL). */
void jobs_abandon(struct serve *s, const struct caller *c, const struct session *session);
/* NULL when the caller has no such run. */
struct job *job_find(struct serve *s, uint64_t number, const struct caller *c);
/* The launcher has gone, and all runs with it. */
void jobs_lost(struct serve *s, const struct cordon_error *err);
/* Those that are left, whatever they wait for, are over. */
void jobs_finish(struct serve *s);

/* listen.c: a connection that waits to be looked at. */
struct held {
	struct serve *serve;
	struct cordon_timer *timer; /* NULL: free */
	int fd;
	uid_t uid;
};
#define HELD_MAX 8

struct serve {
	struct cordon_loop *loop;
	const struct config *config;
	const char *rpc_path; /* of the executable cordon-rpc */
	struct catalogue catalogue;
	struct workspace workspace; /* of requests that name none */
	mode_t umask;
	struct cordon_action_key key; /* of the digests of variables */

	int launcher_link, launcher; /* launcher: pidfd */
	int lifeline; /* its write end */
	struct cordon_watch *launcher_link_watch, *launcher_watch;
	struct outbox launcher_outbox;
	uint32_t landlock;
	const char *cgroup; /* "v2", "v1" or "none" */
	int user_notif; /* refused calls are counted */

	struct guard *guard; /* NULL: no profile opens the network */
	struct fetch *fetches; /* fetches.c */
	unsigned fetch_count;
	uint64_t fetch_sequence;
	struct ledger ledger;
	struct cordon_watch *ledger_watch; /* NULL: it is not listened to */
	uint64_t ledger_others; /* records so far that are no run's */
	int ledger_said; /* that it cannot record */
	struct refusals stranger_refusals;

	struct plan_entry plans[CORDON_LAUNCH_PLANS];
	uint32_t plan_count; /* ever */
	uint64_t clock;

	struct caller *callers;
	struct job *jobs[CORDON_LAUNCH_RUNS];
	unsigned job_count, job_hint;
	uint64_t job_sequence;

	int listener, signals; /* -1: none */
	struct cordon_watch *listener_watch, *signal_watch;
	struct cordon_timer *rest; /* until connections are accepted again */
	const char *socket_path; /* NULL: none is bound */
	uint64_t strangers; /* turned away */
	struct peers peers; /* whose connections failed */
	struct held held[HELD_MAX];

	int control; /* control.c's socket */
	char control_path[PATH_MAX + 32];
	struct cordon_watch *control_watch;
	struct question *questions;
	unsigned question_count;
	struct timespec began_at;
	uint64_t refused; /* requests, so far */
	uint64_t suspected, loops; /* times that somebody was frozen, or paused */
	uint64_t ahead; /* runs whose sandbox was made before they were asked for, so far */

	int frozen; /* by the operator: nothing is started any more */
	int ending;
	int status; /* of the process */
};

/* To the launcher. It is one of ours: what it cannot be told is the end of serving. */
void serve_tell(struct serve *s, enum cordon_launch_message number, struct cordon_writer *w);
/* The same for a launch, which brings descriptors. Returns 0, or -1 with *err set when there are too few
 * of them at the moment: then it was not told. */
int serve_tell_launch(struct serve *s, struct cordon_writer *w, int *fds, unsigned fd_count,
	struct cordon_error *err) CORDON_CHECKED;
/* There is enough that it has not heard yet: nobody is listened to who could ask for more. */
int serve_launcher_is_behind(const struct serve *s);
/* listen.c: takes a connection, or -1. When there are no descriptors for one, none is taken for a moment:
 * it would be offered again and again. */
int serve_accept(struct serve *s, int listener, int flags);
uint64_t serve_elapsed_ms(const struct timespec *since);
/* Ends serving, with a sentence. */
void serve_fail(struct serve *s, const struct cordon_error *err);
/* Ends serving when there is nothing left to wait for. */
void serve_look(struct serve *s);
