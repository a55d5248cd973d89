/* A page comes as a sealed file, which is looked at again here: who made it has read what a stranger sent.
 *
 * calls: fcntl lseek mmap munmap */
#include "method_fetch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cordon/base64.h>
#include <cordon/fetch_json.h>
#include <cordon/mem.h>
#include <cordon/rpc_fetch_proto.h>

#include "rpc.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

struct wanted {
	struct param_data url, text;
	const char *method, *base64, *session, *profile;
	char **headers;
	uint64_t max_bytes, timeout_ms, redirects;
	uint8_t wrap;
};

#define AT(member) offsetof(struct wanted, member)

/* clang-format off */
static const struct param request_params[] = {
	{ "url",        PARAM_DATA,   PARAM_REQUIRED, 0, 0, AT(url), NULL },
	{ "method",     PARAM_TEXT,   0, 1, CORDON_FETCH_METHOD - 1, AT(method), NULL },
	{ "headers",    PARAM_FIELDS, 0, CORDON_FETCH_HEADERS, CORDON_FETCH_HEADER, AT(headers), NULL },
	{ "bodyText",   PARAM_DATA,   0, 0, 0, AT(text), NULL },
	{ "bodyBase64", PARAM_TEXT,   0, 0, UINT32_MAX, AT(base64), NULL },
	{ "maxBytes",   PARAM_NUMBER, 0, 1, CORDON_FETCH_BODY_MAX, AT(max_bytes), NULL },
	{ "timeoutMs",  PARAM_NUMBER, 0, 1, CORDON_FETCH_TIME_MAX, AT(timeout_ms), NULL },
	{ "redirects",  PARAM_NUMBER, 0, 0, CORDON_FETCH_HOPS - 1, AT(redirects), NULL },
	{ "wrap",       PARAM_BOOL,   0, 0, 0, AT(wrap), NULL },
	{ "profile",    PARAM_TEXT,   0, 1, RPC_NAME, AT(profile), NULL },
	{ "session",    PARAM_TEXT,   0, 1, RPC_SESSION_KEY, AT(session), NULL },
	{ 0 }
};
/* clang-format on */

/* asking */

static int
is_method(const char *method)
{
	static const char *const all[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
		"OPTIONS" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i], method) == 0)
			return 1;
	return 0;
}

/* *ret_decoded: what has to be freed, or NULL. */
static int
take_body(const struct wanted *p, struct cordon_fetch_request *what, uint8_t **ret_decoded,
	struct fault *fault)
{
	if (p->text.bytes != NULL && p->base64 != NULL)
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"only one of 'bodyText' and 'bodyBase64' can be given");
	what->body = p->text.bytes;
	what->body_size = p->text.size;
	if (p->base64 != NULL &&
		base64_decode(p->base64, strlen(p->base64), ret_decoded, &what->body_size) < 0)
		return fault_set(fault, FAULT_PARAMS, "params.type",
			"'bodyBase64' must be base64 with padding");
	if (p->base64 != NULL)
		what->body = *ret_decoded;
	if (what->body_size > CORDON_FETCH_SENT_MAX)
		return fault_set(
			fault, FAULT_PARAMS, "params.type", "a body has at most 1048576 bytes");
	return 0;
}

/* Those that are not lines yet: each may have a page. */
static int
is_enough(const struct rpc *rpc)
{
	unsigned count = 0;

	for (size_t i = 0; i < RPC_INFLIGHT; i++)
		count += rpc->requests.slots[i].kind == REQUEST_FETCH;
	return count >= RPC_FETCHES;
}

static int
ask(struct rpc *rpc, const struct call *call, const struct wanted *p,
	const struct cordon_fetch_request *what, struct fault *fault)
{
	struct rpc_fetch fetch = { .session = (char *)(uintptr_t)p->session,
		.profile = (char *)(uintptr_t)p->profile,
		.what = *what };
	struct request *request;
	struct cordon_writer w;

	if (is_enough(rpc))
		return fault_set(fault, FAULT_LIMIT, "limit.fetches",
			"there are already %u fetches", RPC_FETCHES);
	request = request_begin(rpc, call->id, REQUEST_FETCH, fault);
	if (request == NULL)
		return -1;
	fetch.request = request->number;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_fetch_encode(&fetch, &w);
	request_send(rpc, request, RPC_FETCH, &w);
	return 0;
}

