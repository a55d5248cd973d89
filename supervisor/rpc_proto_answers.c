/* The codec of <cordon/rpc_proto.h>, both sides: what the monitor sends. Decoders check lengths and enums; what the
 * values mean is judged by who takes them.
 *
 * calls: none */
#include <cordon/rpc_proto.h>

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "rpc_proto_shape.h"

/* WELCOME */

void
rpc_welcome_encode(const struct rpc_welcome *v, struct cordon_writer *w)
{
	cordon_put_string(w, v->version);
	cordon_put_string(w, v->trust);
	cordon_put_string(w, v->workspace);
	cordon_put_u32(w, v->landlock);
	cordon_put_string(w, v->cgroup);
	cordon_put_u8(w, v->user_notif);
	cordon_put_u32(w, v->profile_count);
	for (uint32_t i = 0; i < v->profile_count; i++) {
		cordon_put_string(w, v->profiles[i].name);
		cordon_put_string(w, v->profiles[i].description);
		cordon_put_string(w, v->profiles[i].digest);
	}
}

static int
get_profiles(struct cordon_reader *r, struct rpc_welcome *v)
{
	uint32_t count = 0;

	if (cordon_get_u32(r, &count) < 0 || count > RPC_PROFILES)
		return -1;
	v->profiles = cordon_array((size_t)count + 1, sizeof(*v->profiles));
	if (v->profiles == NULL)
		return -1;
	for (v->profile_count = 0; v->profile_count < count;) {
		struct rpc_profile *p = &v->profiles[v->profile_count++];

		if (cordon_get_string(r, RPC_NAME, &p->name) < 0 ||
			cordon_get_string(r, 4096, &p->description) < 0 ||
			cordon_get_text(r, p->digest, sizeof(p->digest)) < 0)
			return -1;
	}
	return 0;
}

int
rpc_welcome_decode(const void *data, size_t size, struct rpc_welcome *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_welcome v = { 0 };

	if (cordon_get_string(&r, 64, &v.version) < 0 || cordon_get_string(&r, 32, &v.trust) < 0 ||
		cordon_get_string(&r, PATH_MAX - 1, &v.workspace) < 0 ||
		cordon_get_u32(&r, &v.landlock) < 0 || cordon_get_string(&r, 16, &v.cgroup) < 0 ||
		cordon_get_u8(&r, &v.user_notif) < 0 || v.user_notif > 1 ||
		get_profiles(&r, &v) < 0 || r.left != 0) {
		rpc_welcome_finish(&v);
		return wrong_shape(err, "of welcome");
	}
	*ret = v;
	return 0;
}

void
rpc_welcome_finish(struct rpc_welcome *v)
{
	for (uint32_t i = 0; i < v->profile_count; i++) {
		free(v->profiles[i].name);
		free(v->profiles[i].description);
	}
	free(v->profiles);
	free(v->version);
	free(v->trust);
	free(v->workspace);
	free(v->cgroup);
	memset(v, 0, sizeof(*v));
}

/* STARTED and EXITED */

void
rpc_started_encode(const struct rpc_started *s, struct cordon_writer *w)
{
	cordon_put_u64(w, s->request);
	cordon_put_u64(w, s->run);
	cordon_put_string(w, s->id);
	cordon_put_u32(w, s->pid);
	cordon_put_string(w, s->decision);
	cordon_put_string(w, s->rule);
	cordon_put_u64(w, s->output_bytes);
}

int
rpc_started_decode(const void *data, size_t size, struct rpc_started *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_started s = { 0 };

	if (cordon_get_u64(&r, &s.request) < 0 || cordon_get_u64(&r, &s.run) < 0 ||
		cordon_get_string(&r, RPC_LABEL, &s.id) < 0 || cordon_get_u32(&r, &s.pid) < 0 ||
		cordon_get_string(&r, 16, &s.decision) < 0 ||
		cordon_get_string(&r, RPC_LABEL, &s.rule) < 0 ||
		cordon_get_u64(&r, &s.output_bytes) < 0 || r.left != 0) {
		rpc_started_finish(&s);
		return wrong_shape(err, "about a started run");
	}
	*ret = s;
	return 0;
}

