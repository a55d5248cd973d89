/* From a line to the function of its method. */
#pragma once

#include <stddef.h>

#include "fault.h"
#include "jsonrpc.h"
#include "params.h"
#include "requests.h"

struct rpc;

/* One request that is to be answered. What it points to lasts until the function returns. */
struct call {
	const struct jsonrpc_id *id;
	const struct json_t *params; /* an object, or NULL */
};

/* Answers, now or later, and returns 0; or returns -1 with *fault set, which is the answer then. */
typedef int call_fn(struct rpc *rpc, const struct call *call, struct fault *fault);

/* For methods without parameters whose answer may be long. */
int call_answer_later(struct rpc *rpc, const struct call *call, request_render_fn *render,
	struct fault *fault) CORDON_CHECKED;
/* The same, for a method that has looked at its parameters. */
int call_render_later(struct rpc *rpc, const struct call *call, struct run *run,
	request_render_fn *render, struct fault *fault) CORDON_CHECKED;

/* Bytes that are given as text or as base64, either of which was not given. *ret_data is the caller's to free. */
int call_take_bytes(const struct param_data *text, const char *base64, uint8_t **ret_data,
	size_t *ret_size, struct fault *fault) CORDON_CHECKED;

void calls_take_line(struct rpc *rpc, const char *line, size_t size);
