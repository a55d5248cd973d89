/* The bytes of a record: domain tag, version, kind, then the fields in their order, each as
 *
 *	u8 number, u8 type, u32 length, body
 *
 * with type ABSENT and length 0 for one that is not there. A body is read to its end, by its type:
 *
 *	TEXT       the bytes
 *	TEXTS      u32 count; u32 length and bytes of each
 *	PLACE      path; u64 dev, ino                           (u32 length and bytes, here and below)
 *	FILE       path, real; u64 dev, ino, size; u32 owner, mode; u8 has digest; the digest
 *	VARIABLES  u32 count; name, digest of each
 *	NUMBERS    u64 each
 *	DIGEST     32 bytes
 *
 * A change of what stands here is another VERSION, and another digest of every action. */
#include "action.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define DOMAIN        "cordon action"
#define DIGEST_DOMAIN "cordon action digest"
#define VERSION       1

enum field {
	F_CALLER = 1,
	F_SESSION,
	F_PROFILE,
	F_PROFILE_DIGEST,
	F_PLAN_DIGEST,
	F_ARGV,
	F_CWD,
	F_WORKSPACE,
	F_EXECUTABLE,
	F_SCRIPT,
	F_SCRIPT_ARGUMENT,
	F_ENVIRONMENT,
	F_STREAMS,
	F_UMASK,
	F_TTY,
	F_LIMITS,
};

enum type {
	T_ABSENT,
	T_TEXT,
	T_TEXTS,
	T_PLACE,
	T_FILE,
	T_VARIABLES,
	T_NUMBERS,
	T_DIGEST,
};

/* Numbers of the limits in their order: once to write them, once to read them. */
#define LIMITS(X, l)       \
	X((l)->memory)     \
	X((l)->processes)  \
	X((l)->wall_ms)    \
	X((l)->cpu_ms)     \
	X((l)->output)     \
	X((l)->open_files) \
	X((l)->file_size)  \
	X((l)->memory_enforced)

/* writing */

static void
put_field(struct cordon_writer *w, enum field field, enum type type, const void *body, size_t size)
{
	cordon_put_u8(w, (uint8_t)field);
	cordon_put_u8(w, (uint8_t)type);
	cordon_put_bytes(w, body, size);
}

/* Takes what body holds. */
static void
put_body(struct cordon_writer *w, enum field field, enum type type, struct cordon_writer *body)
{
	put_field(w, field, type, body->data, body->size);
	w->failed |= body->failed;
	cordon_writer_finish(body);
}

static void
put_text(struct cordon_writer *w, enum field field, const char *text)
{
	put_field(
		w, field, text == NULL ? T_ABSENT : T_TEXT, text, text == NULL ? 0 : strlen(text));
}

static void
put_place(struct cordon_writer *w, enum field field, const char *path,
	const struct cordon_identity *identity)
{
	struct cordon_writer body;

	if (path == NULL) {
		put_field(w, field, T_ABSENT, NULL, 0);
		return;
	}
	cordon_writer_init(&body, CORDON_ACTION_MAX);
	cordon_put_string(&body, path);
	cordon_put_u64(&body, identity->dev);
	cordon_put_u64(&body, identity->ino);
	put_body(w, field, T_PLACE, &body);
}

static void
put_file(struct cordon_writer *w, enum field field, const struct cordon_action_file *file)
{
	struct cordon_writer body;

	cordon_writer_init(&body, CORDON_ACTION_MAX);
	cordon_put_string(&body, file->path);
	cordon_put_string(&body, file->real);
	cordon_put_u64(&body, file->identity.dev);
	cordon_put_u64(&body, file->identity.ino);
	cordon_put_u64(&body, file->size);
	cordon_put_u32(&body, file->owner);
	cordon_put_u32(&body, file->mode);
	cordon_put_u8(&body, file->has_digest != 0);
	if (file->has_digest)
		cordon_put_bytes(&body, file->digest, sizeof(file->digest));
	put_body(w, field, T_FILE, &body);
}

