/* The codec of <cordon/rpc_fetch_proto.h>, both sides: what is said of whom, and then what netguard's codec says.
 *
 * calls: none */
#include <cordon/rpc_fetch_proto.h>

#include <stdlib.h>

#include <cordon/rpc_proto.h>

#include "rpc_proto_shape.h"

/* Who asks, and by whose rules. What is written is the caller's in any case. */
static int
get_head(struct cordon_reader *r, uint64_t *request, char **session, char **profile)
{
	return cordon_get_u64(r, request) < 0 ||
			       cordon_get_string(r, RPC_SESSION_KEY, session) < 0 ||
			       cordon_get_string(r, RPC_NAME, profile) < 0
		       ? -1
		       : 0;
}

static void
put_head(uint64_t request, const char *session, const char *profile, struct cordon_writer *w)
{
	cordon_put_u64(w, request);
	cordon_put_string(w, session);
	cordon_put_string(w, profile);
}

void
rpc_fetch_encode(const struct rpc_fetch *f, struct cordon_writer *w)
{
	put_head(f->request, f->session, f->profile, w);
	cordon_fetch_encode_request(&f->what, w);
}

int
rpc_fetch_decode(const void *data, size_t size, struct rpc_fetch *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_fetch f = { 0 };

	if (get_head(&r, &f.request, &f.session, &f.profile) < 0 ||
		cordon_fetch_decode_request(r.at, r.left, &f.what, err) < 0 ||
		f.what.earlier_count != 0) { /* those the monitor knows */
		rpc_fetch_finish(&f);
		return wrong_shape(err, "to fetch something");
	}
	*ret = f;
	return 0;
}

void
rpc_fetch_finish(struct rpc_fetch *f)
{
	free(f->session);
	free(f->profile);
	cordon_fetch_request_finish(&f->what);
	*f = (struct rpc_fetch){ 0 };
}

void
rpc_check_url_encode(const struct rpc_check_url *c, struct cordon_writer *w)
{
	put_head(c->request, c->session, c->profile, w);
	cordon_fetch_encode_hop(&c->what, w);
}

int
rpc_check_url_decode(
	const void *data, size_t size, struct rpc_check_url *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_check_url c = { 0 };

	if (get_head(&r, &c.request, &c.session, &c.profile) < 0 ||
		cordon_fetch_decode_hop(r.at, r.left, &c.what, err) < 0) {
		rpc_check_url_finish(&c);
		return wrong_shape(err, "about a URL");
	}
	*ret = c;
	return 0;
}

void
rpc_check_url_finish(struct rpc_check_url *c)
{
	free(c->session);
	free(c->profile);
	*c = (struct rpc_check_url){ 0 };
}

void
rpc_fetched_encode(
	uint64_t request, const struct cordon_fetch_result *result, struct cordon_writer *w)
{
	cordon_put_u64(w, request);
	cordon_fetch_encode_result(result, w);
}

int
rpc_fetched_decode(const void *data, size_t size, uint64_t *ret_request,
	struct cordon_fetch_result *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	uint64_t request = 0;

	if (cordon_get_u64(&r, &request) < 0 ||
		cordon_fetch_decode_result(r.at, r.left, ret, err) < 0)
		return wrong_shape(err, "about what was fetched");
	*ret_request = request;
	return 0;
}
