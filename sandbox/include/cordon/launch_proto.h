/* The launch protocol: what monitor and launcher say to each other. A broken message from the
 * monitor ends the launcher, and with it all its runs.
 *
 *	name      number  sender        legal while            body, descriptors
 *	HELLO     1       monitor       first message          -; lifeline (read end of a pipe)
 *	PLAN      2       monitor       after HELLO            u32 plan, plan bytes
 *	LAUNCH    3       monitor       its plan is known      struct cordon_launch; see there
 *	SIGNAL    4       monitor       run is live            u64 run, u32 signal
 *	KILL      5       monitor       run is live            u64 run
 *	FORGET    6       monitor       its plan is known      u32 plan; no launch of it follows
 *	PREPARE   7       monitor       its plan is known      struct cordon_prepare
 *	STARTED   65      launcher      after LAUNCH           struct cordon_started; pty master, the
 *	                                                         sockets of a captured network
 *	FAILED    66      launcher      instead of STARTED     u64 run, error
 *	STOPPED   67      launcher      after STARTED          u64 run, u32 signal
 *	EXITED    68      launcher      last about a run       struct cordon_exited
 *
 * SIGNAL and KILL for a run that has ended are ignored: they crossed EXITED on the way. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/capture.h>
#include <cordon/error.h>
#include <cordon/path.h>
#include <cordon/wire.h>

enum cordon_launch_message {
	CORDON_LAUNCH_HELLO = 1,
	CORDON_LAUNCH_PLAN = 2,
	CORDON_LAUNCH_LAUNCH = 3,
	CORDON_LAUNCH_SIGNAL = 4,
	CORDON_LAUNCH_KILL = 5,
	CORDON_LAUNCH_FORGET = 6,
	CORDON_LAUNCH_PREPARE = 7,
	CORDON_LAUNCH_STARTED = 65,
	CORDON_LAUNCH_FAILED = 66,
	CORDON_LAUNCH_STOPPED = 67,
	CORDON_LAUNCH_EXITED = 68,
};

/* One run to start. The descriptors of the message are those of the run's standard streams in
 * order, without those that the pty serves: only our own pipes, anonymous pipes or /dev/null. When it is
 * held, one more follows: the read end of a pipe. All is made ready then, and the command is executed when
 * a byte comes; when the pipe ends without one, it is not, and the answer is FAILED. */
struct cordon_launch {
	uint64_t run; /* the monitor's number for it, never reused */
	uint32_t plan;
	char **argv; /* NULL-terminated, at least one */
	char **env; /* NULL-terminated NAME=VALUE, complete */
	char *exe; /* path inside the run, absolute */
	struct cordon_identity exe_identity;
	int script; /* starts with "#!": executed by path (A43), else by descriptor */
	char *cwd; /* path inside the run, absolute */
	struct cordon_identity cwd_identity; /* all zero: a place that the run itself makes */
	char *workspace; /* host path, the same inside; "" for none */
	struct cordon_identity workspace_identity;
	uint32_t umask;
	uint32_t tty; /* bit n: standard stream n is the run's own pty; 0: no pty */
	uint16_t rows, columns;
	int held;
	/* Limits of this run where they are lower than the plan's; 0: the plan's. */
	uint64_t memory_bytes, processes, cpu_ms, open_files, file_bytes;
};

#define CORDON_LAUNCH_FDS 4 /* most descriptors of one */

enum cordon_limit_kind { /* what enforces a limit; INTERFACES: "limits" of a result */
	CORDON_LIMIT_NONE,
	CORDON_LIMIT_RLIMIT,
	CORDON_LIMIT_SAMPLED,
	CORDON_LIMIT_CGROUP1,
	CORDON_LIMIT_CGROUP2,
};

struct cordon_started {
	uint64_t run;
	int32_t pid; /* pid 1 of the run, as the host sees it */
	enum cordon_limit_kind memory, processes, cpu;
	uint32_t landlock; /* ABI version in use, 0: none */
	int reports_calls; /* refused calls are counted */
	int mapped_root; /* degraded by configuration: host uid 0 inside */
	int ahead; /* the sandbox was made before the launch came */
	unsigned captured; /* sockets of its network, <cordon/capture.h>; 0: the plan has none */
};

/* Why a run ended, as far as the launcher knows; time and output limits are the monitor's. */
enum cordon_end {
	CORDON_END_EXIT, /* the payload ended by itself: status says how */
	CORDON_END_KILLED, /* KILL, a lost link, or someone killed pid 1 */
	CORDON_END_MEMORY, /* the memory limit */
	CORDON_END_HIDE, /* a hidden name was replaced or appeared (A04) */
	CORDON_END_PROTECT, /* a protected name was replaced on the host */
};