static void
put_environment(struct cordon_writer *w, const struct cordon_action *a)
{
	struct cordon_writer body;

	cordon_writer_init(&body, CORDON_ACTION_MAX);
	cordon_put_u32(&body, (uint32_t)a->variable_count);
	for (size_t i = 0; i < a->variable_count; i++) {
		cordon_put_string(&body, a->variables[i].name);
		cordon_put_bytes(&body, a->variables[i].value, sizeof(a->variables[i].value));
	}
	put_body(w, F_ENVIRONMENT, T_VARIABLES, &body);
}

static void
put_numbers(struct cordon_writer *w, const struct cordon_action *a)
{
	struct cordon_writer body;

	cordon_writer_init(&body, CORDON_ACTION_MAX);
	for (int i = 0; i < 3; i++)
		cordon_put_u64(&body, a->streams[i]);
	put_body(w, F_STREAMS, T_NUMBERS, &body);
	cordon_writer_init(&body, CORDON_ACTION_MAX);
	cordon_put_u64(&body, a->umask);
	put_body(w, F_UMASK, T_NUMBERS, &body);
	cordon_writer_init(&body, CORDON_ACTION_MAX);
	cordon_put_u64(&body, a->tty != 0);
	put_body(w, F_TTY, T_NUMBERS, &body);
	cordon_writer_init(&body, CORDON_ACTION_MAX);
#define PUT(field) cordon_put_u64(&body, field);
	LIMITS(PUT, &a->limits)
#undef PUT
	put_body(w, F_LIMITS, T_NUMBERS, &body);
}

int
cordon_action_encode(
	const struct cordon_action *a, struct cordon_writer *w, struct cordon_error *err)
{
	struct cordon_writer words;

	if (action_check(a, CORDON_EINPUT, err) < 0)
		return -1;
	cordon_put_string(w, DOMAIN);
	cordon_put_u16(w, VERSION);
	cordon_put_u8(w, (uint8_t)a->kind);
	put_text(w, F_CALLER, a->caller);
	put_text(w, F_SESSION, a->session);
	put_text(w, F_PROFILE, a->profile);
	put_field(w, F_PROFILE_DIGEST, T_DIGEST, a->profile_digest, sizeof(a->profile_digest));
	put_field(w, F_PLAN_DIGEST, T_DIGEST, a->plan_digest, sizeof(a->plan_digest));
	cordon_writer_init(&words, CORDON_ACTION_MAX);
	cordon_put_vector(&words, a->argv);
	put_body(w, F_ARGV, T_TEXTS, &words);
	put_place(w, F_CWD, a->cwd, &a->cwd_identity);
	put_place(w, F_WORKSPACE, a->workspace, &a->workspace_identity);
	put_file(w, F_EXECUTABLE, &a->executable);
	if (a->has_script)
		put_file(w, F_SCRIPT, &a->script);
	else
		put_field(w, F_SCRIPT, T_ABSENT, NULL, 0);
	put_text(w, F_SCRIPT_ARGUMENT, a->script_argument);
	put_environment(w, a);
	put_numbers(w, a);
	return cordon_writer_check(w, err);
}

/* reading */

/* The next field, which must be this one. Returns 1, 0 when it is absent and may be, or -1. */
static int
get_field(struct cordon_reader *r, enum field field, enum type type, int optional,
	struct cordon_reader *ret_body)
{
	struct cordon_bytes body;
	uint8_t number, kind;

	if (cordon_get_u8(r, &number) < 0 || number != field || cordon_get_u8(r, &kind) < 0 ||
		cordon_get_bytes(r, CORDON_ACTION_MAX, &body) < 0)
		return -1;
	*ret_body = (struct cordon_reader){ body.data, body.size };
	if (kind == T_ABSENT && optional && body.size == 0)
		return 0;
	return kind == (uint8_t)type ? 1 : -1;
}

static int
get_text(struct cordon_reader *r, enum field field, int optional, char **ret)
{
	struct cordon_reader body;
	const int there = get_field(r, field, T_TEXT, optional, &body);

	if (there <= 0)
		return there;
	if (body.left > 0 && memchr(body.at, 0, body.left) != NULL)
		return -1;
	*ret = strndup((const char *)body.at, body.left);
	return *ret == NULL ? -1 : 0;
}

