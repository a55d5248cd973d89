/* calls: none */
#include "method_ledger.h"

#include <string.h>

#include <cordon/mem.h>

#include "answers.h"
#include "rpc.h"

struct wanted {
	uint64_t last;
};

static const struct param tail_params[] = {
	{ "last", PARAM_NUMBER, 0, 1, RPC_TAIL_MAX, offsetof(struct wanted, last), NULL }, { 0 }
};

int
ledger_tail(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { .last = RPC_TAIL_MAX };
	struct request *request;
	struct cordon_writer w;

	if (params_take(call->params, tail_params, &p, fault) < 0)
		return -1;
	request = request_begin(rpc, call->id, REQUEST_TAIL, fault);
	if (request == NULL)
		return -1;
	cordon_writer_init(&w, 64);
	rpc_order_encode(request->number, (uint32_t)p.last, &w);
	request_send(rpc, request, RPC_TAIL, &w);
	return 0;
}

void
ledger_answer_tail(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct cordon_error err;
	CORDON_FREE char *text = NULL;
	uint64_t number;

	(void)rpc;
	if (rpc_text_decode(request->data, request->size, &number, &text, &err) == 0)
		cordon_json_raw(j, "records", text, strlen(text));
}

void
ledger_tell_malformed(struct rpc *rpc)
{
	struct cordon_writer w;

	if (rpc->malformed == 0)
		return;
	cordon_writer_init(&w, 64);
	rpc_malformed_encode(rpc->malformed, &w);
	rpc->malformed = 0;
	(void)!link_send(&rpc->link, RPC_MALFORMED, &w);
}
