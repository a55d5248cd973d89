/* The codec of <cordon/rpc_proto.h>, both sides: what cordon-rpc sends. Decoders check lengths and enums; what the
 * values mean is judged by who takes them.
 *
 * calls: none */
#include <cordon/rpc_proto.h>

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "rpc_proto_shape.h"

/* START and CHECK */

void
rpc_start_encode(const struct rpc_start *s, struct cordon_writer *w)
{
	cordon_put_u64(w, s->request);
	cordon_put_vector(w, s->argv);
	cordon_put_vector(w, s->env);
	cordon_put_vector(w, s->unset);
	cordon_put_string(w, s->handle);
	cordon_put_string(w, s->cwd);
	cordon_put_string(w, s->workspace);
	cordon_put_string(w, s->profile);
	cordon_put_string(w, s->session);
	cordon_put_string(w, s->label);
	cordon_put_u64(w, s->timeout_ms);
	cordon_put_u64(w, s->wait_approval_ms);
	cordon_put_u64(w, s->memory);
	cordon_put_u64(w, s->processes);
	cordon_put_u64(w, s->cpu_ms);
	cordon_put_u64(w, s->open_files);
	cordon_put_u64(w, s->file_bytes);
	cordon_put_u64(w, s->output_bytes);
	cordon_put_u8(w, s->stdin_pipe);
	cordon_put_u8(w, s->tty);
	cordon_put_u16(w, s->rows);
	cordon_put_u16(w, s->columns);
}

static int
get_start_words(struct cordon_reader *r, struct rpc_start *s)
{
	if (cordon_get_u64(r, &s->request) < 0 ||
		cordon_get_vector(r, RPC_ARGS, RPC_WORD, &s->argv) < 0 || s->argv[0] == NULL ||
		cordon_get_vector(r, RPC_ARGS, RPC_WORD, &s->env) < 0 ||
		cordon_get_vector(r, RPC_ARGS, RPC_WORD, &s->unset) < 0)
		return -1;
	for (size_t i = 0; s->env[i] != NULL; i++)
		if (s->env[i][0] == '=' || strchr(s->env[i], '=') == NULL)
			return -1;
	for (size_t i = 0; s->unset[i] != NULL; i++)
		if (s->unset[i][0] == '\0' || strchr(s->unset[i], '=') != NULL)
			return -1;
	return 0;
}

static int
get_start_names(struct cordon_reader *r, struct rpc_start *s)
{
	return cordon_get_string(r, RPC_LABEL, &s->handle) < 0 ||
			       cordon_get_string(r, PATH_MAX - 1, &s->cwd) < 0 ||
			       cordon_get_string(r, PATH_MAX - 1, &s->workspace) < 0 ||
			       cordon_get_string(r, RPC_NAME, &s->profile) < 0 ||
			       cordon_get_string(r, RPC_SESSION_KEY, &s->session) < 0 ||
			       cordon_get_string(r, RPC_LABEL, &s->label) < 0
		       ? -1
		       : 0;
}

static int
get_start_numbers(struct cordon_reader *r, struct rpc_start *s)
{
	uint64_t *const numbers[] = { &s->timeout_ms, &s->wait_approval_ms, &s->memory,
		&s->processes, &s->cpu_ms, &s->open_files, &s->file_bytes, &s->output_bytes };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (cordon_get_u64(r, numbers[i]) < 0)
			return -1;
	if (cordon_get_u8(r, &s->stdin_pipe) < 0 || s->stdin_pipe > 1 ||
		cordon_get_u8(r, &s->tty) < 0 || s->tty > 1 || cordon_get_u16(r, &s->rows) < 0 ||
		cordon_get_u16(r, &s->columns) < 0)
		return -1;
	return 0;
}

int
rpc_start_decode(const void *data, size_t size, struct rpc_start *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_start s = { 0 };

	if (get_start_words(&r, &s) < 0 || get_start_names(&r, &s) < 0 ||
		get_start_numbers(&r, &s) < 0 || r.left != 0) {
		rpc_start_finish(&s);
		return wrong_shape(err, "to start a run");
	}
	*ret = s;
	return 0;
}

void
rpc_start_finish(struct rpc_start *s)
{
	cordon_vector_free(s->argv);
	cordon_vector_free(s->env);
	cordon_vector_free(s->unset);
	free(s->handle);
	free(s->cwd);
	free(s->workspace);
	free(s->profile);
	free(s->session);
	free(s->label);
	memset(s, 0, sizeof(*s));
}

