/* calls: none */
#include "method_self.h"

#include <string.h>

#include "answers.h"
#include "method_fetch.h"
#include "rpc.h"

struct hello {
	const char *version;
};

static const struct param hello_params[] = { { "protocolVersion", PARAM_TEXT, PARAM_REQUIRED, 1, 64,
						     offsetof(struct hello, version), NULL },
	{ "clientInfo", PARAM_ANY, 0, 0, 0, 0, NULL },
	{ "capabilities", PARAM_ANY, 0, 0, 0, 0, NULL }, { 0 } };

static const struct param no_params[] = { { 0 } };

static void
put_welcome(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	const struct rpc_welcome *w = &rpc->welcome;

	(void)request;
	cordon_json_string(j, "protocolVersion", "1");
	cordon_json_object(j, "serverInfo");
	cordon_json_string(j, "name", "cordon");
	cordon_json_string(j, "version", w->version);
	cordon_json_end(j);
	cordon_json_object(j, "sandbox");
	cordon_json_u64(j, "landlock", w->landlock);
	cordon_json_string(j, "cgroup", w->cgroup);
	cordon_json_bool(j, "userNotif", w->user_notif);
	cordon_json_end(j);
	cordon_json_array(j, "profiles");
	for (uint32_t i = 0; i < w->profile_count; i++)
		cordon_json_string(j, NULL, w->profiles[i].name);
	cordon_json_end(j);
	cordon_json_string(j, "trust", w->trust);
	answer_put_text(j, "workspace", w->workspace);
}

int
self_initialize(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct hello p = { 0 };

	if (params_take(call->params, hello_params, &p, fault) < 0)
		return -1;
	if (strcmp(p.version, "1") != 0)
		return fault_set(fault, FAULT_PARAMS, "params.version",
			"'protocolVersion' must be \"1\", which this build speaks");
	if (rpc->initialized)
		return fault_set(fault, FAULT_REQUEST, "request.initialized",
			"this link is initialized already");
	if (call_render_later(rpc, call, NULL, put_welcome, fault) < 0)
		return -1;
	rpc->initialized = 1;
	return 0;
}

int
self_ping(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	char none;

	if (params_take(call->params, no_params, &none, fault) < 0)
		return -1;
	answer_empty(rpc, call->id);
	return 0;
}

int
self_shutdown(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	if (self_ping(rpc, call, fault) < 0)
		return -1;
	rpc_close(rpc);
	return 0;
}

/* What waits for something is answered at once. A run that somebody waits for is ended, and its request
 * answered when nothing of it is left. The rest is about to be answered anyway. */
void
self_cancel(struct rpc *rpc, const struct json_t *params)
{
	const struct json_t *value = params == NULL ? NULL : jsonrpc_member(params, "id");
	struct input_piece *piece;
	struct request *request;
	struct jsonrpc_id id;

	jsonrpc_id_of(value, &id);
	request = id.kind == JSONRPC_ID_NONE ? NULL : requests_find(&rpc->requests, &id);
	if (request == NULL || request->is_ready)
		return;
	switch (request->kind) {
	case REQUEST_RUN:
	case REQUEST_START:
	case REQUEST_TERMINAL:
		run_kill(request->run, RPC_KILL_CANCELLED);
		break;
	case REQUEST_FETCH:
		fetch_cancel(rpc, request);
		break;
	case REQUEST_WRITE: /* the rest of it is not written */
		piece = input_find(&request->run->input, request);
		if (piece != NULL) {
			request->run->input.queued -= piece->size - piece->sent;
			piece->size = piece->sent;
			piece->asker = NULL;
		}
		request_cancelled(rpc, request);
		break;
	case REQUEST_READ:
	case REQUEST_WAIT:
	case REQUEST_TERMINAL_WAIT:
		request_cancelled(rpc, request);
		break;
	default:
		break;
	}
}
