/* The link between the monitor and one cordon-rpc: fixed-layout messages, so that the monitor parses no
 * text of a caller (M9). A cordon-rpc speaks for one caller only, and no message names a caller: the
 * monitor knows who it is by the link (A09). Whatever breaks this table costs the cordon-rpc its link,
 * and its caller the runs.
 *
 *	name          number  sender   legal while      body, descriptors
 *	READY         1       rpc      first message    -; it has locked itself down
 *	START         2       rpc      after READY      struct rpc_start
 *	CHECK         3       rpc      after READY      struct rpc_start; decided, not started
 *	SIGNAL        4       rpc      after READY      u64 run, u32 signal; to all of the run
 *	KILL          5       rpc      after READY      u64 run, u8 enum rpc_kill
 *	SESSION       6       rpc      after READY      struct rpc_session; opens one, or moves it
 *	END_SESSION   7       rpc      after READY      u64 request, string session; ends its runs
 *	PROFILE       8       rpc      after READY      u64 request, string name
 *	FILE          9       rpc      after READY      struct rpc_file; a run that reads, writes or lists
 *	                                                one file of the workspace, answered as START is
 *	TAIL          10      rpc      after READY      u64 request, u32 how many records at most
 *	MALFORMED     11      rpc      after READY      u32 lines since the last one that were no requests
 *	UNKNOWN       12      rpc      after READY      u64 request, string name: a run that its caller names and
 *	                                                never had; answered by REFUSED
 *	FETCH         13      rpc      after READY      struct rpc_fetch (<cordon/rpc_fetch_proto.h>)
 *	CANCEL        14      rpc      after READY      u64 request, a FETCH: it is to end; answered by REFUSED
 *	CHECK_URL     15      rpc      after READY      struct rpc_check_url; decided, not looked up or dialed
 *	WELCOME       65      monitor  first message    struct rpc_welcome
 *	STARTED       66      monitor  answers START,   struct rpc_started; stdin (when asked for), stdout
 *	                               FILE             and stderr of the run, or its terminal's master
 *	EXITED        67      monitor  after STARTED    u64 run, struct run_result; nothing of it is left
 *	REFUSED       68      monitor  answers all      struct rpc_refused
 *	CHECKED       69      monitor  answers CHECK,   struct rpc_checked
 *	                               CHECK_URL
 *	DONE          70      monitor  answers SESSION, u64 request
 *	                               END_SESSION
 *	TEXT          71      monitor  answers PROFILE, u64 request, bytes: JSON
 *	                               TAIL
 *	FETCHED       72      monitor  answers FETCH    u64 request, struct cordon_fetch_result; its body, and its
 *	                                                wrapped body, sealed
 *
 * "request" is a number that the cordon-rpc chose; it is in flight until it is answered, and at most
 * RPC_INFLIGHT are. SIGNAL and KILL for a run that is not the caller's, or has ended, are ignored: they
 * crossed EXITED on the way; so is CANCEL for what has been answered. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/run_result.h>
#include <cordon/wire.h>

enum rpc_message {
	RPC_READY = 1,
	RPC_START = 2,
	RPC_CHECK = 3,
	RPC_SIGNAL = 4,
	RPC_KILL = 5,
	RPC_SESSION = 6,
	RPC_END_SESSION = 7,
	RPC_PROFILE = 8,
	RPC_FILE = 9,
	RPC_TAIL = 10,
	RPC_MALFORMED = 11,
	RPC_UNKNOWN = 12,
	RPC_FETCH = 13,
	RPC_CANCEL = 14,
	RPC_CHECK_URL = 15,
	RPC_WELCOME = 65,
	RPC_STARTED = 66,
	RPC_EXITED = 67,
	RPC_REFUSED = 68,
	RPC_CHECKED = 69,
	RPC_DONE = 70,
	RPC_TEXT = 71,
	RPC_FETCHED = 72,
};

#define RPC_INFLIGHT    256 /* requests of a caller at one time */
#define RPC_RUNS        1024 /* live runs of a caller */
#define RPC_ARGS        65536u /* words of argv or env */
#define RPC_WORD        (128u * 1024) /* bytes of one, MAX_ARG_STRLEN of execve(2) */
#define RPC_LABEL       128 /* bytes of a label or a handle */
#define RPC_SESSION_KEY 195 /* agent:channel:peer, three times 64 bytes */
#define RPC_NAME        128 /* bytes of a profile's name */
#define RPC_TAIL_MAX    32 /* records that a caller is shown */
#define RPC_FETCHES     8 /* of a caller at one time */

/* What is not given is "" or UINT64_MAX. The struct owns its strings. */
struct rpc_start {
	uint64_t request;
	char **argv; /* at least one word */
	char **env; /* NAME=VALUE */
	char **unset; /* names */
	char *handle; /* the caller's own name for the run; for lists only, the monitor names it by number */
	char *cwd, *workspace, *profile, *session, *label;
	uint64_t timeout_ms, wait_approval_ms;
	uint64_t memory, processes, cpu_ms, open_files, file_bytes,
		output_bytes; /* only downwards */
	uint8_t stdin_pipe; /* 0: /dev/null */
	uint8_t tty; /* a terminal of its own for all three streams */
	uint16_t rows, columns;
};

enum rpc_kill { RPC_KILL_CANCELLED, RPC_KILL_RELEASED, RPC_KILL_OUTPUT, RPC_KILL_KINDS };

struct rpc_session {
	uint64_t request;
	char *session, *workspace, *cwd, *profile; /* "": as the caller's */
};

enum rpc_file_act { RPC_FILE_READ, RPC_FILE_WRITE, RPC_FILE_LIST, RPC_FILE_ACTS };