/* sessions, files, names, orders */

void
rpc_session_encode(const struct rpc_session *s, struct cordon_writer *w)
{
	cordon_put_u64(w, s->request);
	cordon_put_string(w, s->session);
	cordon_put_string(w, s->workspace);
	cordon_put_string(w, s->cwd);
	cordon_put_string(w, s->profile);
}

int
rpc_session_decode(const void *data, size_t size, struct rpc_session *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_session s = { 0 };

	if (cordon_get_u64(&r, &s.request) < 0 ||
		cordon_get_string(&r, RPC_SESSION_KEY, &s.session) < 0 ||
		cordon_get_string(&r, PATH_MAX - 1, &s.workspace) < 0 ||
		cordon_get_string(&r, PATH_MAX - 1, &s.cwd) < 0 ||
		cordon_get_string(&r, RPC_NAME, &s.profile) < 0 || r.left != 0) {
		rpc_session_finish(&s);
		return wrong_shape(err, "about a session");
	}
	*ret = s;
	return 0;
}

void
rpc_session_finish(struct rpc_session *s)
{
	free(s->session);
	free(s->workspace);
	free(s->cwd);
	free(s->profile);
	memset(s, 0, sizeof(*s));
}

void
rpc_file_encode(const struct rpc_file *f, struct cordon_writer *w)
{
	cordon_put_u64(w, f->request);
	cordon_put_u8(w, f->act);
	cordon_put_string(w, f->session);
	cordon_put_string(w, f->profile);
	cordon_put_string(w, f->path);
}

int
rpc_file_decode(const void *data, size_t size, struct rpc_file *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct rpc_file f = { 0 };

	if (cordon_get_u64(&r, &f.request) < 0 || cordon_get_u8(&r, &f.act) < 0 ||
		f.act >= RPC_FILE_ACTS || cordon_get_string(&r, RPC_SESSION_KEY, &f.session) < 0 ||
		cordon_get_string(&r, RPC_NAME, &f.profile) < 0 ||
		cordon_get_string(&r, PATH_MAX - 1, &f.path) < 0 || r.left != 0) {
		rpc_file_finish(&f);
		return wrong_shape(err, "about a file");
	}
	*ret = f;
	return 0;
}

void
rpc_file_finish(struct rpc_file *f)
{
	free(f->session);
	free(f->profile);
	free(f->path);
	memset(f, 0, sizeof(*f));
}

void
rpc_named_encode(uint64_t request, const char *name, struct cordon_writer *w)
{
	cordon_put_u64(w, request);
	cordon_put_string(w, name);
}

int
rpc_named_decode(const void *data, size_t size, size_t max, uint64_t *ret_request, char **ret_name,
	struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	CORDON_FREE char *name = NULL;
	uint64_t request = 0;

	if (cordon_get_u64(&r, &request) < 0 || cordon_get_string(&r, max, &name) < 0 ||
		r.left != 0)
		return wrong_shape(err, "with a name");
	*ret_request = request;
	*ret_name = name;
	name = NULL;
	return 0;
}

void
rpc_order_encode(uint64_t run, uint32_t number, struct cordon_writer *w)
{
	cordon_put_u64(w, run);
	cordon_put_u32(w, number);
}

int
rpc_order_decode(const void *data, size_t size, uint32_t bound, uint64_t *ret_run,
	uint32_t *ret_number, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	uint64_t run = 0;
	uint32_t number = 0;

	if (cordon_get_u64(&r, &run) < 0 || cordon_get_u32(&r, &number) < 0 || number >= bound ||
		r.left != 0)
		return wrong_shape(err, "to a run");
	*ret_run = run;
	*ret_number = number;
	return 0;
}

/* MALFORMED */

void
rpc_malformed_encode(uint32_t count, struct cordon_writer *w)
{
	cordon_put_u32(w, count);
}

int
rpc_malformed_decode(const void *data, size_t size, uint32_t *ret_count, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	uint32_t count = 0;

	if (cordon_get_u32(&r, &count) < 0 || count == 0 || r.left != 0)
		return wrong_shape(err, "about malformed lines");
	*ret_count = count;
	return 0;
}
