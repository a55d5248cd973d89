/* calls: none */
#include <cordon/fetch_proto.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/text.h>
#include <cordon/wire.h>

#include "guard_wire.h"

static int
bad(const char *what, struct cordon_error *err)
{
	return cordon_fail(err, CORDON_EPEER, 0, "%s has the wrong shape", what);
}

static int
is_boundary(const char *text)
{
	return strlen(text) + 1 == CORDON_FETCH_BOUNDARY &&
	       strspn(text, "0123456789abcdef") == strlen(text);
}

static int
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return 0;
	return 1;
}

/* Names and values in turn. *ret is the caller's in any case. */
static int
get_headers(struct cordon_reader *r, char ***ret)
{
	size_t count = 0;

	if (cordon_get_vector(r, 2 * CORDON_FETCH_HEADERS, CORDON_FETCH_HEADER, ret) < 0)
		return -1;
	while ((*ret)[count] != NULL)
		count++;
	return count % 2 == 0 ? 0 : -1;
}

void
cordon_fetch_encode_request(const struct cordon_fetch_request *request, struct cordon_writer *w)
{
	cordon_put_bytes(w, request->url, request->url_size);
	cordon_put_string(w, request->method);
	cordon_put_vector(w, request->headers);
	cordon_put_bytes(w, request->body, request->body_size);
	cordon_put_u32(w, request->max_bytes);
	cordon_put_u32(w, request->timeout_ms);
	cordon_put_u32(w, request->redirects);
	cordon_put_u8(w, request->wrap != 0);
	cordon_put_u8(w, (uint8_t)request->earlier_count);
	for (unsigned i = 0; i < request->earlier_count; i++)
		cordon_put_string(w, request->earlier[i]);
}

static int
get_earlier(struct cordon_reader *r, struct cordon_fetch_request *ret)
{
	uint8_t count = 0;

	if (cordon_get_u8(r, &count) < 0 || count > CORDON_FETCH_EARLIER)
		return -1;
	for (; ret->earlier_count < count; ret->earlier_count++) {
		char *boundary = ret->earlier[ret->earlier_count];

		if (cordon_get_text(r, boundary, CORDON_FETCH_BOUNDARY) < 0 ||
			!is_boundary(boundary))
			return -1;
	}
	return 0;
}

int
cordon_fetch_decode_request(
	const void *data, size_t size, struct cordon_fetch_request *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_fetch_request request = { 0 };
	struct cordon_bytes url, body;

	if (cordon_get_bytes(&r, CORDON_FETCH_URL, &url) < 0 ||
		cordon_get_text(&r, request.method, sizeof(request.method)) < 0 ||
		get_headers(&r, &request.headers) < 0 ||
		cordon_get_bytes(&r, CORDON_FETCH_SENT_MAX, &body) < 0 ||
		cordon_get_u32(&r, &request.max_bytes) < 0 ||
		request.max_bytes > CORDON_FETCH_BODY_MAX ||
		cordon_get_u32(&r, &request.timeout_ms) < 0 || request.timeout_ms == 0 ||
		request.timeout_ms > CORDON_FETCH_TIME_MAX ||
		cordon_get_u32(&r, &request.redirects) < 0 ||
		request.redirects >= CORDON_FETCH_HOPS || guard_get_flag(&r, &request.wrap) < 0 ||
		get_earlier(&r, &request) < 0 || r.left != 0) {
		cordon_fetch_request_finish(&request);
		return bad("what is to be fetched", err);
	}
	request.url = url.data;
	request.url_size = url.size;
	request.body = body.data;
	request.body_size = body.size;
	*ret = request;
	return 0;
}

void
cordon_fetch_request_finish(struct cordon_fetch_request *request)
{
	cordon_vector_free(request->headers);
	request->headers = NULL;
}

void
cordon_fetch_encode_hop(const struct cordon_fetch_hop *hop, struct cordon_writer *w)
{
	cordon_put_u8(w, (uint8_t)hop->scheme);
	guard_put_host(&hop->to.host, w);
	cordon_put_u16(w, hop->to.port);
	cordon_put_string(w, hop->url);
}

int
cordon_fetch_decode_hop(
	const void *data, size_t size, struct cordon_fetch_hop *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_fetch_hop hop = { 0 };
	uint8_t scheme = 0;

	if (cordon_get_u8(&r, &scheme) < 0 ||
		(scheme != CORDON_URL_HTTP && scheme != CORDON_URL_HTTPS) ||
		guard_get_host(&r, &hop.to.host) < 0 || cordon_get_u16(&r, &hop.to.port) < 0 ||
		hop.to.port == 0 || cordon_get_text(&r, hop.url, sizeof(hop.url)) < 0 ||
		!is_printable(hop.url) || r.left != 0)
		return bad("a hop of a fetch", err);
	hop.scheme = scheme;
	*ret = hop;
	return 0;
}

void
cordon_fetch_encode_refuse(const struct cordon_fetch_refuse *refuse, struct cordon_writer *w)
{
	cordon_put_string(w, refuse->reason);
	cordon_put_string(w, refuse->text);
}

int
cordon_fetch_decode_refuse(
	const void *data, size_t size, struct cordon_fetch_refuse *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_fetch_refuse refuse = { 0 };

	if (guard_get_reason(&r, 0, refuse.reason) < 0 ||
		cordon_get_text(&r, refuse.text, sizeof(refuse.text)) < 0 || r.left != 0)
		return bad("what is refused of a fetch", err);
	*ret = refuse;
	return 0;
}