static int
get_digest(struct cordon_reader *r, enum field field, uint8_t out[CORDON_DIGEST_SIZE])
{
	struct cordon_reader body;

	if (get_field(r, field, T_DIGEST, 0, &body) < 0 || body.left != CORDON_DIGEST_SIZE)
		return -1;
	memcpy(out, body.at, CORDON_DIGEST_SIZE);
	return 0;
}

static int
get_argv(struct cordon_reader *r, struct cordon_action *a)
{
	struct cordon_reader body;

	if (get_field(r, F_ARGV, T_TEXTS, 0, &body) < 0 ||
		cordon_get_vector(&body, CORDON_ACTION_WORDS, CORDON_ACTION_WORD, &a->argv) < 0)
		return -1;
	return body.left == 0 ? 0 : -1;
}

static int
get_place(struct cordon_reader *r, enum field field, int optional, char **ret_path,
	struct cordon_identity *ret)
{
	struct cordon_reader body;
	const int there = get_field(r, field, T_PLACE, optional, &body);

	if (there <= 0)
		return there;
	if (cordon_get_string(&body, CORDON_ACTION_WORD, ret_path) < 0 ||
		cordon_get_u64(&body, &ret->dev) < 0 || cordon_get_u64(&body, &ret->ino) < 0)
		return -1;
	return body.left == 0 ? 0 : -1;
}

/* Returns as get_field. */
static int
get_file(struct cordon_reader *r, enum field field, int optional, struct cordon_action_file *f)
{
	struct cordon_reader body;
	const int there = get_field(r, field, T_FILE, optional, &body);
	struct cordon_bytes digest;
	uint8_t has_digest;

	if (there <= 0)
		return there;
	if (cordon_get_string(&body, CORDON_ACTION_WORD, &f->path) < 0 ||
		cordon_get_string(&body, CORDON_ACTION_WORD, &f->real) < 0 ||
		cordon_get_u64(&body, &f->identity.dev) < 0 ||
		cordon_get_u64(&body, &f->identity.ino) < 0 ||
		cordon_get_u64(&body, &f->size) < 0 || cordon_get_u32(&body, &f->owner) < 0 ||
		cordon_get_u32(&body, &f->mode) < 0 || cordon_get_u8(&body, &has_digest) < 0 ||
		has_digest > 1)
		return -1;
	f->has_digest = has_digest;
	if (has_digest) {
		if (cordon_get_bytes(&body, CORDON_DIGEST_SIZE, &digest) < 0 ||
			digest.size != CORDON_DIGEST_SIZE)
			return -1;
		memcpy(f->digest, digest.data, CORDON_DIGEST_SIZE);
	}
	return body.left == 0 ? 1 : -1;
}

static int
get_environment(struct cordon_reader *r, struct cordon_action *a)
{
	struct cordon_reader body;
	uint32_t count;

	if (get_field(r, F_ENVIRONMENT, T_VARIABLES, 0, &body) < 0 ||
		cordon_get_u32(&body, &count) < 0 || count > CORDON_ACTION_VARIABLES)
		return -1;
	a->variables = cordon_array((size_t)count + 1, sizeof(*a->variables));
	if (a->variables == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		struct cordon_action_variable *v = &a->variables[i];
		struct cordon_bytes value;

		if (cordon_get_string(&body, CORDON_ACTION_WORD, &v->name) < 0)
			return -1;
		a->variable_count++;
		if (cordon_get_bytes(&body, CORDON_DIGEST_SIZE, &value) < 0 ||
			value.size != CORDON_DIGEST_SIZE)
			return -1;
		memcpy(v->value, value.data, CORDON_DIGEST_SIZE);
	}
	return body.left == 0 ? 0 : -1;
}

