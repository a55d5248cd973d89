/* calls: none */
#include "params.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "jsonrpc.h"

/* One object while it is read. */
struct taking {
	const struct param *table;
	char *ret;
	const char *parent; /* "limits.", or "" */
	struct fault *fault;
};

static int
wrong(const struct taking *t, const char *name, const char *what)
{
	return fault_set(
		t->fault, FAULT_PARAMS, "params.type", "'%s%s' must be %s", t->parent, name, what);
}

static int
no_memory(const struct taking *t)
{
	return fault_set(
		t->fault, FAULT_INTERNAL, "limit.memory", "there is no memory for the request");
}

static int
take_text(const struct taking *t, const struct param *p, const struct json_t *value)
{
	const char *text;
	size_t size;
	char what[80];

	text = jsonrpc_word(value, &size);
	if (text == NULL)
		return wrong(t, p->name, "a string without NUL");
	if (size < p->min || size > p->max) {
		snprintf(what, sizeof(what), "a string of %" PRIu64 " to %" PRIu64 " bytes", p->min,
			p->max);
		return wrong(t, p->name, what);
	}
	memcpy(t->ret + p->offset, &text, sizeof(text));
	return 0;
}

static int
take_data(const struct taking *t, const struct param *p, const struct json_t *value)
{
	struct param_data data;

	if (jsonrpc_kind(value) != JSON_KIND_TEXT)
		return wrong(t, p->name, "a string");
	data.bytes = jsonrpc_text(value, &data.size);
	memcpy(t->ret + p->offset, &data, sizeof(data));
	return 0;
}

static int
take_number(const struct taking *t, const struct param *p, const struct json_t *value)
{
	uint64_t number = 0;
	char what[80];

	if (jsonrpc_kind(value) == JSON_KIND_NUMBER && jsonrpc_number(value) >= 0)
		number = (uint64_t)jsonrpc_number(value);
	else
		number = UINT64_MAX;
	if (number < p->min || number > p->max) {
		snprintf(what, sizeof(what), "an integer from %" PRIu64 " to %" PRIu64, p->min,
			p->max);
		return wrong(t, p->name, what);
	}
	memcpy(t->ret + p->offset, &number, sizeof(number));
	return 0;
}

static int
take_words(const struct taking *t, const struct param *p, const struct json_t *value)
{
	char **words;
	size_t count, size;
	char what[96];

	snprintf(what, sizeof(what),
		"a list of %" PRIu64 " to %u strings of at most %" PRIu64 " bytes without NUL",
		p->min, RPC_ARGS, p->max);
	if (jsonrpc_kind(value) != JSON_KIND_LIST)
		return wrong(t, p->name, what);
	count = jsonrpc_count(value);
	if (count < p->min || count > RPC_ARGS)
		return wrong(t, p->name, what);
	words = cordon_array(count + 1, sizeof(*words));
	if (words == NULL)
		return no_memory(t);
	memcpy(t->ret + p->offset, &words, sizeof(words));
	for (size_t i = 0; i < count; i++) {
		const struct json_t *item = jsonrpc_item(value, i);

		words[i] = (char *)(uintptr_t)jsonrpc_word(item, &size);
		if (words[i] == NULL || size > p->max)
			return wrong(t, p->name, what);
	}
	return 0;
}

/* Room in *env for count variables; owned by the struct at once. */
static int
make_env(const struct taking *t, const struct param *p, size_t count, struct param_env *env)
{
	if (count > RPC_ARGS)
		return wrong(t, p->name, "shorter");
	env->set = cordon_array(count + 1, sizeof(*env->set));
	env->unset = cordon_array(count + 1, sizeof(*env->unset));
	memcpy(t->ret + p->offset, env, sizeof(*env));
	return env->set == NULL || env->unset == NULL ? no_memory(t) : 0;
}

/* Variables while they are added. */
struct adding {
	const struct taking *t;
	const struct param *p;
	struct param_env env;
	size_t set, unset;
};

/* value NULL: to be unset. */
static int
add_variable(struct adding *a, const char *name, const char *value)
{
	char **into = value == NULL ? &a->env.unset[a->unset] : &a->env.set[a->set];

	if (name[0] == '\0' || strchr(name, '=') != NULL)
		return wrong(a->t, a->p->name, "of names that are not empty and have no '='");
	if (strlen(name) + (value == NULL ? 0 : strlen(value)) + 1 > RPC_WORD)
		return wrong(a->t, a->p->name, "of variables of at most 128 KiB");
	if (value == NULL)
		*into = strdup(name);
	else if (asprintf(into, "%s=%s", name, value) < 0)
		*into = NULL;
	if (*into == NULL)
		return no_memory(a->t);
	if (value == NULL)
		a->unset++;
	else
		a->set++;
	return 0;
}

static int
add_member(void *context, const char *key, const struct json_t *value)
{
	struct adding *a = context;

	if (jsonrpc_kind(value) == JSON_KIND_NULL)
		return add_variable(a, key, NULL);
	if (jsonrpc_word(value, NULL) == NULL)
		return wrong(
			a->t, a->p->name, "an object of strings without NUL, or null to unset");
	return add_variable(a, key, jsonrpc_word(value, NULL));
}

static int
take_env(const struct taking *t, const struct param *p, const struct json_t *value)
{
	struct adding a = { .t = t, .p = p };

	if (jsonrpc_kind(value) != JSON_KIND_OBJECT)
		return wrong(t, p->name, "an object of strings, or null to unset");
	if (make_env(t, p, jsonrpc_count(value), &a.env) < 0)
		return -1;
	return jsonrpc_each(value, add_member, &a);
}