int
fetch_request(struct rpc *rpc, const struct call *call, struct fault *fault)
{
	struct wanted p = {
		.max_bytes = 1u << 20, .timeout_ms = 60000, .redirects = CORDON_FETCH_HOPS - 1
	};
	struct cordon_fetch_request what = { 0 };
	CORDON_FREE uint8_t *decoded = NULL;
	int result = params_take(call->params, request_params, &p, fault);

	if (result == 0 && p.url.size > CORDON_FETCH_URL)
		result = fault_set(fault, FAULT_PARAMS, "net.url", "'url' is too long");
	if (result == 0 && p.method != NULL && !is_method(p.method))
		result = fault_set(fault, FAULT_PARAMS, "net.method",
			"'method' is none of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS");
	if (result == 0)
		result = take_body(&p, &what, &decoded, fault);
	if (result == 0) {
		const char *method = p.method != NULL    ? p.method
				     : what.body != NULL ? "POST"
							 : "GET";

		memcpy(what.method, method, strlen(method) + 1);
		what.url = p.url.bytes;
		what.url_size = p.url.size;
		what.headers = p.headers;
		what.max_bytes = (uint32_t)p.max_bytes;
		what.timeout_ms = (uint32_t)p.timeout_ms;
		what.redirects = (uint32_t)p.redirects;
		what.wrap = p.wrap;
		result = ask(rpc, call, &p, &what, fault);
	}
	params_finish(request_params, &p);
	return result;
}

/* Its request is answered when the monitor has ended it, or has answered before. */
void
fetch_cancel(struct rpc *rpc, struct request *request)
{
	struct cordon_writer w;

	if (request->cancelled)
		return;
	request->cancelled = 1;
	cordon_writer_init(&w, 16);
	rpc_done_encode(request->number, &w);
	if (link_send(&rpc->link, RPC_CANCEL, &w) < 0)
		rpc_stop(rpc); /* an order that is lost would leave a fetch alone */
}

/* what came of it */

static void
put_fetched(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	struct cordon_fetch_result r;
	struct cordon_error ignored;
	uint64_t number;

	(void)rpc;
	if (rpc_fetched_decode(request->data, request->size, &number, &r, &ignored) < 0)
		return;
	if (r.outcome == CORDON_FETCH_DONE) {
		const void *body = request->pages[0].data;

		cordon_json_u64(j, "status", r.steps[r.step_count - 1].status);
		fetch_json_url(&r, j);
		fetch_json_headers(&r, j);
		fetch_json_body(&r, body == NULL ? "" : body, request->pages[1].data, j);
	} else {
		cordon_json_null(j, "status");
		fetch_json_url(&r, j);
		cordon_json_array(j, "headers");
		cordon_json_end(j);
		cordon_json_null(j, "body");
		cordon_json_string(j, "reason", r.reason);
		cordon_json_string(j, "message", r.text);
	}
	fetch_json_hops(&r, j);
	cordon_fetch_result_finish(&r);
}

/* Returns 0; -1 when it is no page of that size, 1 when it cannot be had. */
static int
map_page(int fd, uint64_t size, struct request_page *ret)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	const off_t end = lseek(fd, 0, SEEK_END);
	void *data;

	if (seals < 0 || (seals & SEALS) != SEALS || end < 0 || (uint64_t)end != size ||
		size > 4 * (uint64_t)CORDON_FETCH_BODY_MAX)
		return -1;
	if (size == 0)
		return 0;
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return 1;
	*ret = (struct request_page){ data, size };
	return 0;
}

static int
map_pages(struct request *request, const struct cordon_fetch_result *r, struct cordon_message *m)
{
	const uint64_t sizes[] = { r->bytes, r->wrapped_bytes };
	const unsigned wanted = r->outcome != CORDON_FETCH_DONE ? 0
				: r->boundary[0] == '\0'        ? 1
								: 2;
	int result = m->fd_count == wanted ? 0 : -1;

	for (unsigned i = 0; i < wanted && result == 0; i++)
		result = map_page(m->fds[i], sizes[i], &request->pages[i]);
	return result;
}

int
fetch_take(struct rpc *rpc, struct cordon_message *m)
{
	struct cordon_fetch_result r;
	struct cordon_error ignored;
	struct request *request;
	struct fault fault;
	uint64_t number;
	int result = -1;

	if (rpc_fetched_decode(m->body, m->size, &number, &r, &ignored) < 0)
		return -1;
	request = requests_asked(&rpc->requests, number);
	if (request != NULL && request->kind == REQUEST_FETCH)
		result = map_pages(request, &r, m);
	cordon_fetch_result_finish(&r);
	if (result < 0)
		return -1;
	if (result > 0) {
		fault_set(&fault, FAULT_INTERNAL, "limit.memory",
			"there is no memory for the answer");
		request_fail(rpc, request, &fault);
		return 0;
	}
	request_keep(request, m);
	request_ready(rpc, request, put_fetched);
	return 0;
}
