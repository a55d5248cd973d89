/* What one cordon-rpc knows. It is made by main() and passed down; nothing else outlives a call. */
#pragma once

#include <cordon/loop.h>
#include <cordon/rate.h>
#include <cordon/rpc_proto.h>

#include "budget.h"
#include "handles.h"
#include "in.h"
#include "link.h"
#include "out.h"
#include "requests.h"
#include "runs.h"
#include "sessions.h"

enum rpc_life {
	RPC_LIFE_GREETING, /* nothing is read from the caller before WELCOME */
	RPC_LIFE_SERVING,
	RPC_LIFE_CLOSING, /* nothing more is read or begun; what is queued is written */
};

struct rpc {
	struct cordon_loop *loop;
	enum rpc_life life;
	uint32_t malformed; /* lines that the monitor was not told of yet */
	int initialized; /* "initialize" was answered */
	struct in in;
	struct cordon_rate rate; /* of the caller's requests */
	struct out out;
	struct link link;
	struct rpc_welcome welcome;
	struct requests requests;
	struct runs runs;
	struct sessions sessions;
	struct budget input; /* that waits for runs */
	struct budget kept; /* output of all runs */
	struct budget kept_small; /* of those that keep no more than is usual, a part of it */
	struct cordon_timer *closing; /* the caller does not have for ever to read the rest */
	char buffer[CHUNK_BYTES]; /* for one read */
};

/* Ends the caller's link once what is queued was written. */
void rpc_close(struct rpc *rpc);
/* Ends the process: the link to the monitor is broken. */
void rpc_stop(struct rpc *rpc);
/* What every callback of the loop does last: turn what is ready into lines as far as there is room, and
 * write. */
void rpc_settle(struct rpc *rpc);