static int
take_pairs(const struct taking *t, const struct param *p, const struct json_t *value)
{
	static const char what[] =
		"a list of objects with the strings 'name' and 'value', without NUL";
	struct adding a = { .t = t, .p = p };

	if (jsonrpc_kind(value) != JSON_KIND_LIST)
		return wrong(t, p->name, what);
	if (make_env(t, p, jsonrpc_count(value), &a.env) < 0)
		return -1;
	for (size_t i = 0; i < jsonrpc_count(value); i++) {
		const struct json_t *pair = jsonrpc_item(value, i);
		const char *name = jsonrpc_word(jsonrpc_member(pair, "name"), NULL);
		const char *text = jsonrpc_word(jsonrpc_member(pair, "value"), NULL);

		if (name == NULL || text == NULL)
			return wrong(t, p->name, what);
		if (add_variable(&a, name, text) < 0)
			return -1;
	}
	return 0;
}

/* Fields while they are added. */
struct listing {
	const struct taking *t;
	const struct param *p;
	char **next;
};

static int
wrong_fields(const struct taking *t, const struct param *p)
{
	char what[96];

	snprintf(what, sizeof(what),
		"an object of at most %" PRIu64 " strings of at most %" PRIu64
		" bytes, without NUL",
		p->min, p->max);
	return wrong(t, p->name, what);
}

static int
add_field(void *context, const char *key, const struct json_t *value)
{
	struct listing *l = context;
	size_t size = 0;
	const char *text = jsonrpc_word(value, &size);

	if (text == NULL || size > l->p->max || strlen(key) > l->p->max)
		return wrong_fields(l->t, l->p);
	*l->next++ = (char *)(uintptr_t)key;
	*l->next++ = (char *)(uintptr_t)text;
	return 0;
}

static int
take_fields(const struct taking *t, const struct param *p, const struct json_t *value)
{
	struct listing l = { .t = t, .p = p };
	size_t count;

	if (jsonrpc_kind(value) != JSON_KIND_OBJECT)
		return wrong_fields(t, p);
	count = jsonrpc_count(value);
	if (count > p->min)
		return wrong_fields(t, p);
	l.next = cordon_array(2 * count + 1, sizeof(*l.next));
	if (l.next == NULL)
		return no_memory(t);
	memcpy(t->ret + p->offset, &l.next, sizeof(l.next));
	return jsonrpc_each(value, add_field, &l);
}

static int take_object(const struct taking *t, const struct json_t *object);

static int
take_inner(const struct taking *t, const struct param *p, const struct json_t *value)
{
	char parent[64];

	if (jsonrpc_kind(value) != JSON_KIND_OBJECT)
		return wrong(t, p->name, "an object");
	snprintf(parent, sizeof(parent), "%s%s.", t->parent, p->name);
	return take_object(&(struct taking){ p->members, t->ret, parent, t->fault }, value);
}

static int
take_bool(const struct taking *t, const struct param *p, const struct json_t *value)
{
	const uint8_t flag = (uint8_t)jsonrpc_is_true(value);

	if (jsonrpc_kind(value) != JSON_KIND_BOOL)
		return wrong(t, p->name, "true or false");
	memcpy(t->ret + p->offset, &flag, sizeof(flag));
	return 0;
}

static int
take_any(const struct taking *t, const struct param *p, const struct json_t *value)
{
	(void)t;
	(void)p;
	(void)value;
	return 0;
}

static int
take_member(void *context, const char *key, const struct json_t *value)
{
	static int (*const takers[])(const struct taking *t, const struct param *p,
		const struct json_t *value) = { [PARAM_TEXT] = take_text,
		[PARAM_DATA] = take_data,
		[PARAM_NUMBER] = take_number,
		[PARAM_BOOL] = take_bool,
		[PARAM_WORDS] = take_words,
		[PARAM_ENV] = take_env,
		[PARAM_PAIRS] = take_pairs,
		[PARAM_FIELDS] = take_fields,
		[PARAM_OBJECT] = take_inner,
		[PARAM_ANY] = take_any };
	const struct taking *t = context;
	const struct param *p = t->table;

	while (p->name != NULL && strcmp(p->name, key) != 0)
		p++;
	if (p->name == NULL)
		return fault_set(t->fault, FAULT_PARAMS, "params.unknown",
			"'%s%.64s' is not a parameter of this method", t->parent, key);
	if ((p->flags & PARAM_NULLABLE) != 0 && jsonrpc_kind(value) == JSON_KIND_NULL)
		return 0;
	return takers[p->kind](t, p, value);
}

static int
take_object(const struct taking *t, const struct json_t *object)
{
	if (object != NULL && jsonrpc_each(object, take_member, (void *)(uintptr_t)t) < 0)
		return -1;
	for (const struct param *p = t->table; p->name != NULL; p++)
		if ((p->flags & PARAM_REQUIRED) != 0 &&
			(object == NULL || jsonrpc_member(object, p->name) == NULL))
			return fault_set(t->fault, FAULT_PARAMS, "params.missing",
				"'%s%s' is missing", t->parent, p->name);
	return 0;
}

int
params_take(const struct json_t *object, const struct param *table, void *ret, struct fault *fault)
{
	return take_object(&(struct taking){ table, ret, "", fault }, object);
}

void
params_finish(const struct param *table, void *ret)
{
	for (const struct param *p = table; p->name != NULL; p++) {
		char *at = (char *)ret + p->offset;
		struct param_env env;

		if (p->kind == PARAM_OBJECT)
			params_finish(p->members, ret);
		if (p->kind == PARAM_WORDS || p->kind == PARAM_FIELDS)
			cordon_free_p(at);
		if (p->kind != PARAM_ENV && p->kind != PARAM_PAIRS)
			continue;
		memcpy(&env, at, sizeof(env));
		cordon_vector_free(env.set);
		cordon_vector_free(env.unset);
		memset(at, 0, sizeof(env));
	}
}
