/* The part of <cordon/rpc_proto.h> that is about URLs. A cordon-rpc does not read the URL of a FETCH, nor does the monitor:
 * the process of the fetch does (<cordon/fetch_proto.h>). That of a CHECK_URL it has read. */
#pragma once

#include <cordon/fetch_proto.h>

struct rpc_fetch {
	uint64_t request;
	char *session, *profile; /* "": the caller's */
	struct cordon_fetch_request
		what; /* borrowed from the message when decoded, but for its headers */
};

struct rpc_check_url {
	uint64_t request;
	char *session, *profile;
	struct cordon_fetch_hop what; /* its url is for nobody: "" */
};

/* As those of <cordon/rpc_proto.h>. */
void rpc_fetch_encode(const struct rpc_fetch *fetch, struct cordon_writer *w);
/* data has to outlive *ret. */
int rpc_fetch_decode(const void *data, size_t size, struct rpc_fetch *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_fetch_finish(struct rpc_fetch *fetch);

void rpc_check_url_encode(const struct rpc_check_url *check, struct cordon_writer *w);
int rpc_check_url_decode(const void *data, size_t size, struct rpc_check_url *ret,
	struct cordon_error *err) CORDON_CHECKED;
void rpc_check_url_finish(struct rpc_check_url *check);

/* *ret: for cordon_fetch_result_finish. */
void rpc_fetched_encode(
	uint64_t request, const struct cordon_fetch_result *result, struct cordon_writer *w);
int rpc_fetched_decode(const void *data, size_t size, uint64_t *ret_request,
	struct cordon_fetch_result *ret, struct cordon_error *err) CORDON_CHECKED;