/* What the run prints: for READ the bytes of the file; for LIST of each entry "TYPE SIZE NAME" and a NUL,
 * where TYPE is the letter of find(1)'s %y. For WRITE it reads the bytes from its standard input. It exits
 * with 0 when that was done; else standard error says why not. */
struct rpc_file {
	uint64_t request;
	uint8_t act; /* enum rpc_file_act */
	char *session, *profile; /* whose workspace, and by whose rules */
	char *path; /* absolute, or below the workspace */
};

struct rpc_profile {
	char *name, *description;
	char digest[72]; /* "sha256:…" */
};
#define RPC_PROFILES 256

struct rpc_welcome {
	char *version; /* of cordon */
	char *trust; /* "same-uid", "separate" or "signed" */
	char *workspace; /* where runs work when a request names none */
	uint32_t landlock; /* ABI version, 0: none */
	char *cgroup; /* "v2", "v1" or "none" */
	uint8_t user_notif;
	struct rpc_profile *profiles; /* what the caller may name; the first is its default */
	uint32_t profile_count;
};

struct rpc_started {
	uint64_t request, run;
	char *id; /* "r-…" */
	uint32_t pid;
	char *decision, *rule; /* rule "": none */
	uint64_t output_bytes; /* may be printed in all; UINT64_MAX: no limit */
};

enum rpc_error { /* the JSON-RPC code is -31000 - value, or -32602 for INVALID */
	RPC_ERROR_INVALID = 0,
	RPC_ERROR_POLICY = 1,
	RPC_ERROR_OPERATOR = 2,
	RPC_ERROR_EXPIRED = 3,
	RPC_ERROR_FLOOR = 4,
	RPC_ERROR_LIMIT = 5,
	RPC_ERROR_UNKNOWN = 6,
	RPC_ERROR_BUSY = 7,
	RPC_ERROR_UNREACHABLE = 8,
	RPC_ERROR_CANCELLED = 9,
	RPC_ERROR_KINDS
};

struct rpc_refused {
	uint64_t request;
	uint8_t error; /* enum rpc_error */
	uint8_t retryable;
	char *reason, *rule; /* codes; rule "": none */
	char *text; /* one sentence */
};

struct rpc_checked {
	uint64_t request;
	char *decision, *reason, *rule; /* "": none */
	char *digest; /* "sha256:…" */
};

/* Encoding: the body of a message, complete. Each pairs with a decoder that takes nothing but a whole and
 * bounded body: returns 0, or -1 with CORDON_EPEER; *ret is only written on success and is the caller's
 * to finish. */
void rpc_start_encode(const struct rpc_start *start, struct cordon_writer *w);
int rpc_start_decode(const void *data, size_t size, struct rpc_start *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_start_finish(struct rpc_start *start);

void rpc_session_encode(const struct rpc_session *session, struct cordon_writer *w);
int rpc_session_decode(const void *data, size_t size, struct rpc_session *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_session_finish(struct rpc_session *session);

void rpc_file_encode(const struct rpc_file *file, struct cordon_writer *w);
int rpc_file_decode(const void *data, size_t size, struct rpc_file *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_file_finish(struct rpc_file *file);

/* END_SESSION, PROFILE: a request and one short string, at most max bytes. */
void rpc_named_encode(uint64_t request, const char *name, struct cordon_writer *w);
int rpc_named_decode(const void *data, size_t size, size_t max, uint64_t *ret_request,
	char **ret_name, struct cordon_error *err) CORDON_CHECKED;

/* SIGNAL and KILL: a run and a number below bound. TAIL: a request, likewise. */
void rpc_order_encode(uint64_t run, uint32_t number, struct cordon_writer *w);
int rpc_order_decode(const void *data, size_t size, uint32_t bound, uint64_t *ret_run,
	uint32_t *ret_number, struct cordon_error *err) CORDON_CHECKED;

void rpc_malformed_encode(uint32_t count, struct cordon_writer *w);
int rpc_malformed_decode(const void *data, size_t size, uint32_t *ret_count,
	struct cordon_error *err) CORDON_CHECKED;

void rpc_welcome_encode(const struct rpc_welcome *welcome, struct cordon_writer *w);
int rpc_welcome_decode(const void *data, size_t size, struct rpc_welcome *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_welcome_finish(struct rpc_welcome *welcome);

void rpc_started_encode(const struct rpc_started *started, struct cordon_writer *w);
int rpc_started_decode(const void *data, size_t size, struct rpc_started *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_started_finish(struct rpc_started *started);

void rpc_exited_encode(uint64_t run, const struct run_result *result, struct cordon_writer *w);
int rpc_exited_decode(const void *data, size_t size, uint64_t *ret_run, struct run_result *ret,
	struct cordon_error *err) CORDON_CHECKED;

void rpc_refused_encode(const struct rpc_refused *refused, struct cordon_writer *w);
int rpc_refused_decode(const void *data, size_t size, struct rpc_refused *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_refused_finish(struct rpc_refused *refused);

void rpc_checked_encode(const struct rpc_checked *checked, struct cordon_writer *w);
int rpc_checked_decode(const void *data, size_t size, struct rpc_checked *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_checked_finish(struct rpc_checked *checked);

/* DONE and CANCEL. */
void rpc_done_encode(uint64_t request, struct cordon_writer *w);
int rpc_done_decode(const void *data, size_t size, uint64_t *ret_request,
	struct cordon_error *err) CORDON_CHECKED;

void rpc_text_encode(uint64_t request, const char *text, struct cordon_writer *w);
int rpc_text_decode(const void *data, size_t size, uint64_t *ret_request, char **ret_text,
	struct cordon_error *err) CORDON_CHECKED;
