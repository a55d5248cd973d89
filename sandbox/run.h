/* One run, as the launcher sees it. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "caps.h"
#include "capture.h"
#include "cgroup.h"
#include "ids.h"
#include "netns.h"
#include "setup.h"
#include "stage.h"
#include "trash.h"
#include "watch.h"

/* Life of a run. There is no way back. One that is made for a launch begins as STARTING; one that is made
 * ahead of it (pool.h) becomes that by the launch, or ends without anybody being told.
 *
 *	PREPARING cloned ahead; pid 1 builds the sandbox. -> PREPARED (INIT_READY), its end
 *	PREPARED  pid 1 waits for a launch. -> STARTING (run_release), its end
 *	STARTING  cloned; pid 1 builds the sandbox. -> LIVE (INIT_STARTED), ENDING (fault, death)
 *	LIVE      the command runs.                 -> ENDING (INIT_EXIT, kill, death of pid 1)
 *	ENDING    pid 1 is gone or going; over when its pidfd says so */
enum run_state { RUN_ILLEGAL, RUN_PREPARING, RUN_PREPARED, RUN_STARTING, RUN_LIVE, RUN_ENDING };

struct launcher_plan {
	uint32_t number;
	struct cordon_plan plan;
	int breaks_floor;
	struct cordon_error
		refusal; /* what each launch of it is answered, when it breaks the floor */
	struct sock_filter *filter_notify, *filter_plain;
	unsigned users; /* runs of it */
	int forgotten; /* freed with the last of them */
	struct launcher_plan *next;
};
/* NULL is accepted. */
void launcher_plan_destroy(struct launcher_plan *plan);
/* One of its users goes. */
void launcher_plan_leave(struct launcher_plan *plan);

struct pool;

/* Live runs, and what may be made ahead of others (pool.h); a power of two. */
#define RUN_SLOTS 8192

/* What all runs of a launcher share. */
struct launcher {
	int link, lifeline, epoll;
	int last_word; /* the link once it has ended; its other end sees when it is closed */
	struct timespec sampled_at;
	int sample_interval_ms;
	struct run *slots[RUN_SLOTS]; /* those that are listened to */
	uint64_t generations;
	struct launcher_plan *plans;
	struct pool *pools;
	struct run *runs;
	unsigned run_count, run_most; /* how many there are, and were since memory was given back */
	struct cgroup_host *cgroups;
	struct watches watches;
	int watches_added; /* to epoll */
	struct netns_spare net;
	struct trash trash; /* closed when there is nothing else to do */
	struct caps_none *no_caps;
	unsigned sequence;
	int landlock_abi;
	int ending; /* the link has ended: no new runs, and out when the last is gone */
};

struct run {
	struct run *next;
	unsigned slot; /* in the launcher's table */
	uint64_t generation; /* which of the runs that had the slot; never reused */
	enum run_state state;
	struct cordon_launch launch;
	struct launcher_plan *source;
	struct pool *pool; /* it was made ahead for; NULL: for a launch, or the pool is no more */
	struct cordon_plan plan; /* borrows from source, but for limits that are lower */
	struct sandbox_setup setup;
	pid_t pid; /* of pid 1, as seen here */
	int pidfd, link; /* link: to pid 1; -1 once it has ended */
	int workspace; /* O_PATH, or -1 */
	struct cgroup cgroup;
	struct watch *watch;
	enum cordon_limit_kind memory_kind, processes_kind;
	struct timespec started_at; /* real time, for change times of files */
	int captured
		[CORDON_CAPTURE_SOCKETS]; /* of a plan with a network, until it has started; else -1 */
	unsigned captured_count;
	int unread; /* pid 1 has gone without having read its launch */
	int kept[CORDON_LAUNCH_FDS]; /* descriptors of a launch that found it prepared, until it has started; else -1 */
	enum cordon_end end;
	int exited; /* INIT_EXIT was heard */
	struct sandbox_fault fault;
	struct cordon_exited result;
};

/* Its plan has a network. */
static inline int
run_has_network(const struct run *run)
{
	return (run->source->plan.flags & CORDON_PLAN_NETWORK) != 0;
}

/* Starts one run. Takes launch and fds. On failure nothing is left of it, *err says why, and FAILED is
 * the caller's to send. */
int run_start(struct launcher *l, struct launcher_plan *plan, struct cordon_launch *launch,
	int fds[CORDON_LAUNCH_FDS], struct cordon_error *err) CORDON_CHECKED;

/* Makes a run for a launch in this workspace that is yet to come. *ret_run is the launcher's. */
int run_make_ahead(struct launcher *l, struct launcher_plan *plan, const char *workspace,
	const struct cordon_identity *identity, struct run **ret_run,
	struct cordon_error *err) CORDON_CHECKED;
/* Gives a prepared run its launch. Takes launch and fds only on success; on failure the run is killed and
 * the launch has to be made otherwise. */
int run_release(struct launcher *l, struct run *run, struct cordon_launch *launch,
	int fds[CORDON_LAUNCH_FDS], struct cordon_error *err) CORDON_CHECKED;

/* For run_end.c: waits for the end of pid 1, and so of all that it was pid 1 of; ends the watch of names and
 * removes placeholders; frees a run that is in no list. */
void run_reap(const struct run *run);
void run_end_covers(struct launcher *l, struct run *run);
void run_destroy(struct launcher *l, struct run *run);

/* pid 1 said something, or hung up. */
void run_hear(struct launcher *l, struct run *run);
/* Ends it when a watched name has changed. */
void run_see(struct run *run);
/* Looks at memory that no cgroup limits. */
void run_sample(struct run *run);
void run_signal(struct run *run, int signal);
/* Kills all of it; over when the pidfd says so. */
void run_kill(struct run *run, enum cordon_end why);
/* The pidfd is readable: everything of the run is dead. Tells the monitor, cleans up and frees. When it was
 * prepared and somebody had killed it before it could take its launch, that is made with another run, which
 * is returned; else NULL. */
struct run *run_finish(struct launcher *l, struct run *run);
