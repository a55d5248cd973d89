/* calls: none */
#include "method_run.h"

#include <stdlib.h>
#include <string.h>

#include "rpc.h"
#include "run_answers.h"
#include <cordon/base64.h>

struct wanted {
	char **argv;
	struct param_env env;
	const char *run, *cwd, *workspace, *profile, *session, *label;
	struct param_data stdin_text;
	const char *stdin_base64, *stdin_kind, *flow;
	uint64_t timeout_ms, wait_approval_ms, keep;
	uint64_t memory, processes, cpu_ms, open_files, file_bytes, output_bytes, wall_ms;
	uint64_t columns, rows; /* 0: no terminal */
	uint8_t notify, detached;
};

#define AT(member) offsetof(struct wanted, member)

/* clang-format off */
static const struct param limit_params[] = {
	{ "memory",    PARAM_NUMBER, 0, 1, RUN_NUMBER_MAX, AT(memory), NULL },
	{ "processes", PARAM_NUMBER, 0, 1, RUN_NUMBER_MAX, AT(processes), NULL },
	{ "wall",      PARAM_NUMBER, 0, 1, RUN_MS_MAX, AT(wall_ms), NULL },
	{ "cpu",       PARAM_NUMBER, 0, 1, RUN_MS_MAX, AT(cpu_ms), NULL },
	{ "openFiles", PARAM_NUMBER, 0, 1, RUN_NUMBER_MAX, AT(open_files), NULL },
	{ "fileSize",  PARAM_NUMBER, 0, 0, RUN_NUMBER_MAX, AT(file_bytes), NULL },
	{ "output",    PARAM_NUMBER, 0, 0, RUN_NUMBER_MAX, AT(output_bytes), NULL },
	{ 0 }
};

static const struct param tty_params[] = {
	{ "cols", PARAM_NUMBER, PARAM_REQUIRED, 1, UINT16_MAX, AT(columns), NULL },
	{ "rows", PARAM_NUMBER, PARAM_REQUIRED, 1, UINT16_MAX, AT(rows), NULL },
	{ 0 }
};

#define BOTH_PARAMS                                                                             \
	{ "argv",            PARAM_WORDS,  PARAM_REQUIRED, 1, RPC_WORD, AT(argv), NULL },        \
	{ "run",             PARAM_TEXT,   0, 1, RPC_LABEL, AT(run), NULL },                     \
	{ "cwd",             PARAM_TEXT,   0, 1, PATH_MAX - 1, AT(cwd), NULL },                  \
	{ "workspace",       PARAM_TEXT,   0, 1, PATH_MAX - 1, AT(workspace), NULL },            \
	{ "env",             PARAM_ENV,    0, 0, 0, AT(env), NULL },                             \
	{ "profile",         PARAM_TEXT,   0, 1, RPC_NAME, AT(profile), NULL },                  \
	{ "session",         PARAM_TEXT,   0, 1, RPC_SESSION_KEY, AT(session), NULL },           \
	{ "timeoutMs",       PARAM_NUMBER, 0, 1, RUN_MS_MAX, AT(timeout_ms), NULL },             \
	{ "outputByteLimit", PARAM_NUMBER, 0, 0, RUN_OUTPUT_LIMIT_MAX, AT(keep), NULL },         \
	{ "limits",          PARAM_OBJECT, 0, 0, 0, 0, limit_params },                           \
	{ "label",           PARAM_TEXT,   0, 0, RPC_LABEL, AT(label), NULL },                   \
	{ "waitApprovalMs",  PARAM_NUMBER, 0, 0, RUN_MS_MAX, AT(wait_approval_ms), NULL },       \
	{ "detached",        PARAM_BOOL,   0, 0, 0, AT(detached), NULL }

static const struct param run_params[] = {
	BOTH_PARAMS,
	{ "stdinText",       PARAM_DATA,   0, 0, 0, AT(stdin_text), NULL },
	{ "stdinBase64",     PARAM_TEXT,   0, 0, UINT32_MAX, AT(stdin_base64), NULL },
	{ 0 }
};

static const struct param start_params[] = {
	BOTH_PARAMS,
	{ "stdin",           PARAM_TEXT,   0, 1, 16, AT(stdin_kind), NULL },
	{ "notify",          PARAM_BOOL,   0, 0, 0, AT(notify), NULL },
	{ "flow",            PARAM_TEXT,   0, 1, 16, AT(flow), NULL },
	{ "tty",             PARAM_OBJECT, PARAM_NULLABLE, 0, 0, 0, tty_params },
	{ 0 }
};
/* clang-format on */

static const struct wanted nothing = { .timeout_ms = UINT64_MAX,
	.wait_approval_ms = UINT64_MAX,
	.keep = RUN_OUTPUT_LIMIT,
	.memory = UINT64_MAX,
	.processes = UINT64_MAX,
	.cpu_ms = UINT64_MAX,
	.open_files = UINT64_MAX,
	.file_bytes = UINT64_MAX,
	.output_bytes = UINT64_MAX,
	.wall_ms = UINT64_MAX,
	.notify = 1 };

