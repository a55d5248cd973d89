/* calls: none */
#include "method_session.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "answers.h"
#include "rpc.h"

struct wanted {
	const char *session, *workspace, *cwd, *profile;
};

static const struct param open_params[] = { { "session", PARAM_TEXT, PARAM_REQUIRED, 1,
						    RPC_SESSION_KEY,
						    offsetof(struct wanted, session), NULL },
	{ "workspace", PARAM_TEXT, 0, 1, PATH_MAX - 1, offsetof(struct wanted, workspace), NULL },
	{ "cwd", PARAM_TEXT, 0, 1, PATH_MAX - 1, offsetof(struct wanted, cwd), NULL },
	{ "profile", PARAM_TEXT, 0, 1, RPC_NAME, offsetof(struct wanted, profile), NULL }, { 0 } };

static const struct param close_params[] = { { "session", PARAM_TEXT, PARAM_REQUIRED, 1,
						     RPC_SESSION_KEY,
						     offsetof(struct wanted, session), NULL },
	{ 0 } };

static char *
copy(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

/* What is wanted, encoded, stays with the request until the monitor has agreed. */
static void
send_session(struct rpc *rpc, struct request *request, uint16_t number, struct cordon_writer *w)
{
	struct cordon_message kept = { .body = NULL };
	struct fault fault;

	if (!w->failed && (kept.body = malloc(w->size)) != NULL) {
		memcpy(kept.body, w->data, w->size);
		kept.size = w->size;
		request_keep(request, &kept);
	}
	if (request->data == NULL || link_send(&rpc->link, number, w) < 0) {
		cordon_writer_finish(w);
		fault_set(&fault, FAULT_INTERNAL, "limit.memory",
			"there is no memory for the request");
		request_fail(rpc, request, &fault);
	}
}

int
session_open(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	struct rpc_session s = { 0 };
	struct request *request;
	struct cordon_writer w;

	if (params_take(call->params, open_params, &p, fault) < 0)
		return -1;
	if (!sessions_have_room(&rpc->sessions, p.session))
		return fault_set(
			fault, FAULT_LIMIT, "limit.sessions", "%d sessions are open", SESSIONS_MAX);
	request = request_begin(rpc, call->id, REQUEST_OPEN_SESSION, fault);
	if (request == NULL)
		return -1;
	s.request = request->number;
	s.session = (char *)(uintptr_t)p.session;
	s.workspace = (char *)(uintptr_t)p.workspace;
	s.cwd = (char *)(uintptr_t)p.cwd;
	s.profile = (char *)(uintptr_t)p.profile;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_session_encode(&s, &w);
	send_session(rpc, request, RPC_SESSION, &w);
	return 0;
}

int
session_close(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	struct request *request;
	struct cordon_writer w;

	if (params_take(call->params, close_params, &p, fault) < 0)
		return -1;
	request = request_begin(rpc, call->id, REQUEST_CLOSE_SESSION, fault);
	if (request == NULL)
		return -1;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_named_encode(request->number, p.session, &w);
	send_session(rpc, request, RPC_END_SESSION, &w);
	return 0;
}

static const char *
given(char **text)
{
	return *text == NULL || (*text)[0] == '\0' ? NULL : *text;
}

void
session_done(struct rpc *rpc, struct request *request)
{
	struct rpc_session s = { 0 };
	struct session session = { 0 };
	struct cordon_error err;
	CORDON_FREE char *name = NULL;
	uint64_t number;

	if (request->kind == REQUEST_OPEN_SESSION &&
		rpc_session_decode(request->data, request->size, &s, &err) == 0) {
		session.key = copy(s.session);
		session.workspace = copy(given(&s.workspace));
		session.cwd = copy(given(&s.cwd));
		session.profile = copy(given(&s.profile));
		if (session.key != NULL)
			(void)!sessions_put(&rpc->sessions, &session);
		rpc_session_finish(&s);
	} else if (request->kind == REQUEST_CLOSE_SESSION &&
		   rpc_named_decode(request->data, request->size, RPC_SESSION_KEY, &number, &name,
			   &err) == 0) {
		sessions_remove(&rpc->sessions, name);
	}
	request_succeed(rpc, request);
}

static void
put_sessions(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)request;
	cordon_json_array(j, "sessions");
	sessions_list(&rpc->sessions, j);
	cordon_json_end(j);
}

int
session_list(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	return call_answer_later(rpc, call, put_sessions, fault);
}
