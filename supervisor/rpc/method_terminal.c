/* sessionId is a label of that protocol's, any text. One that is a session of ours by its form is meant;
 * another selects nothing. "_meta" may stand everywhere, and null is the same as nothing.
 *
 * calls: none */
#include "method_terminal.h"

#include <signal.h>
#include <string.h>

#include <cordon/mem.h>

#include "answers.h"
#include "method_run.h"
#include "rpc.h"
#include "run_answers.h"

struct wanted {
	const char *session, *terminal, *command, *cwd;
	char **args;
	struct param_env env;
	uint64_t keep;
};

#define AT(member) offsetof(struct wanted, member)

/* clang-format off */
#define SESSION_PARAM { "sessionId", PARAM_TEXT, PARAM_REQUIRED, 0, UINT32_MAX, AT(session), NULL }
#define META_PARAM    { "_meta", PARAM_ANY, 0, 0, 0, 0, NULL }

static const struct param create_params[] = {
	SESSION_PARAM, META_PARAM,
	{ "command",         PARAM_TEXT,   PARAM_REQUIRED, 1, RPC_WORD, AT(command), NULL },
	{ "args",            PARAM_WORDS,  PARAM_NULLABLE, 0, RPC_WORD, AT(args), NULL },
	{ "env",             PARAM_PAIRS,  PARAM_NULLABLE, 0, 0, AT(env), NULL },
	{ "cwd",             PARAM_TEXT,   PARAM_NULLABLE, 1, PATH_MAX - 1, AT(cwd), NULL },
	{ "outputByteLimit", PARAM_NUMBER, PARAM_NULLABLE, 0, RUN_NUMBER_MAX, AT(keep), NULL },
	{ 0 }
};
static const struct param named_params[] = {
	SESSION_PARAM, META_PARAM,
	{ "terminalId",      PARAM_TEXT,   PARAM_REQUIRED, 1, RPC_LABEL, AT(terminal), NULL },
	{ 0 }
};
/* clang-format on */

static int
create(struct rpc *rpc, const struct call *call, const struct wanted *p, struct fault *fault)
{
	const int is_ours = session_is_key(p->session);
	const struct run_wish wish = { .kind = RUN_TERMINAL,
		.session = is_ours ? p->session : NULL,
		.keep = p->keep < RUN_OUTPUT_LIMIT_MAX ? (size_t)p->keep : RUN_OUTPUT_LIMIT_MAX };
	CORDON_FREE char **argv = NULL;
	struct rpc_start start;
	struct cordon_writer w;
	struct request *request;
	struct fault why;
	size_t count = 0;

	while (p->args != NULL && p->args[count] != NULL)
		count++;
	argv = cordon_array(count + 2, sizeof(*argv));
	if (argv == NULL)
		return fault_set(fault, FAULT_INTERNAL, "limit.memory",
			"there is no memory for the request");
	argv[0] = (char *)(uintptr_t)p->command;
	if (count > 0)
		memcpy(argv + 1, p->args, count * sizeof(*argv));
	request = request_begin(rpc, call->id, REQUEST_TERMINAL, fault);
	if (request == NULL)
		return -1;
	run_start_init(&start);
	start.argv = argv;
	start.env = p->env.set;
	start.cwd = (char *)(uintptr_t)p->cwd;
	start.session = is_ours ? (char *)(uintptr_t)p->session : NULL;
	start.request = request->number;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_start_encode(&start, &w);
	if (run_ask(rpc, request, &wish, RPC_START, &w, &why) == NULL)
		request_fail(rpc, request, &why);
	return 0;
}

int
terminal_create(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { .keep = RUN_OUTPUT_LIMIT };
	int result = params_take(call->params, create_params, &p, fault);

	if (result == 0)
		result = create(rpc, call, &p, fault);
	params_finish(create_params, &p);
	return result;
}

static struct run *
named(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	struct run *run;

	if (params_take(call->params, named_params, &p, fault) < 0)
		return NULL;
	run = runs_by_name(rpc, p.terminal, fault);
	if (run == NULL || run->kind == RUN_TERMINAL)
		return run;
	fault_set(fault, FAULT_UNKNOWN, "run.unknown", "there is no terminal '%.128s'", p.terminal);
	return NULL;
}

int
terminal_output(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct run *run = named(rpc, call, fault);

	if (run == NULL)
		return -1;
	return call_render_later(rpc, call, run, run_answer_terminal_output, fault);
}

int
terminal_wait(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct run *run = named(rpc, call, fault);
	struct request *request =
		run == NULL ? NULL : request_begin(rpc, call->id, REQUEST_TERMINAL_WAIT, fault);

	if (request == NULL)
		return -1;
	request_attach(request, run);
	if (run->state == RUN_ENDED)
		request_ready(rpc, request, run_answer_terminal_exit);
	else
		request_wait(request);
	return 0;
}

int
terminal_release(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct run *run = named(rpc, call, fault);
	struct request *request =
		run == NULL ? NULL : request_begin(rpc, call->id, REQUEST_RELEASE, fault);

	if (request == NULL)
		return -1;
	request_attach(request, run);
	run_release(run, request);
	return 0;
}

int
terminal_kill(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct run *run = named(rpc, call, fault);

	if (run == NULL)
		return -1;
	if (run->state == RUN_LIVE)
		link_order(&rpc->link, RPC_SIGNAL, run->number, SIGKILL);
	answer_empty(rpc, call->id);
	return 0;
}
