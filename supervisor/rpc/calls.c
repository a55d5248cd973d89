/* Which methods there are. Each line is answered exactly once, whatever it says, except notifications.
 *
 * calls: none */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "method_fetch.h"
#include "method_file.h"
#include "method_ledger.h"
#include "method_policy.h"
#include "method_process.h"
#include "method_run.h"
#include "method_self.h"
#include "method_session.h"
#include "method_terminal.h"
#include "rpc.h"
#include <cordon/base64.h>

/* Far more than a caller has to say, and less than makes its neighbours wait. */
#define CALLS_SECOND 4000u
#define CALLS_BURST  2000u

static const struct {
	const char *name;
	call_fn *fn;
} methods[] = {
	{ "initialize", self_initialize },
	{ "ping", self_ping },
	{ "shutdown", self_shutdown },
	{ "process/run", run_run },
	{ "process/start", run_start },
	{ "process/write", process_write },
	{ "process/closeStdin", process_close_stdin },
	{ "process/resize", process_resize },
	{ "process/signal", process_signal },
	{ "process/read", process_read },
	{ "process/wait", process_wait },
	{ "process/list", process_list },
	{ "process/release", process_release },
	{ "session/open", session_open },
	{ "session/list", session_list },
	{ "session/close", session_close },
	{ "profile/list", policy_profiles },
	{ "profile/show", policy_profile },
	{ "policy/check", policy_check },
	{ "ledger/tail", ledger_tail },
	{ "fetch/request", fetch_request },
	{ "workspace/read", file_read },
	{ "workspace/write", file_write },
	{ "workspace/list", file_list },
	{ "terminal/create", terminal_create },
	{ "terminal/output", terminal_output },
	{ "terminal/release", terminal_release },
	{ "terminal/wait_for_exit", terminal_wait },
	{ "terminal/kill", terminal_kill },
};

static const struct param no_params[] = { { 0 } };

int
call_answer_later(
	struct rpc *rpc, const struct call *call, request_render_fn *render, struct fault *fault)
{
	char none;

	if (params_take(call->params, no_params, &none, fault) < 0)
		return -1;
	return call_render_later(rpc, call, NULL, render, fault);
}

int
call_render_later(struct rpc *rpc, const struct call *call, struct run *run,
	request_render_fn *render, struct fault *fault)
{
	struct request *request = request_begin(rpc, call->id, REQUEST_OTHER, fault);

	if (request == NULL)
		return -1;
	if (run != NULL)
		request_attach(request, run);
	request_ready(rpc, request, render);
	return 0;
}

int
call_take_bytes(const struct param_data *text, const char *base64, uint8_t **ret_data,
	size_t *ret_size, struct fault *fault)
{
	if ((text->bytes == NULL) == (base64 == NULL))
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"one of 'text' and 'base64' must be given");
	if (base64 != NULL) {
		if (base64_decode(base64, strlen(base64), ret_data, ret_size) == 0)
			return 0;
		return fault_set(
			fault, FAULT_PARAMS, "params.type", "'base64' must be base64 with padding");
	}
	*ret_data = malloc(text->size + 1);
	if (*ret_data == NULL)
		return fault_set(
			fault, FAULT_INTERNAL, "limit.memory", "there is no memory for 'text'");
	memcpy(*ret_data, text->bytes, text->size);
	*ret_size = text->size;
	return 0;
}

/* Notifications have no answer, whatever is wrong with them; one has an effect. */
static void
take_notification(struct rpc *rpc, const struct jsonrpc_message *m)
{
	if (strcmp(m->method, "$/cancel") == 0)
		self_cancel(rpc, m->params);
}

/* The caller names a run that it never had. Whether that is a mistake or one guess of many is the monitor's to
 * say, by a refusal in any case. */
static void
ask_about(struct rpc *rpc, const struct jsonrpc_id *id, struct fault *fault)
{
	struct request *request;
	struct cordon_writer w;
	char name[RPC_LABEL + 1];

	snprintf(name, sizeof(name), "%s", fault->unknown);
	request = request_begin(rpc, id, REQUEST_UNKNOWN, fault);
	if (request == NULL) {
		answer_fault(rpc, id, fault);
		return;
	}
	cordon_writer_init(&w, 256);
	rpc_named_encode(request->number, name, &w);
	if (link_has_room(&rpc->link) && link_send(&rpc->link, RPC_UNKNOWN, &w) == 0)
		return;
	cordon_writer_finish(&w);
	fault_set(fault, FAULT_BUSY, "limit.link", "the monitor cannot take the request now");
	request_fail(rpc, request, fault);
}

static int
take_request(struct rpc *rpc, const struct jsonrpc_message *m, struct fault *fault)
{
	const struct call call = { .id = &m->id, .params = m->params };

	if (requests_find(&rpc->requests, &m->id) != NULL)
		return fault_set(fault, FAULT_REQUEST, "request.id",
			"'id' is that of a request that is not answered yet");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, m->method) == 0)
			return methods[i].fn(rpc, &call, fault);
	return fault_set(
		fault, FAULT_METHOD, "method.unknown", "there is no method '%.64s'", m->method);
}

/* Whether one more line is more than a caller may send. Who sends without end is told so, and not listened to
 * until it may send again: refusing costs something, too. */
static int
is_too_much(struct rpc *rpc)
{
	const uint64_t wait =
		cordon_rate_take(&rpc->rate, CALLS_SECOND, CALLS_BURST, cordon_now_ms());

	if (wait > 0)
		in_rest(&rpc->in, wait);
	return wait > 0;
}

void
calls_take_line(struct rpc *rpc, const char *line, size_t size)
{
	struct jsonrpc_message m;
	struct fault fault;
	const int too_much = is_too_much(rpc);
	int result = jsonrpc_parse(line, size, &m, &fault);

	if (result == 0 && m.method != NULL && m.id.kind == JSONRPC_ID_NONE)
		take_notification(rpc, &m);
	else if (result == 0 && m.method != NULL && too_much)
		result = fault_set(&fault, FAULT_BUSY, "limit.rate",
			"these are more than %u requests a second: ask again later", CALLS_SECOND);
	else if (result == 0 && m.method != NULL)
		result = take_request(rpc, &m, &fault);
	if (result < 0 && fault.unknown[0] != '\0')
		ask_about(rpc, &m.id, &fault);
	/* A notification with parameters of the wrong kind is still one. */
	else if (result < 0 && !(fault.code == FAULT_PARAMS && m.id.kind == JSONRPC_ID_NONE))
		answer_fault(rpc, &m.id, &fault);
	rpc->malformed += result < 0 && (fault.code == FAULT_PARSE || fault.code == FAULT_REQUEST);
	jsonrpc_finish(&m);
}
