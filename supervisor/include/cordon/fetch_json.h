/* What came of a fetch as JSON, for cordon fetch and for callers of a pipe. */
#pragma once

#include <cordon/fetch_proto.h>
#include <cordon/json.h>

/* "url", the last one that was asked, or null. */
void fetch_json_url(const struct cordon_fetch_result *result, struct cordon_json *j);
/* "hops": [{url, address, status}], those that were allowed. */
void fetch_json_hops(const struct cordon_fetch_result *result, struct cordon_json *j);
/* "headers": [{name, value}], of the last answer. */
void fetch_json_headers(const struct cordon_fetch_result *result, struct cordon_json *j);
/* "body": what a stranger wrote, in a field of its own. body has result->bytes; wrapped: NULL when it is not. */
void fetch_json_body(const struct cordon_fetch_result *result, const void *body,
	const void *wrapped, struct cordon_json *j);