/* count numbers, each at most max. */
static int
get_numbers(struct cordon_reader *r, enum field field, uint64_t max, uint64_t *ret, size_t count)
{
	struct cordon_reader body;

	if (get_field(r, field, T_NUMBERS, 0, &body) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (cordon_get_u64(&body, &ret[i]) < 0 || ret[i] > max)
			return -1;
	return body.left == 0 ? 0 : -1;
}

static int
get_settings(struct cordon_reader *r, struct cordon_action *a)
{
	uint64_t streams[3], mask, tty, limits[8];
	size_t i = 0;

	if (get_numbers(r, F_STREAMS, CORDON_STREAM_PTY, streams, 3) < 0 ||
		get_numbers(r, F_UMASK, 0777, &mask, 1) < 0 ||
		get_numbers(r, F_TTY, 1, &tty, 1) < 0 ||
		get_numbers(r, F_LIMITS, UINT64_MAX, limits, 8) < 0)
		return -1;
	for (int k = 0; k < 3; k++)
		a->streams[k] = (uint8_t)streams[k];
	a->umask = (uint32_t)mask;
	a->tty = (int)tty;
#define GET(field) field = limits[i++];
	LIMITS(GET, &a->limits)
#undef GET
	return 0;
}

static int
get_action(struct cordon_reader *r, struct cordon_action *a)
{
	struct cordon_bytes domain;
	uint16_t version;
	uint8_t kind;

	if (cordon_get_bytes(r, sizeof(DOMAIN) - 1, &domain) < 0 ||
		domain.size != sizeof(DOMAIN) - 1 ||
		memcmp(domain.data, DOMAIN, domain.size) != 0 || cordon_get_u16(r, &version) < 0 ||
		version != VERSION || cordon_get_u8(r, &kind) < 0 || kind != CORDON_ACTION_EXEC)
		return -1;
	a->kind = CORDON_ACTION_EXEC;
	if (get_text(r, F_CALLER, 0, &a->caller) < 0 ||
		get_text(r, F_SESSION, 1, &a->session) < 0 ||
		get_text(r, F_PROFILE, 0, &a->profile) < 0 ||
		get_digest(r, F_PROFILE_DIGEST, a->profile_digest) < 0 ||
		get_digest(r, F_PLAN_DIGEST, a->plan_digest) < 0 || get_argv(r, a) < 0 ||
		get_place(r, F_CWD, 0, &a->cwd, &a->cwd_identity) < 0 ||
		get_place(r, F_WORKSPACE, 1, &a->workspace, &a->workspace_identity) < 0 ||
		get_file(r, F_EXECUTABLE, 0, &a->executable) < 0)
		return -1;
	a->has_script = get_file(r, F_SCRIPT, 1, &a->script);
	if (a->has_script < 0 || get_text(r, F_SCRIPT_ARGUMENT, 1, &a->script_argument) < 0 ||
		get_environment(r, a) < 0 || get_settings(r, a) < 0)
		return -1;
	return r->left == 0 ? 0 : -1;
}

int
cordon_action_decode(
	const void *data, size_t size, struct cordon_action *ret, struct cordon_error *err)
{
	struct cordon_reader r = { data, size };
	struct cordon_action action = { 0 };
	int result;

	if (size > CORDON_ACTION_MAX || get_action(&r, &action) < 0)
		result = cordon_fail(
			err, CORDON_EPEER, 0, "a record of an action has the wrong shape");
	else
		result = action_check(&action, CORDON_EPEER, err);
	if (result < 0)
		cordon_action_finish(&action);
	else
		*ret = action;
	return result;
}

int
cordon_action_digest(
	const void *record, size_t size, uint8_t out[CORDON_DIGEST_SIZE], struct cordon_error *err)
{
	struct cordon_digest *d = cordon_digest_create(err);
	int result;

	if (d == NULL)
		return -1;
	/* The tag ends with its NUL, which no other tag has there: no text of ours is a record. */
	result = cordon_digest_add(d, DIGEST_DOMAIN, sizeof(DIGEST_DOMAIN)) < 0 ||
				 cordon_digest_add(d, record, size) < 0 ||
				 cordon_digest_end(d, out) < 0
			 ? -1
			 : 0;
	cordon_digest_destroy(d);
	if (result < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
	return 0;
}
