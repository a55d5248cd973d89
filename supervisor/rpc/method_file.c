/* calls: none */
#include "method_file.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/text.h>

#include "answers.h"
#include "rpc.h"
#include "run_answers.h"
#include <cordon/base64.h>

#define READ_MAX (16u << 20)
#define LIST_MAX (4u << 20) /* bytes of a listing */

struct wanted {
	const char *path, *session, *profile, *base64;
	struct param_data text;
	uint64_t max_bytes;
};

#define AT(member) offsetof(struct wanted, member)

/* clang-format off */
#define FILE_PARAMS                                                                    \
	{ "path",     PARAM_TEXT, PARAM_REQUIRED, 1, PATH_MAX - 1, AT(path), NULL },    \
	{ "session",  PARAM_TEXT, 0, 1, RPC_SESSION_KEY, AT(session), NULL },           \
	{ "profile",  PARAM_TEXT, 0, 1, RPC_NAME, AT(profile), NULL }

static const struct param list_params[] = { FILE_PARAMS, { 0 } };
static const struct param read_params[] = {
	FILE_PARAMS,
	{ "maxBytes", PARAM_NUMBER, 0, 0, READ_MAX, AT(max_bytes), NULL },
	{ 0 }
};
static const struct param write_params[] = {
	FILE_PARAMS,
	{ "text",     PARAM_DATA, 0, 0, 0, AT(text), NULL },
	{ "base64",   PARAM_TEXT, 0, 0, UINT32_MAX, AT(base64), NULL },
	{ 0 }
};
/* clang-format on */

/* Asks for a run that does it. wish->data is taken. */
static int
ask(struct rpc *rpc, const struct call *call, const struct wanted *p, struct run_wish *wish,
	enum rpc_file_act act, struct fault *fault)
{
	struct request *request = request_begin(rpc, call->id, REQUEST_RUN, fault);
	struct rpc_file f = { .act = (uint8_t)act,
		.session = (char *)(uintptr_t)p->session,
		.profile = (char *)(uintptr_t)p->profile,
		.path = (char *)(uintptr_t)p->path };
	struct cordon_writer w;
	struct fault why;

	if (request == NULL) {
		free(wish->data);
		return -1;
	}
	wish->kind = RUN_WHOLE;
	wish->what = RUN_KEEP_FIRST;
	wish->is_ours = 1;
	wish->input = act == RPC_FILE_WRITE;
	request->first = wish->size;
	f.request = request->number;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_file_encode(&f, &w);
	if (run_ask(rpc, request, wish, RPC_FILE, &w, &why) == NULL)
		request_fail(rpc, request, &why);
	return 0;
}

/* Ends the request when the run did not do it; what it said about that is the reason. Returns 1 then. */
static int
has_failed(struct rpc *rpc, struct request *request)
{
	struct run *run = request->run;
	struct output_text said = { 0 };
	struct fault fault;

	if (run_answer_status(run) == 0 && !run->over_limit)
		return 0;
	(void)!output_text(&run->kept[1], &said);
	if (said.size > 0 && said.data[said.size - 1] == '\n')
		said.data[said.size - 1] = '\0';
	fault_set(&fault, FAULT_PARAMS, "file.failed", "%.400s",
		said.size > 0 ? said.data : "the file could not be taken");
	free(said.data);
	run_told(run);
	request_fail(rpc, request, &fault);
	return 1;
}

/* workspace/read */

static void
put_read(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	const struct output *o = &request->run->kept[0];
	struct output_text text = { 0 };

	(void)rpc;
	if (output_text(o, &text) < 0)
		text.dropped = o->bytes;
	base64_put(j, text.data, text.size);
	cordon_json_u64(j, "bytes", o->bytes);
	cordon_json_u64(j, "truncated", text.dropped);
	free(text.data);
	run_told(request->run);
}

static void
read_ended(struct rpc *rpc, struct request *request)
{
	if (!has_failed(rpc, request))
		request_ready(rpc, request, put_read);
}

int
file_read(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { .max_bytes = 1u << 20 };
	struct run_wish wish = { .ended = read_ended };

	if (params_take(call->params, read_params, &p, fault) < 0)
		return -1;
	wish.keep = (size_t)p.max_bytes;
	return ask(rpc, call, &p, &wish, RPC_FILE_READ, fault);
}

/* workspace/write */

static void
put_written(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)rpc;
	cordon_json_u64(j, "written", request->first);
	run_told(request->run);
}

static void
write_ended(struct rpc *rpc, struct request *request)
{
	if (!has_failed(rpc, request))
		request_ready(rpc, request, put_written);
}

int
file_write(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	struct run_wish wish = { .ended = write_ended, .keep = 1024 };

	if (params_take(call->params, write_params, &p, fault) < 0 ||
		call_take_bytes(&p.text, p.base64, &wish.data, &wish.size, fault) < 0)
		return -1;
	return ask(rpc, call, &p, &wish, RPC_FILE_WRITE, fault);
}

/* workspace/list */

static const char *
type_name(char type)
{
	return type == 'f' ? "file" : type == 'd' ? "directory" : type == 'l' ? "link" : "other";
}

static void
put_name(struct cordon_json *j, const char *name)
{
	const size_t length = strlen(name);
	CORDON_FREE char *coded = NULL;
	size_t size;

	if (cordon_text_is_utf8(name, length))
		cordon_json_bytes(j, "name", name, length);
	else if ((coded = base64_encode(name, length, &size)) != NULL)
		cordon_json_bytes(j, "nameBase64", coded, size);
}

/* "TYPE SIZE NAME". A run prints it, so it is checked. */
static void
put_entry(struct cordon_json *j, char *entry)
{
	char *size = entry[0] == '\0' || entry[1] != ' ' ? NULL : entry + 2;
	char *name = size == NULL ? NULL : strchr(size, ' ');
	struct cordon_error ignored;
	uint64_t bytes;

	if (name == NULL)
		return;
	*name++ = '\0';
	if (name[0] == '\0' || cordon_parse_u64(size, 0, UINT64_MAX, &bytes, &ignored) < 0)
		return;
	cordon_json_object(j, NULL);
	put_name(j, name);
	cordon_json_string(j, "type", type_name(entry[0]));
	cordon_json_u64(j, "size", bytes);
	cordon_json_end(j);
}

static void
put_list(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct output_text text = { 0 };
	int is_whole = output_text(&request->run->kept[0], &text) == 0 && text.dropped == 0;

	(void)rpc;
	cordon_json_array(j, "entries");
	for (char *at = text.data, *end; at != NULL && at < text.data + text.size; at = end + 1) {
		end = memchr(at, '\0', (size_t)(text.data + text.size - at));
		if (end == NULL)
			break;
		put_entry(j, at);
	}
	cordon_json_end(j);
	cordon_json_bool(j, "truncated", !is_whole);
	free(text.data);
	run_told(request->run);
}

static void
list_ended(struct rpc *rpc, struct request *request)
{
	if (!has_failed(rpc, request))
		request_ready(rpc, request, put_list);
}

int
file_list(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = { 0 };
	struct run_wish wish = { .ended = list_ended, .keep = LIST_MAX };

	if (params_take(call->params, list_params, &p, fault) < 0)
		return -1;
	return ask(rpc, call, &p, &wish, RPC_FILE_LIST, fault);
}