#define CORDON_REFUSED_MAX 64
struct cordon_refused { /* refused calls, counted by number, arguments and answer */
	uint32_t nr;
	uint32_t error; /* errno answered */
	uint64_t args[6];
	uint64_t count;
};

struct cordon_exited {
	uint64_t run;
	enum cordon_end end;
	int32_t status; /* of the payload, as wait(2) */
	uint64_t user_us, system_us; /* of all that was waited for */
	uint64_t max_rss_bytes; /* of the largest process */
	uint64_t processes; /* most at one time, UINT64_MAX: unknown */
	struct cordon_refused refused[CORDON_REFUSED_MAX];
	uint32_t refused_count;
	uint64_t refused_dropped; /* refusals that found the list full */
	char starts_code[16][200]; /* below the workspace: new repositories that start code (A03) */
	uint32_t starts_code_count;
};

/* From now on sandboxes of this plan and workspace are kept ready, each for one launch. Where that does not
 * work, or memory is short, launches are cold. */
struct cordon_prepare {
	uint32_t plan;
	uint32_t count; /* how many, 0: none any more; at most CORDON_LAUNCH_READY */
	char *workspace; /* as in a launch */
	struct cordon_identity workspace_identity;
};
#define CORDON_LAUNCH_READY 4

/* How many plans a launcher keeps at one time, and how many runs live. */
#define CORDON_LAUNCH_PLANS 64
#define CORDON_LAUNCH_RUNS  4096 /* more than one caller may have */

/* Bodies of messages, for a monitor that must not wait for the launcher. */
struct cordon_plan;
void cordon_launch_encode(const struct cordon_launch *launch, struct cordon_writer *w);
void cordon_launch_encode_plan(
	uint32_t number, const struct cordon_plan *plan, struct cordon_writer *w);
void cordon_launch_encode_prepare(const struct cordon_prepare *prepare, struct cordon_writer *w);
void cordon_launch_encode_signal(uint64_t run, int signal, struct cordon_writer *w);

/* Sending, from the monitor. lifeline and fds stay the caller's. */
int cordon_launch_send_hello(int link, int lifeline, struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_plan(int link, uint32_t number, const struct cordon_plan *plan,
	struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_launch(int link, const struct cordon_launch *launch, const int *fds,
	unsigned fd_count, struct cordon_error *err) CORDON_CHECKED;
/* signal is sent to every process of the run. SIGCONT also makes a stopped payload the foreground
 * group of the run's terminal again. */
int cordon_launch_send_signal(
	int link, uint64_t run, int signal, struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_kill(int link, uint64_t run, struct cordon_error *err) CORDON_CHECKED;

/* Receiving, in the monitor: one message of the launcher. */
struct cordon_launch_event {
	enum cordon_launch_message message; /* STARTED, FAILED, STOPPED or EXITED */
	uint64_t run;
	struct cordon_started started;
	int pty; /* STARTED with a pty: its master; else -1 */
	int captured
		[CORDON_CAPTURE_SOCKETS]; /* STARTED of a plan with a network; those that are not there: -1 */
	struct cordon_error failure; /* FAILED */
	int stop_signal; /* STOPPED */
	struct cordon_exited exited;
};
/* Returns 1; 0 when the launcher has gone; -1 with *err set (sys EAGAIN: nothing there yet). The descriptors are
 * the caller's. */
int cordon_launch_receive(
	int link, struct cordon_launch_event *ret, struct cordon_error *err) CORDON_CHECKED;

/* Closes the descriptors that were not taken. */
void cordon_launch_event_finish(struct cordon_launch_event *event);

/* The launcher's side. */
unsigned cordon_launch_fd_count(const struct cordon_launch *launch); /* that come with it */
int cordon_launch_decode(const void *data, size_t size, struct cordon_launch *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* Overwrites its strings; it has them no more, but stays as it is. For a copy of the launcher (A11). */
void cordon_launch_wipe(struct cordon_launch *launch);
/* Overwrites and frees. */
void cordon_launch_finish(struct cordon_launch *launch);
/* *ret->workspace is a fresh string, the caller's. */
int cordon_launch_decode_prepare(const void *data, size_t size, struct cordon_prepare *ret,
	struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_started(int link, const struct cordon_started *started, int pty,
	const int *captured, unsigned captured_count, struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_failed(int link, uint64_t run, const struct cordon_error *failure,
	struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_stopped(
	int link, uint64_t run, int signal, struct cordon_error *err) CORDON_CHECKED;
int cordon_launch_send_exited(
	int link, const struct cordon_exited *exited, struct cordon_error *err) CORDON_CHECKED;
