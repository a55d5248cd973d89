/* calls: none */
#include "method_policy.h"

#include <string.h>

#include <cordon/mem.h>
#include <cordon/rpc_fetch_proto.h>

#include "answers.h"
#include "method_run.h"
#include "rpc.h"

struct wanted {
	struct param_data url;
	const char *name, *profile, *session, *cwd, *workspace;
	char **argv;
	struct param_env env;
};

#define AT(member) offsetof(struct wanted, member)

/* clang-format off */
static const struct param action_params[] = {
	{ "argv",      PARAM_WORDS,  0, 1, RPC_WORD, AT(argv), NULL },
	{ "url",       PARAM_DATA,   0, 0, 0, AT(url), NULL },
	{ "env",       PARAM_ENV,    0, 0, 0, AT(env), NULL },
	{ "cwd",       PARAM_TEXT,   0, 1, PATH_MAX - 1, AT(cwd), NULL },
	{ "workspace", PARAM_TEXT,   0, 1, PATH_MAX - 1, AT(workspace), NULL },
	{ 0 }
};
static const struct param check_params[] = {
	{ "action",    PARAM_OBJECT, PARAM_REQUIRED, 0, 0, 0, action_params },
	{ "profile",   PARAM_TEXT,   0, 1, RPC_NAME, AT(profile), NULL },
	{ "session",   PARAM_TEXT,   0, 1, RPC_SESSION_KEY, AT(session), NULL },
	{ 0 }
};
static const struct param name_params[] = {
	{ "name",      PARAM_TEXT,   PARAM_REQUIRED, 1, RPC_NAME, AT(name), NULL },
	{ 0 }
};
/* clang-format on */

static int
check(struct rpc *rpc, const struct call *call, const struct wanted *p, struct fault *fault)
{
	struct request *request = request_begin(rpc, call->id, REQUEST_CHECK, fault);
	struct rpc_start start;
	struct cordon_writer w;

	if (request == NULL)
		return -1;
	run_start_init(&start);
	start.request = request->number;
	start.argv = p->argv;
	start.env = p->env.set;
	start.unset = p->env.unset;
	start.cwd = (char *)(uintptr_t)p->cwd;
	start.workspace = (char *)(uintptr_t)p->workspace;
	start.profile = (char *)(uintptr_t)p->profile;
	start.session = (char *)(uintptr_t)p->session;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_start_encode(&start, &w);
	request_send(rpc, request, RPC_CHECK, &w);
	return 0;
}

/* The URL is a caller's text, so it is read here: the monitor gets a host and a port. */
static int
check_url(struct rpc *rpc, const struct call *call, const struct wanted *p, struct fault *fault)
{
	struct rpc_check_url check = { .session = (char *)(uintptr_t)p->session,
		.profile = (char *)(uintptr_t)p->profile };
	CORDON_FREE struct cordon_url *url = cordon_array(1, sizeof(*url));
	struct cordon_error err = { 0 };
	struct request *request;
	struct cordon_writer w;

	if (url == NULL)
		return fault_set(
			fault, FAULT_INTERNAL, "limit.memory", "there is no memory for a URL");
	if (cordon_url_parse(p->url.bytes, p->url.size, url, &err) < 0)
		return fault_set(fault, FAULT_PARAMS, err.reason, "%s", err.text);
	request = request_begin(rpc, call->id, REQUEST_CHECK, fault);
	if (request == NULL)
		return -1;
	check.request = request->number;
	check.what.scheme = url->scheme;
	check.what.to = url->to;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_check_url_encode(&check, &w);
	request_send(rpc, request, RPC_CHECK_URL, &w);
	return 0;
}

static int
check_either(struct rpc *rpc, const struct call *call, const struct wanted *p, struct fault *fault)
{
	const int has_run_parts =
		p->argv != NULL || p->env.set != NULL || p->cwd != NULL || p->workspace != NULL;

	if (p->url.bytes != NULL && has_run_parts)
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"an action that has 'url' has nothing else");
	if (p->url.bytes != NULL)
		return check_url(rpc, call, p, fault);
	if (p->argv == NULL)
		return fault_set(fault, FAULT_PARAMS, "params.missing",
			"'action.argv' or 'action.url' is missing");
	return check(rpc, call, p, fault);
}

int
policy_check(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	int result = params_take(call->params, check_params, &p, fault);

	if (result == 0)
		result = check_either(rpc, call, &p, fault);
	params_finish(check_params, &p);
	return result;
}

void
policy_answer_checked(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct rpc_checked checked;
	struct cordon_error err;

	(void)rpc;
	if (rpc_checked_decode(request->data, request->size, &checked, &err) < 0)
		return;
	cordon_json_string(j, "decision", checked.decision);
	answer_put_text(j, "reason", checked.reason);
	answer_put_text(j, "rule", checked.rule);
	answer_put_text(j, "digest", checked.digest);
	rpc_checked_finish(&checked);
}

static void
put_profiles(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	const struct rpc_welcome *w = &rpc->welcome;

	(void)request;
	cordon_json_array(j, "profiles");
	for (uint32_t i = 0; i < w->profile_count; i++) {
		cordon_json_object(j, NULL);
		cordon_json_string(j, "name", w->profiles[i].name);
		answer_put_text(j, "description", w->profiles[i].description);
		answer_put_text(j, "digest", w->profiles[i].digest);
		cordon_json_end(j);
	}
	cordon_json_end(j);
	cordon_json_string(j, "default", w->profile_count > 0 ? w->profiles[0].name : NULL);
}

int
policy_profiles(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	return call_answer_later(rpc, call, put_profiles, fault);
}

int
policy_profile(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	struct cordon_writer w;
	struct request *request;

	if (params_take(call->params, name_params, &p, fault) < 0)
		return -1;
	request = request_begin(rpc, call->id, REQUEST_PROFILE, fault);
	if (request == NULL)
		return -1;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_named_encode(request->number, p.name, &w);
	request_send(rpc, request, RPC_PROFILE, &w);
	return 0;
}

void
policy_answer_profile(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct cordon_error err;
	CORDON_FREE char *text = NULL;
	uint64_t number;

	(void)rpc;
	if (rpc_text_decode(request->data, request->size, &number, &text, &err) == 0)
		cordon_json_raw(j, "profile", text, strlen(text));
}
