/* calls: none */
#include <cordon/fetch_json.h>

#include <stdio.h>

#include <cordon/base64.h>

static void
put_status(struct cordon_json *j, const struct cordon_fetch_step *step)
{
	if (step->status == 0)
		cordon_json_null(j, "status");
	else
		cordon_json_u64(j, "status", step->status);
}

void
fetch_json_url(const struct cordon_fetch_result *r, struct cordon_json *j)
{
	cordon_json_string(j, "url", r->step_count == 0 ? NULL : r->steps[r->step_count - 1].url);
}

void
fetch_json_hops(const struct cordon_fetch_result *r, struct cordon_json *j)
{
	cordon_json_array(j, "hops");
	for (unsigned i = 0; i < r->step_count; i++) {
		char address[CORDON_ADDRESS_TEXT];

		cordon_json_object(j, NULL);
		cordon_json_string(j, "url", r->steps[i].url);
		cordon_address_print(&r->steps[i].address, address);
		cordon_json_string(j, "address", r->steps[i].has_address ? address : NULL);
		put_status(j, &r->steps[i]);
		cordon_json_end(j);
	}
	cordon_json_end(j);
}

void
fetch_json_headers(const struct cordon_fetch_result *r, struct cordon_json *j)
{
	cordon_json_array(j, "headers");
	for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i += 2) {
		cordon_json_object(j, NULL);
		cordon_json_string(j, "name", r->headers[i]);
		cordon_json_string(j, "value", r->headers[i + 1]);
		cordon_json_end(j);
	}
	cordon_json_end(j);
	if (r->headers_dropped > 0)
		cordon_json_u64(j, "headersDropped", r->headers_dropped);
}

void
fetch_json_body(const struct cordon_fetch_result *r, const void *body, const void *wrapped,
	struct cordon_json *j)
{
	char digest[2 * CORDON_FETCH_DIGEST + 1];

	for (unsigned i = 0; i < CORDON_FETCH_DIGEST; i++)
		(void)snprintf(&digest[2 * i], 3, "%02x", r->digest[i]);
	cordon_json_object(j, "body");
	base64_put(j, body, r->bytes);
	cordon_json_u64(j, "bytes", r->bytes);
	cordon_json_bool(j, "truncated", r->truncated);
	cordon_json_bool(j, "untrusted", 1);
	cordon_json_string(j, "sha256", digest);
	if (wrapped != NULL) {
		cordon_json_string(j, "boundary", r->boundary);
		cordon_json_bytes(j, "wrapped", wrapped, r->wrapped_bytes);
		cordon_json_u64(j, "neutralised", r->neutralised);
		cordon_json_u64(j, "invisible", r->invisible);
		cordon_json_u64(j, "hidden", r->hidden);
	}
	cordon_json_end(j);
}