void
rpc_started_finish(struct rpc_started *s)
{
	free(s->id);
	free(s->decision);
	free(s->rule);
	memset(s, 0, sizeof(*s));
}

void
rpc_exited_encode(uint64_t run, const struct run_result *result, struct cordon_writer *w)
{
	cordon_put_u64(w, run);
	run_result_encode(result, w);
}

int
rpc_exited_decode(const void *data, size_t size, uint64_t *ret_run, struct run_result *ret,
	struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	uint64_t run = 0;

	if (cordon_get_u64(&r, &run) < 0 || run_result_decode(&r, ret) < 0 || r.left != 0)
		return wrong_shape(err, "about an ended run");
	*ret_run = run;
	return 0;
}

/* answers */

void
rpc_refused_encode(const struct rpc_refused *f, struct cordon_writer *w)
{
	cordon_put_u64(w, f->request);
	cordon_put_u8(w, f->error);
	cordon_put_u8(w, f->retryable);
	cordon_put_string(w, f->reason);
	cordon_put_string(w, f->rule);
	cordon_put_string(w, f->text);
}

int
rpc_refused_decode(const void *data, size_t size, struct rpc_refused *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_refused f = { 0 };

	if (cordon_get_u64(&r, &f.request) < 0 || cordon_get_u8(&r, &f.error) < 0 ||
		f.error >= RPC_ERROR_KINDS || cordon_get_u8(&r, &f.retryable) < 0 ||
		f.retryable > 1 || cordon_get_string(&r, RPC_LABEL, &f.reason) < 0 ||
		cordon_get_string(&r, RPC_LABEL, &f.rule) < 0 ||
		cordon_get_string(&r, 1024, &f.text) < 0 || r.left != 0) {
		rpc_refused_finish(&f);
		return wrong_shape(err, "about a refusal");
	}
	*ret = f;
	return 0;
}

void
rpc_refused_finish(struct rpc_refused *f)
{
	free(f->reason);
	free(f->rule);
	free(f->text);
	memset(f, 0, sizeof(*f));
}

void
rpc_checked_encode(const struct rpc_checked *c, struct cordon_writer *w)
{
	cordon_put_u64(w, c->request);
	cordon_put_string(w, c->decision);
	cordon_put_string(w, c->reason);
	cordon_put_string(w, c->rule);
	cordon_put_string(w, c->digest);
}

int
rpc_checked_decode(const void *data, size_t size, struct rpc_checked *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_checked c = { 0 };

	if (cordon_get_u64(&r, &c.request) < 0 || cordon_get_string(&r, 16, &c.decision) < 0 ||
		cordon_get_string(&r, RPC_LABEL, &c.reason) < 0 ||
		cordon_get_string(&r, RPC_LABEL, &c.rule) < 0 ||
		cordon_get_string(&r, 80, &c.digest) < 0 || r.left != 0) {
		rpc_checked_finish(&c);
		return wrong_shape(err, "about a decision");
	}
	*ret = c;
	return 0;
}

void
rpc_checked_finish(struct rpc_checked *c)
{
	free(c->decision);
	free(c->reason);
	free(c->rule);
	free(c->digest);
	memset(c, 0, sizeof(*c));
}

void
rpc_done_encode(uint64_t request, struct cordon_writer *w)
{
	cordon_put_u64(w, request);
}

int
rpc_done_decode(const void *data, size_t size, uint64_t *ret_request, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	uint64_t request = 0;

	if (cordon_get_u64(&r, &request) < 0 || r.left != 0)
		return wrong_shape(err, "that something is done");
	*ret_request = request;
	return 0;
}

#define TEXT_MAX (4u << 20)

void
rpc_text_encode(uint64_t request, const char *text, struct cordon_writer *w)
{
	rpc_named_encode(request, text, w);
}

int
rpc_text_decode(const void *data, size_t size, uint64_t *ret_request, char **ret_text,
	struct cordon_error *err)
{
	return rpc_named_decode(data, size, TEXT_MAX, ret_request, ret_text, err);
}
