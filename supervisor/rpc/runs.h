/* The caller's runs: from the question to the monitor until nobody can ask for them any more. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/link.h>
#include <cordon/loop.h>
#include <cordon/rpc_proto.h>

#include "chunks.h"
#include "fault.h"
#include "handles.h"
#include "input.h"
#include "output.h"
#include "requests.h"

struct rpc;

#define RUNS_ENDED      1024 /* that stay known although they were told */
#define RUNS_KEPT       (64u << 20) /* bytes of output of all runs */
#define RUNS_KEPT_SMALL (20u << 20) /* of those that keep no more than RUNS_USUAL of a stream */
#define RUNS_USUAL      (1u << 20)
#define RUNS_FILES      64 /* descriptors that are no run's; a run has three */
#define RUNS_BUCKETS    2048 /* a power of two */

enum run_kind {
	RUN_WHOLE, /* process/run: its output is given with its result */
	RUN_STREAMED, /* process/start: numbered pieces */
	RUN_TERMINAL, /* terminal/create: the newest of both streams */
};

/* There is no way back. */
enum run_state {
	RUN_ILLEGAL,
	RUN_ASKED, /* the monitor decides, or a person does */
	RUN_LIVE,
	RUN_ENDED, /* nothing of it is left, and all of its output was read */
	RUN_GONE, /* in no table any more; requests may still hold it */
	RUN_STATES
};

/* Answers the request of a run that has ended. */
typedef void run_ended_fn(struct rpc *rpc, struct request *request);

struct run_pipe {
	struct run *run;
	int fd; /* -1: none, or at its end */
	int stream; /* 0, 1, 2 */
	struct cordon_watch *watch;
	unsigned events; /* what the watch waits for */
	unsigned char held[3]; /* the begin of a character whose rest has not come yet */
	size_t held_size;
};

struct run {
	struct rpc *rpc;
	unsigned refs; /* its tables are one, each request of it another */
	enum run_kind kind;
	enum run_state state;
	uint64_t number; /* the monitor's */
	char *name; /* the caller's handle, or the monitor's id; NULL before STARTED */
	int has_handle;
	char *label, *session;
	uint32_t pid;
	char decision[17], rule[RPC_LABEL + 1];
	struct request *asker; /* of START or FILE, while it is not answered */
	run_ended_fn *ended; /* WHOLE: answers the asker */
	struct request *waiters;
	struct run_pipe pipes[3];
	struct input input;
	struct output kept[2]; /* WHOLE: by stream; TERMINAL: the first */
	struct chunks chunks; /* STREAMED */
	uint64_t printed[3]; /* bytes, by stream */
	uint64_t output_limit; /* of all that may be printed */
	uint8_t *result; /* a struct run_result, encoded; when ENDED */
	size_t result_size;
	int tty, notify, block, wants_input; /* by the caller */
	int is_ours; /* no run of the caller's: it reads or writes a file for it */
	int cancelled, released, over_limit, is_watched;
	int is_told; /* the result was given, or can be had at any time: it counts as ended */
	int has_news; /* in the list of those with something to notify */
	struct run *next_news;
	struct run *next_name, *next_number; /* in a bucket */
	struct run *older, *newer; /* among the ended */
	struct run *next_fresh;
};

#define RUNS_PAST 4096 /* names that are remembered after their run; a power of two */

struct runs {
	uint64_t secret[2];
	uint64_t past[RUNS_PAST]; /* names that the caller had, as hashes; the oldest goes first */
	unsigned past_next;
	struct run *by_name[RUNS_BUCKETS], *by_number[RUNS_BUCKETS];
	struct handles handles;
	unsigned live, ended, live_max;
	struct run *oldest, *newest; /* of the ended */
	struct run *news, *last_news;
	struct run *fresh; /* started, not watched yet */
	struct cordon_timer *late; /* until they are watched */
	struct cordon_timer *held; /* until bytes that are held are given as they are */
};

/* secret: random. files: descriptors that this process may have. */
void runs_init(struct rpc *rpc, const uint64_t secret[6], uint64_t files);
void runs_finish(struct rpc *rpc);

enum run_keep { RUN_KEEP_HALVES, RUN_KEEP_FIRST };

/* What a run is to be, apart from what the monitor is told. */
struct run_wish {
	enum run_kind kind;
	run_ended_fn *ended; /* of a WHOLE one */
	enum run_keep what; /* of a WHOLE one */
	const char *handle; /* NULL: none */
	const char *label, *session;
	size_t keep; /* bytes of output, by stream */
	int tty, notify, block, input, is_ours;
	uint8_t *data; /* input that is known at the begin; run_ask takes it */
	size_t size;
};

/* Asks the monitor for a run, for request: number and body of the message, which is taken. Returns the run,
 * or NULL with *fault set; the request is the caller's to fail. */
struct run *run_ask(struct rpc *rpc, struct request *request, const struct run_wish *wish,
	enum rpc_message number, struct cordon_writer *body, struct fault *fault) CORDON_CHECKED;
struct run *run_ref(struct run *run);
void run_unref(struct run *run);

/* What the monitor says of it. Descriptors are taken from m. -1: it is against the protocol. */
int run_started(struct run *run, const struct rpc_started *started, struct cordon_message *m);
void run_refused(struct run *run, const struct fault *fault);
void run_exited(struct run *run, const void *result, size_t size);

/* In the tables while it is LIVE or ENDED. */
void runs_add(struct run *run);
void runs_remove(struct run *run);
/* It counts as ended from now on, and is the newest of those. */
void runs_end(struct run *run);
void runs_leave_ended(struct run *run);
struct run *runs_by_number(struct rpc *rpc, uint64_t number);
/* The caller knows the name of a run that is in no table any more, or never came to be. */
void runs_remember(struct rpc *rpc, const char *name);
/* By handle or id; NULL with *fault set when the caller has no such run, whoever else has. */
struct run *runs_by_name(struct rpc *rpc, const char *name, struct fault *fault);
/* Calls fn for each, in no order. */
void runs_each(struct rpc *rpc, void (*fn)(void *context, struct run *run), void *context);

/* Ends a run early. kind: enum rpc_kill. */
void run_kill(struct run *run, int kind);
/* The caller does not want to hear of it any more. request is answered when nothing of it is left. */
void run_release(struct run *run, struct request *request);
/* Its result was given to the caller. */
void run_told(struct run *run);
/* Begins to watch the pipes of runs that have started, or does so soon. */
void runs_watch_fresh(struct rpc *rpc);