void
run_start_init(struct rpc_start *start)
{
	*start = (struct rpc_start){ .timeout_ms = UINT64_MAX,
		.wait_approval_ms = UINT64_MAX,
		.memory = UINT64_MAX,
		.processes = UINT64_MAX,
		.cpu_ms = UINT64_MAX,
		.open_files = UINT64_MAX,
		.file_bytes = UINT64_MAX,
		.output_bytes = UINT64_MAX };
}

static char *
borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
fill_start(const struct wanted *p, struct rpc_start *start)
{
	*start = (struct rpc_start){ .argv = p->argv,
		.env = p->env.set,
		.unset = p->env.unset,
		.handle = borrow(p->run),
		.cwd = borrow(p->cwd),
		.workspace = borrow(p->workspace),
		.profile = borrow(p->profile),
		.session = borrow(p->session),
		.label = borrow(p->label),
		.timeout_ms = p->timeout_ms < p->wall_ms ? p->timeout_ms : p->wall_ms,
		.wait_approval_ms = p->wait_approval_ms,
		.memory = p->memory,
		.processes = p->processes,
		.cpu_ms = p->cpu_ms,
		.open_files = p->open_files,
		.file_bytes = p->file_bytes,
		.output_bytes = p->output_bytes,
		.tty = p->columns != 0,
		.rows = (uint16_t)p->rows,
		.columns = (uint16_t)p->columns };
}

/* Input that is known at the begin. *ret_data NULL: there is none. */
static int
take_input(const struct wanted *p, uint8_t **ret_data, size_t *ret_size, struct fault *fault)
{
	*ret_data = NULL;
	*ret_size = 0;
	if (p->stdin_text.bytes != NULL && p->stdin_base64 != NULL)
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"'stdinText' and 'stdinBase64' exclude each other");
	if (p->stdin_base64 != NULL && p->stdin_base64[0] != '\0' &&
		base64_decode(p->stdin_base64, strlen(p->stdin_base64), ret_data, ret_size) < 0)
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"'stdinBase64' must be base64 with padding");
	if (p->stdin_text.size == 0)
		return 0;
	return call_take_bytes(&p->stdin_text, NULL, ret_data, ret_size, fault);
}

static int
one_of(const char *name, const char *value, const char *first, const char *second,
	struct fault *fault)
{
	if (value == NULL || strcmp(value, first) == 0 || strcmp(value, second) == 0)
		return 0;
	return fault_set(fault, FAULT_PARAMS, "params.type", "'%s' must be \"%s\" or \"%s\"", name,
		first, second);
}

static int
check(const struct wanted *p, struct fault *fault)
{
	if (p->argv[0][0] == '\0')
		return fault_set(
			fault, FAULT_PARAMS, "params.type", "'argv' must begin with a command");
	if (p->detached)
		return fault_set(fault, FAULT_POLICY, "policy.detached",
			"only a daemon has runs that outlive their caller's link");
	if (one_of("stdin", p->stdin_kind, "pipe", "none", fault) < 0)
		return -1;
	return one_of("flow", p->flow, "drop", "block", fault);
}

static int
is(const char *value, const char *word)
{
	return value != NULL && strcmp(value, word) == 0;
}

/* Asks for a run of the wished kind with what is wanted. wish->data is taken. */
static int
ask(struct rpc *rpc, const struct call *call, const struct wanted *p, struct run_wish *wish,
	struct fault *fault)
{
	const enum request_kind kind = wish->kind == RUN_WHOLE ? REQUEST_RUN : REQUEST_START;
	struct request *request = request_begin(rpc, call->id, kind, fault);
	struct cordon_writer w;
	struct rpc_start start;
	struct fault why;

	if (request == NULL) {
		free(wish->data);
		return -1;
	}
	wish->handle = p->run;
	wish->label = p->label;
	wish->session = p->session;
	wish->tty = p->columns != 0;
	fill_start(p, &start);
	start.request = request->number;
	start.stdin_pipe = (uint8_t)wish->input;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_start_encode(&start, &w);
	if (run_ask(rpc, request, wish, RPC_START, &w, &why) == NULL)
		request_fail(rpc, request, &why);
	return 0;
}

static void
answer_whole(struct rpc *rpc, struct request *request)
{
	request_ready(rpc, request, run_answer_whole);
}

int
run_run(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = nothing;
	struct run_wish wish = { .kind = RUN_WHOLE, .ended = answer_whole };
	int result = -1;

	if (params_take(call->params, run_params, &p, fault) == 0 && check(&p, fault) == 0 &&
		take_input(&p, &wish.data, &wish.size, fault) == 0) {
		wish.keep = (size_t)p.keep;
		wish.input = wish.data != NULL;
		result = ask(rpc, call, &p, &wish, fault);
	}
	params_finish(run_params, &p);
	return result;
}

int
run_start(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = nothing;
	struct run_wish wish = { .kind = RUN_STREAMED };
	int result = -1;

	if (params_take(call->params, start_params, &p, fault) == 0 && check(&p, fault) == 0) {
		wish.keep = p.keep < CHUNK_BYTES    ? CHUNK_BYTES
			    : p.keep < CHUNKS_BYTES ? (size_t)p.keep
						    : CHUNKS_BYTES;
		wish.input = p.columns != 0 || !is(p.stdin_kind, "none");
		wish.notify = p.notify;
		wish.block = is(p.flow, "block");
		result = ask(rpc, call, &p, &wish, fault);
	}
	params_finish(start_params, &p);
	return result;
}
