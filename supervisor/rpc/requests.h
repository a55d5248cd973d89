/* Requests that are not answered at once. Each has a slot until its answer is a line; there are as many
 * slots as requests may be in flight.
 *
 * waiting (for the monitor, for a run, for time) ──► ready (to be a line when there is room) ──► free */
#pragma once

#include <stdint.h>

#include <cordon/json.h>
#include <cordon/link.h>
#include <cordon/loop.h>
#include <cordon/rpc_proto.h>

#include "fault.h"
#include "jsonrpc.h"

struct rpc;
struct run;
struct request;

enum request_kind {
	REQUEST_FREE,
	REQUEST_RUN, /* answered when its run has ended */
	REQUEST_START,
	REQUEST_TERMINAL,
	REQUEST_WRITE,
	REQUEST_READ,
	REQUEST_WAIT,
	REQUEST_TERMINAL_WAIT,
	REQUEST_RELEASE,
	REQUEST_OPEN_SESSION,
	REQUEST_CLOSE_SESSION,
	REQUEST_PROFILE,
	REQUEST_TAIL,
	REQUEST_CHECK,
	REQUEST_FETCH,
	REQUEST_UNKNOWN, /* names a run that the caller never had */
	REQUEST_OTHER, /* ready from the begin: an answer that may be long */
	REQUEST_KINDS
};

/* Puts the members of "result". */
typedef void request_render_fn(
	struct rpc *rpc, const struct request *request, struct cordon_json *j);

/* Mapped, and the request's to unmap. */
struct request_page {
	void *data; /* NULL: none */
	size_t size;
};

struct request {
	enum request_kind kind;
	struct jsonrpc_id id;
	uint64_t
		number; /* of the question to the monitor: a counter, and the slot in the low bits */
	struct run *run; /* a reference, or NULL */
	struct request *next, **link; /* in the list of a run's waiters */
	struct cordon_timer *timer;
	int is_ready, cancelled;
	struct request *next_ready;
	request_render_fn *render;
	uint64_t first, second; /* what the kind needs */
	uint8_t *data; /* owned; likewise */
	size_t size;
	struct request_page pages[2]; /* of a fetch */
};

struct requests {
	struct request slots[RPC_INFLIGHT];
	unsigned count;
	uint64_t counter;
	struct request *ready, **ready_end;
};

void requests_init(struct requests *r);
void requests_finish(struct rpc *rpc);
/* A slot for a request. NULL with *fault set when all are taken. */
struct request *request_begin(struct rpc *rpc, const struct jsonrpc_id *id, enum request_kind kind,
	struct fault *fault) CORDON_CHECKED;
/* The request with that id, or NULL. */
struct request *requests_find(struct requests *r, const struct jsonrpc_id *id);
/* The request that asked the monitor by that number, or NULL. */
struct request *requests_asked(struct requests *r, uint64_t number);
/* Sends the question of request to the monitor; or it fails, when that cannot take it now. */
struct cordon_writer;
void request_send(
	struct rpc *rpc, struct request *request, uint16_t number, struct cordon_writer *w);
/* It belongs to that run, which stays as long as it. */
void request_attach(struct request *request, struct run *run);
/* It waits for what happens to its run. */
void request_wait(struct request *request);
/* Calls fn once after so many milliseconds. */
int request_timeout(struct rpc *rpc, struct request *request, uint64_t ms, cordon_timer_fn *fn);
/* The monitor's answer stays as it came until it becomes a line. */
void request_keep(struct request *request, struct cordon_message *m);
/* Its answer is there. */
void request_ready(struct rpc *rpc, struct request *request, request_render_fn *render);
/* Answers at once, which frees the slot: what is short, or must not be overtaken. */
void request_answer(struct rpc *rpc, struct request *request, request_render_fn *render);
void request_fail(struct rpc *rpc, struct request *request, const struct fault *fault);
void request_cancelled(struct rpc *rpc, struct request *request);
void request_succeed(struct rpc *rpc, struct request *request); /* with an empty result */

int requests_any_ready(const struct rpc *rpc);
/* Makes a line of the answer that is ready longest. Returns 0 when there is none. */
int requests_render_one(struct rpc *rpc);
