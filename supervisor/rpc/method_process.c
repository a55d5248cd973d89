/* calls: ioctl */
#include "method_process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "answers.h"
#include "method_run.h"
#include "rpc.h"
#include "run_answers.h"
#include "run_pipes.h"

#define READ_MAX (16u << 20)

struct wanted {
	const char *run, *base64, *signal;
	struct param_data text;
	uint64_t after, max_bytes, wait_ms, timeout_ms, columns, rows;
};

#define AT(member) offsetof(struct wanted, member)

/* clang-format off */
#define RUN_PARAM { "run", PARAM_TEXT, PARAM_REQUIRED, 1, RPC_LABEL, AT(run), NULL }

static const struct param run_params[] = { RUN_PARAM, { 0 } };
static const struct param write_params[] = {
	RUN_PARAM,
	{ "text",      PARAM_DATA,   0, 0, 0, AT(text), NULL },
	{ "base64",    PARAM_TEXT,   0, 0, UINT32_MAX, AT(base64), NULL },
	{ 0 }
};
static const struct param resize_params[] = {
	RUN_PARAM,
	{ "cols",      PARAM_NUMBER, PARAM_REQUIRED, 1, UINT16_MAX, AT(columns), NULL },
	{ "rows",      PARAM_NUMBER, PARAM_REQUIRED, 1, UINT16_MAX, AT(rows), NULL },
	{ 0 }
};
static const struct param signal_params[] = {
	RUN_PARAM,
	{ "signal",    PARAM_TEXT,   PARAM_REQUIRED, 1, 16, AT(signal), NULL },
	{ 0 }
};
static const struct param read_params[] = {
	RUN_PARAM,
	{ "afterSeq",  PARAM_NUMBER, 0, 0, RUN_NUMBER_MAX, AT(after), NULL },
	{ "maxBytes",  PARAM_NUMBER, 0, 1, READ_MAX, AT(max_bytes), NULL },
	{ "waitMs",    PARAM_NUMBER, 0, 0, RUN_MS_MAX, AT(wait_ms), NULL },
	{ 0 }
};
static const struct param wait_params[] = {
	RUN_PARAM,
	{ "timeoutMs", PARAM_NUMBER, 0, 0, RUN_MS_MAX, AT(timeout_ms), NULL },
	{ 0 }
};
/* clang-format on */

/* The run that the parameters name, or NULL with *fault set. */
static struct run *
named(struct rpc *rpc, const struct call *call, const struct param *table, struct wanted *p,
	struct fault *fault)
{
	*p = (struct wanted){ .max_bytes = CHUNKS_BYTES, .timeout_ms = UINT64_MAX };
	if (params_take(call->params, table, p, fault) < 0)
		return NULL;
	return runs_by_name(rpc, p->run, fault);
}

/* One that process/start made. */
static struct run *
streamed(struct rpc *rpc, const struct call *call, const struct param *table, struct wanted *p,
	struct fault *fault)
{
	struct run *run = named(rpc, call, table, p, fault);

	if (run == NULL || run->kind == RUN_STREAMED)
		return run;
	fault_set(fault, FAULT_PARAMS, "run.kind", "'run' was not begun by process/start");
	return NULL;
}

static int
closed(struct fault *fault)
{
	return fault_set(fault, FAULT_PARAMS, "stdin.closed", "the input of the run is closed");
}

/* data is taken. */
static int
add_input(struct rpc *rpc, const struct call *call, struct run *run, uint8_t *data, size_t size,
	struct fault *fault)
{
	struct request *request;

	/* One piece may be as long as a line lets it; it waits alone then. */
	if (run->input.queued > 0 && run->input.queued + size > INPUT_MAX) {
		free(data);
		return fault_set(fault, FAULT_BUSY, "limit.stdin",
			"the run has not taken earlier input yet");
	}
	request = request_begin(rpc, call->id, REQUEST_WRITE, fault);
	if (request == NULL) {
		free(data);
		return -1;
	}
	request->first = size;
	request_attach(request, run);
	if (input_add(&run->input, request, data, size) < 0) {
		fault_set(fault, FAULT_BUSY, "limit.stdin", "too much input waits for runs");
		request_fail(rpc, request, fault);
		return 0;
	}
	run_pipes_feed(run);
	return 0;
}

int
process_write(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = streamed(rpc, call, write_params, &p, fault);
	uint8_t *data;
	size_t size;

	if (run == NULL || call_take_bytes(&p.text, p.base64, &data, &size, fault) < 0)
		return -1;
	if (!run->input.is_open || run->input.is_gone) {
		free(data);
		return closed(fault);
	}
	return add_input(rpc, call, run, data, size, fault);
}

