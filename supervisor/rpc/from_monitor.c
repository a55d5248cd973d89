/* calls: none */
#include "from_monitor.h"

#include <cordon/fd.h>

#include "method_fetch.h"
#include "method_ledger.h"
#include "method_policy.h"
#include "method_session.h"
#include "rpc.h"

/* The request that is answered, when it is one of that kind. */
static struct request *
asked(struct rpc *rpc, uint64_t number, enum request_kind kind)
{
	struct request *request = requests_asked(&rpc->requests, number);

	return request != NULL && request->kind == kind ? request : NULL;
}

static int
take_welcome(struct rpc *rpc, struct cordon_message *m)
{
	struct cordon_error err;

	if (rpc->link.welcomed || rpc_welcome_decode(m->body, m->size, &rpc->welcome, &err) < 0)
		return -1;
	rpc->link.welcomed = 1;
	rpc->life = RPC_LIFE_SERVING;
	in_pause(&rpc->in, 0);
	return 0;
}

static int
take_started(struct rpc *rpc, struct cordon_message *m)
{
	struct rpc_started started;
	struct cordon_error err;
	struct request *request;
	int result;

	if (rpc_started_decode(m->body, m->size, &started, &err) < 0)
		return -1;
	request = requests_asked(&rpc->requests, started.request);
	result = request == NULL || request->run == NULL || request->run->asker != request
			 ? -1
			 : run_started(request->run, &started, m);
	rpc_started_finish(&started);
	return result;
}

static int
take_exited(struct rpc *rpc, struct cordon_message *m)
{
	struct run_result result;
	struct cordon_error err;
	struct run *run;
	uint64_t number;

	if (rpc_exited_decode(m->body, m->size, &number, &result, &err) < 0)
		return -1;
	run = runs_by_number(rpc, number);
	if (run == NULL || run->state != RUN_LIVE)
		return -1;
	/* It stays in its compact form. The run is known by its name here. */
	run_exited(run, m->body + sizeof(number), m->size - sizeof(number));
	return 0;
}

static int
take_refused(struct rpc *rpc, struct cordon_message *m)
{
	struct rpc_refused refused;
	struct cordon_error err;
	struct request *request;
	struct fault fault;

	if (rpc_refused_decode(m->body, m->size, &refused, &err) < 0)
		return -1;
	fault_refused(&fault, &refused);
	request = requests_asked(&rpc->requests, refused.request);
	rpc_refused_finish(&refused);
	if (request == NULL)
		return -1;
	if (request->run != NULL && request->run->state != RUN_ASKED)
		return -1;
	if (request->run != NULL)
		run_refused(request->run, &fault);
	else
		request_fail(rpc, request, &fault);
	return 0;
}

static int
take_checked(struct rpc *rpc, struct cordon_message *m)
{
	struct rpc_checked checked;
	struct cordon_error err;
	struct request *request;

	if (rpc_checked_decode(m->body, m->size, &checked, &err) < 0)
		return -1;
	request = asked(rpc, checked.request, REQUEST_CHECK);
	rpc_checked_finish(&checked);
	if (request == NULL)
		return -1;
	request_keep(request, m);
	request_answer(rpc, request, policy_answer_checked);
	return 0;
}

static int
take_done(struct rpc *rpc, struct cordon_message *m)
{
	struct cordon_error err;
	struct request *request;
	uint64_t number;

	if (rpc_done_decode(m->body, m->size, &number, &err) < 0)
		return -1;
	request = requests_asked(&rpc->requests, number);
	if (request == NULL ||
		(request->kind != REQUEST_OPEN_SESSION && request->kind != REQUEST_CLOSE_SESSION))
		return -1;
	session_done(rpc, request);
	return 0;
}

static int
take_text(struct rpc *rpc, struct cordon_message *m)
{
	struct cordon_reader r = { .at = m->body, .left = m->size };
	struct request *request;
	uint64_t number;

	if (cordon_get_u64(&r, &number) < 0)
		return -1;
	request = requests_asked(&rpc->requests, number);
	if (request == NULL || (request->kind != REQUEST_PROFILE && request->kind != REQUEST_TAIL))
		return -1;
	request_keep(request, m);
	request_ready(rpc, request,
		request->kind == REQUEST_TAIL ? ledger_answer_tail : policy_answer_profile);
	return 0;
}

int
from_monitor(struct rpc *rpc, struct cordon_message *m)
{
	static const struct {
		uint16_t number;
		int (*take)(struct rpc *rpc, struct cordon_message *m);
	} takers[] = { { RPC_WELCOME, take_welcome }, { RPC_STARTED, take_started },
		{ RPC_EXITED, take_exited }, { RPC_REFUSED, take_refused },
		{ RPC_CHECKED, take_checked }, { RPC_DONE, take_done }, { RPC_TEXT, take_text },
		{ RPC_FETCHED, fetch_take } };

	if (!rpc->link.welcomed && m->number != RPC_WELCOME)
		return -1;
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (takers[i].number == m->number)
			return takers[i].take(rpc, m);
	return -1;
}
