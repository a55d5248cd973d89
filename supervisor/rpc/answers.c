/* calls: none */
#include "answers.h"

#include <stdlib.h>

#include "rpc.h"

/* 16 MiB of output twice, when each byte becomes six. */
#define ANSWER_MAX (256u << 20)

static void
put_id(struct cordon_json *j, const struct jsonrpc_id *id)
{
	if (id == NULL || id->kind == JSONRPC_ID_NONE)
		cordon_json_null(j, "id");
	else if (id->kind == JSONRPC_ID_NUMBER)
		cordon_json_i64(j, "id", id->number);
	else
		cordon_json_bytes(j, "id", id->text, id->size);
}

static struct cordon_json *
begin(void)
{
	struct cordon_json *j = cordon_json_create(ANSWER_MAX);

	if (j != NULL) {
		cordon_json_object(j, NULL);
		cordon_json_string(j, "jsonrpc", "2.0");
	}
	return j;
}

struct cordon_json *
answer_begin(const struct jsonrpc_id *id)
{
	struct cordon_json *j = begin();

	if (j != NULL) {
		put_id(j, id);
		cordon_json_object(j, "result");
	}
	return j;
}

/* Without memory even for an error, the caller would wait for ever: its link ends. */
static int
put_fault(struct rpc *rpc, const struct jsonrpc_id *id, const struct fault *fault)
{
	struct cordon_json *j = begin();

	if (j == NULL)
		return -1;
	put_id(j, id);
	cordon_json_object(j, "error");
	cordon_json_i64(j, "code", fault->code);
	cordon_json_string(j, "message", fault->text);
	cordon_json_object(j, "data");
	cordon_json_string(j, "reason", fault->reason);
	answer_put_text(j, "rule", fault->rule);
	cordon_json_bool(j, "retryable", fault->retryable);
	cordon_json_end(j);
	cordon_json_end(j);
	cordon_json_end(j);
	return out_put(&rpc->out, j);
}

void
answer_fault(struct rpc *rpc, const struct jsonrpc_id *id, const struct fault *fault)
{
	if (put_fault(rpc, id, fault) < 0)
		rpc_stop(rpc);
}

void
answer_end(struct rpc *rpc, const struct jsonrpc_id *id, struct cordon_json *j)
{
	struct fault fault;

	if (j != NULL) {
		cordon_json_end(j);
		cordon_json_end(j);
	}
	if (j != NULL && out_put(&rpc->out, j) == 0)
		return;
	fault_set(&fault, FAULT_INTERNAL, "limit.memory", "there is no memory for the answer");
	answer_fault(rpc, id, &fault);
}

void
answer_empty(struct rpc *rpc, const struct jsonrpc_id *id)
{
	answer_end(rpc, id, answer_begin(id));
}

struct cordon_json *
notice_begin(const char *method)
{
	struct cordon_json *j = begin();

	if (j != NULL) {
		cordon_json_string(j, "method", method);
		cordon_json_object(j, "params");
	}
	return j;
}

void
notice_end(struct rpc *rpc, struct cordon_json *j)
{
	if (j == NULL)
		return;
	cordon_json_end(j);
	cordon_json_end(j);
	(void)!out_put(&rpc->out, j);
}

void
answer_put_text(struct cordon_json *j, const char *key, const char *text)
{
	cordon_json_string(j, key, text == NULL || text[0] == '\0' ? NULL : text);
}