int
process_close_stdin(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = streamed(rpc, call, run_params, &p, fault);
	uint8_t *end;

	if (run == NULL)
		return -1;
	if (run->tty && run->input.is_open) {
		/* A terminal has no end of input, but a key that means it. */
		end = (uint8_t *)strdup("\x04");
		if (end == NULL || input_add(&run->input, NULL, end, 1) < 0)
			return fault_set(fault, FAULT_INTERNAL, "limit.memory",
				"there is no memory for the input");
	}
	run->input.is_open = 0;
	run_pipes_feed(run);
	answer_empty(rpc, call->id);
	return 0;
}

int
process_resize(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = streamed(rpc, call, resize_params, &p, fault);
	struct winsize size = { 0 };

	if (run == NULL)
		return -1;
	if (!run->tty)
		return fault_set(fault, FAULT_PARAMS, "run.kind", "'run' has no terminal");
	size.ws_col = (unsigned short)p.columns;
	size.ws_row = (unsigned short)p.rows;
	if (run->pipes[1].fd >= 0)
		(void)ioctl(run->pipes[1].fd, TIOCSWINSZ, &size);
	answer_empty(rpc, call->id);
	return 0;
}

/* The number of a signal by its name, with or without "SIG"; 0: there is none. */
static uint32_t
signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = { { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
		{ "ABRT", SIGABRT }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
		{ "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CONT", SIGCONT },
		{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },
		{ "WINCH", SIGWINCH } };

	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, name) == 0)
			return (uint32_t)signals[i].number;
	return 0;
}

int
process_signal(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = named(rpc, call, signal_params, &p, fault);
	uint32_t number;

	if (run == NULL)
		return -1;
	number = signal_number(p.signal);
	if (number == 0)
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"'signal' must be a name such as \"TERM\", \"INT\" or \"KILL\"");
	if (!link_has_room(&rpc->link))
		return fault_set(fault, FAULT_BUSY, "limit.link",
			"the monitor has not taken earlier requests yet");
	if (run->state == RUN_LIVE)
		link_order(&rpc->link, RPC_SIGNAL, run->number, number);
	answer_empty(rpc, call->id);
	return 0;
}

static void
on_read_timeout(void *context)
{
	struct request *request = context;
	struct rpc *rpc = request->run->rpc;

	request_ready(rpc, request, run_answer_read);
	rpc_settle(rpc);
}

int
process_read(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = streamed(rpc, call, read_params, &p, fault);
	struct request *request =
		run == NULL ? NULL : request_begin(rpc, call->id, REQUEST_READ, fault);

	if (request == NULL)
		return -1;
	request->first = p.after;
	request->second = p.max_bytes;
	request_attach(request, run);
	if (!run->notify) {
		chunks_seen(&run->chunks, p.after);
		run_pipes_watch(run);
	}
	if (chunks_after(&run->chunks, p.after) != NULL || run->state == RUN_ENDED ||
		p.wait_ms == 0 || request_timeout(rpc, request, p.wait_ms, on_read_timeout) < 0)
		request_ready(rpc, request, run_answer_read);
	else
		request_wait(request);
	return 0;
}

static void
on_wait_timeout(void *context)
{
	struct request *request = context;
	struct rpc *rpc = request->run->rpc;
	struct fault fault;

	fault_set(&fault, FAULT_BUSY, "wait.timeout", "the run goes on");
	request_fail(rpc, request, &fault);
	rpc_settle(rpc);
}

int
process_wait(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = named(rpc, call, wait_params, &p, fault);
	struct request *request;

	if (run == NULL)
		return -1;
	if (run->kind == RUN_WHOLE)
		return fault_set(fault, FAULT_PARAMS, "run.kind",
			"'run' was begun by process/run, which is answered at its end");
	request = request_begin(rpc, call->id, REQUEST_WAIT, fault);
	if (request == NULL)
		return -1;
	request_attach(request, run);
	if (run->state == RUN_ENDED) {
		request_ready(rpc, request, run_answer_result);
		return 0;
	}
	request_wait(request);
	if (p.timeout_ms != UINT64_MAX &&
		request_timeout(rpc, request, p.timeout_ms, on_wait_timeout) < 0) {
		fault_set(fault, FAULT_INTERNAL, "limit.memory", "there is no memory for a timer");
		request_fail(rpc, request, fault);
	}
	return 0;
}

int
process_list(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	return call_answer_later(rpc, call, run_answer_list, fault);
}

int
process_release(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p;
	struct run *run = named(rpc, call, run_params, &p, fault);
	struct request *request;

	if (run == NULL)
		return -1;
	if (run->kind == RUN_WHOLE)
		return fault_set(fault, FAULT_PARAMS, "run.kind",
			"'run' was begun by process/run: cancel that request");
	request = request_begin(rpc, call->id, REQUEST_RELEASE, fault);
	if (request == NULL)
		return -1;
	request_attach(request, run);
	run_release(run, request);
	return 0;
}
