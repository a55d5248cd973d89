/* Why a request is answered with an error: the members of JSON-RPC's error object. */
#pragma once

#include <cordon/error.h>
#include <cordon/rpc_proto.h>

enum fault_code {
	FAULT_PARSE = -32700,
	FAULT_REQUEST = -32600,
	FAULT_METHOD = -32601,
	FAULT_PARAMS = -32602,
	FAULT_INTERNAL = -32603,
	FAULT_POLICY = -31001,
	FAULT_LIMIT = -31005,
	FAULT_UNKNOWN = -31006,
	FAULT_BUSY = -31007,
	FAULT_CANCELLED = -31009,
};

struct fault {
	int code; /* enum fault_code, or what the monitor's refusal maps to */
	int retryable;
	char reason[RPC_LABEL + 1];
	char rule[RPC_LABEL + 1]; /* "": none */
	char text[1025]; /* one sentence */
	char unknown[RPC_LABEL +
		     1]; /* a run that the caller never had, else "": the monitor answers */
};

/* Fills *f, with foreign words in the sentence escaped, and returns -1. Busy ones are retryable. */
int fault_set(struct fault *f, enum fault_code code, const char *reason, const char *fmt, ...)
	CORDON_PRINTF(4, 5);
/* The monitor's. */
void fault_refused(struct fault *f, const struct rpc_refused *refused);