static void
put_step(const struct cordon_fetch_step *step, struct cordon_writer *w)
{
	cordon_put_string(w, step->url);
	cordon_put_u8(w, step->has_address != 0);
	if (step->has_address)
		guard_put_address(&step->address, w);
	cordon_put_u16(w, step->port);
	cordon_put_u16(w, step->status);
}

static int
get_step(struct cordon_reader *r, struct cordon_fetch_step *ret)
{
	if (cordon_get_string(r, CORDON_URL_TEXT, &ret->url) < 0 || !is_printable(ret->url) ||
		guard_get_flag(r, &ret->has_address) < 0 ||
		(ret->has_address && guard_get_address(r, &ret->address) < 0) ||
		cordon_get_u16(r, &ret->port) < 0 || ret->port == 0 ||
		cordon_get_u16(r, &ret->status) < 0 ||
		(ret->status != 0 && (ret->status < 100 || ret->status > 599)))
		return -1;
	return 0;
}

static void
put_body(const struct cordon_fetch_result *result, struct cordon_writer *w)
{
	cordon_put_vector(w, result->headers);
	cordon_put_u32(w, result->headers_dropped);
	cordon_put_u64(w, result->bytes);
	cordon_put_u8(w, result->truncated != 0);
	cordon_put_u8(w, result->is_text != 0);
	for (unsigned i = 0; i < sizeof(result->digest); i++)
		cordon_put_u8(w, result->digest[i]);
	cordon_put_string(w, result->boundary);
	cordon_put_u64(w, result->wrapped_bytes);
	cordon_put_u32(w, result->neutralised);
	cordon_put_u32(w, result->invisible);
	cordon_put_u64(w, result->hidden);
}

static int
get_body(struct cordon_reader *r, struct cordon_fetch_result *ret)
{
	if (get_headers(r, &ret->headers) < 0 || cordon_get_u32(r, &ret->headers_dropped) < 0 ||
		cordon_get_u64(r, &ret->bytes) < 0 || ret->bytes > CORDON_FETCH_BODY_MAX ||
		guard_get_flag(r, &ret->truncated) < 0 || guard_get_flag(r, &ret->is_text) < 0)
		return -1;
	for (char **header = ret->headers; *header != NULL; header++)
		if (!cordon_text_is_utf8(*header, strlen(*header)))
			return -1;
	for (unsigned i = 0; i < sizeof(ret->digest); i++)
		if (cordon_get_u8(r, &ret->digest[i]) < 0)
			return -1;
	if (cordon_get_text(r, ret->boundary, sizeof(ret->boundary)) < 0 ||
		(ret->boundary[0] != '\0' && !is_boundary(ret->boundary)) ||
		cordon_get_u64(r, &ret->wrapped_bytes) < 0 ||
		(ret->boundary[0] == '\0' && ret->wrapped_bytes != 0) ||
		cordon_get_u32(r, &ret->neutralised) < 0 ||
		cordon_get_u32(r, &ret->invisible) < 0 || cordon_get_u64(r, &ret->hidden) < 0)
		return -1;
	return 0;
}

void
cordon_fetch_encode_result(const struct cordon_fetch_result *result, struct cordon_writer *w)
{
	cordon_put_u8(w, (uint8_t)result->outcome);
	cordon_put_string(w, result->reason);
	cordon_put_string(w, result->text);
	cordon_put_u8(w, (uint8_t)result->step_count);
	for (unsigned i = 0; i < result->step_count; i++)
		put_step(&result->steps[i], w);
	if (result->outcome == CORDON_FETCH_DONE)
		put_body(result, w);
}

static int
get_result(struct cordon_reader *r, struct cordon_fetch_result *ret)
{
	uint8_t outcome = 0, count = 0;

	if (cordon_get_u8(r, &outcome) < 0 || outcome == 0 || outcome >= CORDON_FETCH_OUTCOMES ||
		guard_get_reason(r, outcome == CORDON_FETCH_DONE, ret->reason) < 0 ||
		(outcome == CORDON_FETCH_DONE) != (ret->reason[0] == '\0') ||
		cordon_get_text(r, ret->text, sizeof(ret->text)) < 0 || !is_printable(ret->text) ||
		cordon_get_u8(r, &count) < 0 || count > CORDON_FETCH_HOPS)
		return -1;
	ret->outcome = outcome;
	while (ret->step_count < count)
		if (get_step(r, &ret->steps[ret->step_count++]) < 0)
			return -1;
	if (outcome == CORDON_FETCH_DONE && (count == 0 || get_body(r, ret) < 0))
		return -1;
	return r->left == 0 ? 0 : -1;
}

int
cordon_fetch_decode_result(
	const void *data, size_t size, struct cordon_fetch_result *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };

	*ret = (struct cordon_fetch_result){ 0 };
	if (get_result(&r, ret) < 0) {
		cordon_fetch_result_finish(ret);
		return bad("what was fetched", err);
	}
	return 0;
}

void
cordon_fetch_result_finish(struct cordon_fetch_result *result)
{
	for (unsigned i = 0; i < result->step_count; i++)
		free(result->steps[i].url);
	cordon_vector_free(result->headers);
	*result = (struct cordon_fetch_result){ 0 };
}
