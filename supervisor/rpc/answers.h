/* JSON-RPC messages to the caller, as lines in its queue. */
#pragma once

#include <stddef.h>

#include <cordon/json.h>

#include "fault.h"
#include "jsonrpc.h"

struct rpc;

/* The begin of an answer: members of "result" come next. NULL without memory, which answer_end takes. */
struct cordon_json *answer_begin(const struct jsonrpc_id *id);
void answer_end(struct rpc *rpc, const struct jsonrpc_id *id, struct cordon_json *j);
void answer_empty(struct rpc *rpc, const struct jsonrpc_id *id);
/* id NULL, or of kind NONE: null. */
void answer_fault(struct rpc *rpc, const struct jsonrpc_id *id, const struct fault *fault);
/* A notification: members of "params" come next. */
struct cordon_json *notice_begin(const char *method);
void notice_end(struct rpc *rpc, struct cordon_json *j);

/* NULL or "": null. */
void answer_put_text(struct cordon_json *j, const char *key, const char *text);
