/* From JSON text to a layer: shape and types, each key known, each error with its place. The only file
 * here that knows jansson. Keys are addressed as "filesystem/tmp/size" and "syscalls/rules/3". */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/path.h>
#include <cordon/text.h>

#include "calls.h"
#include "layer.h"

#define TEXT_MAX  (1u << 20)
#define DEPTH_MAX 32
#define KEY_MAX   512

struct parse {
	const char *text, *file, *home;
	size_t size;
	struct layer *layer;
	struct cordon_error *err;
};

#define FAIL(p, key, ...) layer_fail((p)->text, (p)->size, (p)->file, (key), (p)->err, __VA_ARGS__)

/* Writes the address of a key; one that is too long only points a little higher up. */
static void CORDON_PRINTF(2, 3) put_key(char out[KEY_MAX], const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(out, KEY_MAX, fmt, arguments);
	va_end(arguments);
}

static const char *
type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_NULL:
		return "null";
	default:
		return "true or false";
	}
}

static int
want(struct parse *p, const char *key, const json_t *value, int is, const char *what)
{
	if (is)
		return 0;
	return FAIL(p, key, "'%s' must be %s, not %s", key, what, type_name(value));
}

/* A member of an object: its name and the function that takes its value. */
struct member {
	const char *name;
	int (*take)(struct parse *p, const char *key, const json_t *value);
};

/* Every key must be listed; "why" is allowed everywhere. */
static int
take_object(struct parse *p, const char *key, const json_t *object, const struct member *members)
{
	const char *name;
	json_t *value;
	char child[KEY_MAX];

	if (want(p, key, object, json_is_object(object), "an object") < 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const struct member *m = members;

		put_key(child, "%s%s%s", key, *key == '\0' ? "" : "/", name);
		if (strcmp(name, "why") == 0) {
			if (want(p, child, value, json_is_string(value), "a string") < 0)
				return -1;
			continue;
		}
		while (m->name != NULL && strcmp(m->name, name) != 0)
			m++;
		if (m->name == NULL)
			return FAIL(p, child, "unknown key '%s'", name);
		if (m->take != NULL && m->take(p, child, value) < 0)
			return -1;
	}
	return 0;
}

static int
take_strings(struct parse *p, const char *key, const json_t *list, struct cordon_strings *ret)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	if (want(p, key, list, json_is_array(list), "a list of strings") < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		put_key(child, "%s/%zu", key, i);
		if (want(p, child, item, json_is_string(item), "a string") < 0)
			return -1;
		if (strlen(json_string_value(item)) != json_string_length(item))
			return FAIL(p, child, "a string contains a NUL character");
		if (strings_add(ret, json_string_value(item)) < 0)
			return FAIL(p, child, "out of memory");
	}
	return 0;
}

/* A host path: absolute, or below "~". */
static int
take_path(struct parse *p, const char *key, const char *path, char out[PATH_MAX])
{
	char whole[PATH_MAX];
	struct cordon_error why = { 0 };

	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
		if (p->home == NULL)
			return FAIL(p, key, "'%s' needs a home directory, and this caller has none",
				path);
		if (snprintf(whole, sizeof(whole), "%s%s", p->home, path + 1) >= (int)sizeof(whole))
			return FAIL(p, key, "a path is too long");
		path = whole;
	}
	if (cordon_path_clean(path, out, &why) < 0)
		return FAIL(p, key, "%s", why.text);
	if (strcmp(out, "/") == 0)
		return FAIL(p, key, "'/' as a whole cannot be granted; name what is needed");
	return 0;
}

static int
take_paths(struct parse *p, const char *key, const json_t *list, struct cordon_strings *ret)
{
	struct cordon_strings raw = { 0 };
	int result = take_strings(p, key, list, &raw);
	char child[KEY_MAX], path[PATH_MAX];

	for (size_t i = 0; i < raw.count && result == 0; i++) {
		put_key(child, "%s/%zu", key, i);
		result = take_path(p, child, raw.items[i], path);
		if (result == 0 && strings_add(ret, path) < 0)
			result = FAIL(p, child, "out of memory");
	}
	strings_finish(&raw);
	return result;
}

/* Patterns and paths below the workspace: strings, or objects with "path" and "why". */
static int
take_below(struct parse *p, const char *key, const json_t *list, struct cordon_strings *ret)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX], absolute[PATH_MAX + 2], clean[PATH_MAX];
	struct cordon_error why = { 0 };

	if (want(p, key, list, json_is_array(list), "a list") < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		const json_t *path = json_is_object(item) ? json_object_get(item, "path") : item;
		static const struct member members[] = { { "path", NULL }, { NULL, NULL } };

		put_key(child, "%s/%zu", key, i);
		if (json_is_object(item) && take_object(p, child, item, members) < 0)
			return -1;
		if (path == NULL || !json_is_string(path))
			return FAIL(p, child,
				"an entry of '%s' must be a string or have a \"path\"", key);
		if (snprintf(absolute, sizeof(absolute), "/%s", json_string_value(path)) >=
				(int)sizeof(absolute) ||
			json_string_value(path)[0] == '/' || json_string_value(path)[0] == '\0' ||
			cordon_path_clean(absolute, clean, &why) < 0)
			return FAIL(p, child,
				"'%s' is not a path or pattern below the workspace, without '..' "
				"and a "
				"leading '/'",
				json_string_value(path));
		if (strings_add(ret, clean + 1) < 0)
			return FAIL(p, child, "out of memory");
	}
	return 0;
}

/* Numbers may also be strings. kind: "size", "time" or NULL. */
static int
take_number(struct parse *p, const char *key, const json_t *value, const char *kind, uint64_t min,
	uint64_t max, uint64_t *ret)
{
	struct cordon_error why = { 0 };
	uint64_t number = 0;
	int result = 0;

	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return FAIL(p, key, "'%s' must not be negative", key);
		number = (uint64_t)json_integer_value(value);
	} else if (json_is_string(value)) {
		const char *text = json_string_value(value);

		if (kind == NULL)
			result = cordon_parse_u64(text, 0, UINT64_MAX, &number, &why);
		else if (strcmp(kind, "size") == 0)
			result = cordon_parse_size(text, &number, &why);
		else
			result = cordon_parse_time(text, &number, &why);
		if (result < 0)
			return FAIL(p, key, "%s", why.text);
	} else {
		return want(p, key, value, 0, "a number");
	}
	if (number < min || number > max)
		return FAIL(p, key, "'%s' must be from %llu to %llu, not %llu", key,
			(unsigned long long)min, (unsigned long long)max,
			(unsigned long long)number);
	*ret = number;
	return 0;
}

static int
take_bool(struct parse *p, const char *key, const json_t *value, int *ret, int *ret_has)
{
	if (want(p, key, value, json_is_boolean(value), "true or false") < 0)
		return -1;
	*ret = json_is_true(value);
	*ret_has = 1;
	return 0;
}

/* filesystem */

static int
take_workspace(struct parse *p, const char *key, const json_t *value)
{
	static const char *const words[] = { "none", "read", "write" };

	if (want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	if (strcmp(json_string_value(value), "overlay") == 0)
		return FAIL(
			p, key, "'overlay' is not enforced by this build yet; use read or write");
	for (int i = 0; i < 3; i++)
		if (strcmp(words[i], json_string_value(value)) == 0) {
			p->layer->values.workspace = (enum cordon_access)i;
			p->layer->has_workspace = 1;
			return 0;
		}
	return FAIL(p, key, "'workspace' must be none, read or write, not '%s'",
		json_string_value(value));
}

static int
take_read(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_read = 1;
	return take_paths(p, key, value, &p->layer->values.read);
}

static int
take_write(struct parse *p, const char *key, const json_t *list)
{
	static const struct member members[] = { { "path", NULL }, { "exec", NULL },
		{ NULL, NULL } };
	struct cordon_profile *values = &p->layer->values;
	size_t i;
	json_t *item;
	char child[KEY_MAX], path[PATH_MAX];

	if (want(p, key, list, json_is_array(list), "a list") < 0)
		return -1;
	p->layer->has_write = 1;
	values->write = cordon_array(json_array_size(list) + 1, sizeof(*values->write));
	if (values->write == NULL)
		return FAIL(p, key, "out of memory");
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct cordon_write_grant *grant = &values->write[i];
		const json_t *name = json_is_object(item) ? json_object_get(item, "path") : item;
		const json_t *exec = json_is_object(item) ? json_object_get(item, "exec") : NULL;

		put_key(child, "%s/%zu", key, i);
		if (json_is_object(item) && take_object(p, child, item, members) < 0)
			return -1;
		if (name == NULL || !json_is_string(name))
			return FAIL(p, child, "an entry of '%s' must be a path or have a \"path\"",
				key);
		if (exec != NULL && !json_is_boolean(exec))
			return FAIL(p, child, "\"exec\" must be true or false");
		if (take_path(p, child, json_string_value(name), path) < 0)
			return -1;
		grant->path = strdup(path);
		grant->exec = json_is_true(exec);
		if (grant->path == NULL)
			return FAIL(p, child, "out of memory");
		values->write_count = i + 1;
	}
	return 0;
}

static int
take_hide(struct parse *p, const char *key, const json_t *value)
{
	return take_below(p, key, value, &p->layer->values.hide);
}

static int
take_protect(struct parse *p, const char *key, const json_t *value)
{
	return take_below(p, key, value, &p->layer->values.protect);
}

static int
take_tmp_size(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_tmp_size = 1;
	return take_number(p, key, value, "size", 4096, 1ull << 50, &p->layer->values.tmp_size);
}

static int
take_tmp_files(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_tmp_files = 1;
	return take_number(p, key, value, NULL, 16, 1u << 30, &p->layer->values.tmp_files);
}

static int
take_tmp_exec(struct parse *p, const char *key, const json_t *value)
{
	return take_bool(p, key, value, &p->layer->values.tmp_exec, &p->layer->has_tmp_exec);
}

static int
take_tmp(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "size", take_tmp_size },
		{ "files", take_tmp_files }, { "exec", take_tmp_exec }, { NULL, NULL } };

	return take_object(p, key, value, members);
}

static int
take_filesystem(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "workspace", take_workspace },
		{ "read", take_read }, { "write", take_write }, { "hide", take_hide },
		{ "protect", take_protect }, { "tmp", take_tmp }, { NULL, NULL } };

	return take_object(p, key, value, members);
}

/* exec */

static int
take_exec_allow(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_strings raw = { 0 };
	int result = take_strings(p, key, value, &raw);
	char child[KEY_MAX], path[PATH_MAX];

	p->layer->has_exec = 1;
	for (size_t i = 0; i < raw.count && result == 0; i++) {
		put_key(child, "%s/%zu", key, i);
		if (strcmp(raw.items[i], "@workspace") == 0) {
			p->layer->values.workspace_exec = 1;
			continue;
		}
		result = take_path(p, child, raw.items[i], path);
		if (result == 0 && strings_add(&p->layer->values.exec, path) < 0)
			result = FAIL(p, child, "out of memory");
	}
	strings_finish(&raw);
	return result;
}

static int
take_gate(struct parse *p, const char *key, const json_t *value)
{
	if (json_is_string(value) && strcmp(json_string_value(value), "off") == 0)
		return 0;
	return FAIL(p, key,
		"the exec gate is not enforced by this build yet; only \"off\" is accepted");
}

static int
take_exec(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "allow", take_exec_allow },
		{ "gate", take_gate }, { NULL, NULL } };

	return take_object(p, key, value, members);
}

/* Sections that later builds enforce: accepted only where they ask for what is so anyway. */

static int
take_refuse_word(struct parse *p, const char *key, const json_t *value)
{
	if (json_is_string(value) && strcmp(json_string_value(value), "refuse") == 0)
		return 0;
	return FAIL(
		p, key, "this build has no network guard yet: '%s' can only be \"refuse\"", key);
}

static int
take_empty_list(struct parse *p, const char *key, const json_t *value)
{
	if (json_is_array(value) && json_array_size(value) == 0)
		return 0;
	return FAIL(p, key, "'%s' is not enforced by this build yet, so it must be empty", key);
}

static int
take_allow_word(struct parse *p, const char *key, const json_t *value)
{
	if (json_is_string(value) && strcmp(json_string_value(value), "allow") == 0)
		return 0;
	return FAIL(p, key, "this build has no approvals yet: '%s' can only be \"allow\"", key);
}

static int
take_any(struct parse *p, const char *key, const json_t *value)
{
	(void)p;
	(void)key;
	(void)value;
	return 0;
}

static int
take_network(struct parse *p, const char *key, const json_t *value)
{
	/* What only refuses more is so without a guard: nothing gets out at all. */
	static const struct member members[] = { { "default", take_refuse_word },
		{ "allow", take_empty_list }, { "refuse", take_any },
		{ "private", take_empty_list }, { "limits", take_any }, { NULL, NULL } };

	return take_object(p, key, value, members);
}

static int
take_approvals(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "default", take_allow_word },
		{ "rules", take_empty_list }, { "noApprover", take_refuse_word }, { NULL, NULL } };

	return take_object(p, key, value, members);
}

static int
take_mcp(struct parse *p, const char *key, const json_t *value)
{
	(void)value;
	return FAIL(p, key, "'mcp' is not enforced by this build yet");
}

/* sockets, proc */

static int
take_sockets(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_sockets = 1;
	if (json_is_object(value))
		return FAIL(p, key,
			"connecting to sockets of the host is not enforced by this build yet; "
			"\"sockets\" "
			"can be \"pair\" or \"inside\"");
	if (json_is_string(value) && strcmp(json_string_value(value), "pair") == 0)
		p->layer->values.sockets = CORDON_SOCKETS_PAIR;
	else if (json_is_string(value) && strcmp(json_string_value(value), "inside") == 0)
		p->layer->values.sockets = CORDON_SOCKETS_INSIDE;
	else
		return FAIL(p, key, "'sockets' must be \"pair\" or \"inside\"");
	return 0;
}

static int
take_proc(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_proc = 1;
	if (json_is_string(value) && strcmp(json_string_value(value), "run") == 0)
		p->layer->values.proc = CORDON_PROC_RUN;
	else if (json_is_string(value) && strcmp(json_string_value(value), "system") == 0)
		p->layer->values.proc = CORDON_PROC_SYSTEM;
	else
		return FAIL(p, key, "'proc' must be \"run\" or \"system\"");
	return 0;
}

/* environment */

static int
is_name(const char *text)
{
	return text[0] != '\0' && strchr(text, '=') == NULL && !(text[0] >= '0' && text[0] <= '9');
}

static int
take_pass(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_strings *pass = &p->layer->values.pass;

	p->layer->has_pass = 1;
	if (take_strings(p, key, value, pass) < 0)
		return -1;
	for (size_t i = 0; i < pass->count; i++)
		if (!is_name(pass->items[i]))
			return FAIL(p, key, "'%s' is not a name of a variable", pass->items[i]);
	return 0;
}

static int
take_set(struct parse *p, const char *key, const json_t *object)
{
	const char *name;
	json_t *value;
	char child[KEY_MAX];

	if (want(p, key, object, json_is_object(object), "an object of strings") < 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		CORDON_FREE char *pair = NULL;

		put_key(child, "%s/%s", key, name);
		if (want(p, child, value, json_is_string(value), "a string") < 0)
			return -1;
		if (!is_name(name) || strlen(json_string_value(value)) != json_string_length(value))
			return FAIL(
				p, child, "'%s' is not a name of a variable with a value", name);
		if (asprintf(&pair, "%s=%s", name, json_string_value(value)) < 0) {
			pair = NULL;
			return FAIL(p, child, "out of memory");
		}
		if (strings_add(&p->layer->values.set, pair) < 0)
			return FAIL(p, child, "out of memory");
	}
	return 0;
}

static int
take_environment(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "pass", take_pass }, { "set", take_set },
		{ NULL, NULL } };

	return take_object(p, key, value, members);
}

/* limits */

#define LIMIT(field, flag, kind, min, max)                                                         \
	static int take_##field(struct parse *p, const char *key, const json_t *value)             \
	{                                                                                          \
		p->layer->flag = 1;                                                                \
		return take_number(p, key, value, kind, min, max, &p->layer->values.limits.field); \
	}

LIMIT(memory, has_memory, "size", 1u << 20, 1ull << 50)
LIMIT(processes, has_processes, NULL, 1, 1u << 22)
LIMIT(wall_ms, has_wall, "time", 1, 1ull << 40)
LIMIT(cpu_ms, has_cpu, "time", 1, 1ull << 40)
LIMIT(output, has_output, "size", 1, 1ull << 50)
LIMIT(open_files, has_open_files, NULL, 16, 1u << 20)
LIMIT(file_size, has_file_size, "size", 0, 1ull << 50)

static int
take_memory_enforced(struct parse *p, const char *key, const json_t *value)
{
	return take_bool(p, key, value, &p->layer->values.limits.memory_enforced,
		&p->layer->has_memory_enforced);
}

static int
take_limits(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "memory", take_memory },
		{ "processes", take_processes }, { "wall", take_wall_ms }, { "cpu", take_cpu_ms },
		{ "output", take_output }, { "openFiles", take_open_files },
		{ "fileSize", take_file_size }, { "memoryEnforced", take_memory_enforced },
		{ NULL, NULL } };

	return take_object(p, key, value, members);
}

/* syscalls */

static int
take_action(struct parse *p, const char *key, const json_t *value, struct rule *rule)
{
	const json_t *name = json_is_object(value) ? json_object_get(value, "errno") : NULL;

	if (json_is_string(value) && strcmp(json_string_value(value), "allow") == 0)
		rule->action = RULE_ALLOW;
	else if (json_is_string(value) && strcmp(json_string_value(value), "kill") == 0)
		rule->action = RULE_KILL;
	else if (json_is_string(value) && strcmp(json_string_value(value), "notify") == 0)
		return FAIL(p, key,
			"'notify' is for cordon's own rules; profiles allow, refuse or kill");
	else if (json_is_string(name) && json_object_size(value) == 1) {
		rule->action = RULE_ERRNO;
		rule->error = call_errno(json_string_value(name));
		if (rule->error == 0)
			return FAIL(p, key, "unknown errno '%s'", json_string_value(name));
	} else
		return FAIL(p, key, "an action is \"allow\", \"kill\" or {\"errno\": \"EPERM\"}");
	return 0;
}

/* An integer, or a string with a number or the name of a constant. */
static int
take_value(struct parse *p, const char *key, const json_t *value, uint64_t *ret)
{
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*ret = (uint64_t)json_integer_value(value);
		return 0;
	}
	if (json_is_string(value) && call_constant(json_string_value(value), ret) == 0)
		return 0;
	return FAIL(p, key, "a value must be a number or the name of a known constant");
}

/* Which argument of which call: found in the first name of the rule, and the same in all others. */
static int
find_argument(struct parse *p, const char *key, const json_t *value, const struct rule *rule,
	struct rule_condition *c)
{
	for (size_t i = 0; i < rule->number_count; i++) {
		const struct call *call = call_by_number(rule->numbers[i]);
		unsigned found = 6;

		for (int a = 0; call != NULL && a < call->argument_count; a++)
			if (json_is_string(value)
					? strcmp(call->arguments[a].name,
						  json_string_value(value)) == 0
					: json_is_integer(value) && json_integer_value(value) == a)
				found = (unsigned)a;
		if (found == 6)
			return FAIL(p, key, "call '%s' has no such argument that rules can look at",
				call == NULL ? "?" : call->name);
		if (call->arguments[found].kind == CALL_POINTER)
			return FAIL(p, key,
				"argument '%s' of '%s' is a pointer: what it points to can change "
				"after it was "
				"judged, so conditions on it mean nothing",
				call->arguments[found].name, call->name);
		if (i > 0 && (found != c->argument ||
				     c->wide != (call->arguments[found].kind == CALL_LONG)))
			return FAIL(p, key,
				"the calls of this rule have this argument at different places or "
				"widths; "
				"write one rule each");
		c->argument = found;
		c->wide = call->arguments[found].kind == CALL_LONG;
	}
	return 0;
}

static int
take_condition(struct parse *p, const char *key, const json_t *object, struct rule *rule,
	uint64_t values[RULE_VALUES])
{
	static const struct member members[] = { { "arg", NULL }, { "eq", NULL }, { "in", NULL },
		{ "mask", NULL }, { NULL, NULL } };
	struct rule_condition c = { .mask = UINT64_MAX, .values = values };
	const json_t *argument, *eq, *in, *mask;
	char child[KEY_MAX];

	if (take_object(p, key, object, members) < 0)
		return -1;
	argument = json_object_get(object, "arg");
	eq = json_object_get(object, "eq");
	in = json_object_get(object, "in");
	mask = json_object_get(object, "mask");
	if (argument == NULL || (eq == NULL) == (in == NULL))
		return FAIL(p, key, "a condition has an \"arg\" and either \"eq\" or \"in\"");
	if (find_argument(p, key, argument, rule, &c) < 0)
		return -1;
	put_key(child, "%s/mask", key);
	if (mask != NULL && take_value(p, child, mask, &c.mask) < 0)
		return -1;
	put_key(child, "%s/%s", key, eq != NULL ? "eq" : "in");
	if (in != NULL && (!json_is_array(in) || json_array_size(in) == 0 ||
				  json_array_size(in) > RULE_VALUES))
		return FAIL(p, child, "\"in\" is a list of 1 to %d values", RULE_VALUES);
	c.value_count = in != NULL ? (unsigned)json_array_size(in) : 1;
	for (unsigned i = 0; i < c.value_count; i++) {
		if (take_value(p, child, in != NULL ? json_array_get(in, i) : eq, &c.values[i]) < 0)
			return -1;
		if ((c.values[i] & ~c.mask) != 0 || (!c.wide && c.values[i] > UINT32_MAX))
			return FAIL(p, child,
				"the value 0x%llx can never be equal: it has bits that the mask or "
				"the "
				"argument's width takes away",
				(unsigned long long)c.values[i]);
	}
	rule->conditions[rule->condition_count++] = c;
	return 0;
}

/* Adds the number of one call; a call that this architecture has not adds nothing. */
static int
add_call(struct parse *p, const char *key, const char *name, uint16_t *numbers, size_t *count)
{
	const struct call *call = call_by_name(name);

	if (call == NULL)
		return FAIL(p, key, "unknown system call '%s'; did you mean '%s'?", name,
			call_nearest(name));
	if (call_number(call) >= 0 && *count < CALL_NUMBERS)
		numbers[(*count)++] = (uint16_t)call_number(call);
	return 0;
}

static int
take_calls(struct parse *p, const char *key, const json_t *object, uint16_t *numbers, size_t *count)
{
	const json_t *names = json_object_get(object, "names");
	const json_t *lists = json_object_get(object, "groups");
	struct cordon_strings words = { 0 }, groups = { 0 };
	char child[KEY_MAX];
	int result = 0;

	if (names == NULL && lists == NULL)
		return FAIL(p, key, "a rule has \"names\" or \"groups\"");
	put_key(child, "%s/names", key);
	if (names != NULL)
		result = take_strings(p, child, names, &words);
	for (size_t i = 0; i < words.count && result == 0; i++) {
		put_key(child, "%s/names/%zu", key, i);
		result = add_call(p, child, words.items[i], numbers, count);
	}
	put_key(child, "%s/groups", key);
	if (lists != NULL && result == 0)
		result = take_strings(p, child, lists, &groups);
	for (size_t i = 0; i < groups.count && result == 0; i++) {
		const char *const *member = call_group(groups.items[i]);

		put_key(child, "%s/groups/%zu", key, i);
		if (member == NULL)
			result = FAIL(p, child, "unknown group '%s'", groups.items[i]);
		for (; result == 0 && *member != NULL; member++)
			result = add_call(p, child, *member, numbers, count);
	}
	strings_finish(&words);
	strings_finish(&groups);
	return result;
}

static int
take_rule(struct parse *p, const char *key, const json_t *object)
{
	static const struct member members[] = { { "names", NULL }, { "groups", NULL },
		{ "action", NULL }, { "when", NULL }, { "quiet", NULL }, { NULL, NULL } };
	uint16_t numbers[CALL_NUMBERS];
	uint64_t values[RULE_CONDITIONS][RULE_VALUES];
	struct rule rule = { .numbers = numbers };
	const json_t *when, *quiet;
	char child[KEY_MAX];

	if (take_object(p, key, object, members) < 0 ||
		take_calls(p, key, object, numbers, &rule.number_count) < 0)
		return -1;
	put_key(child, "%s/action", key);
	if (json_object_get(object, "action") == NULL)
		return FAIL(p, key, "a rule has an \"action\"");
	if (take_action(p, child, json_object_get(object, "action"), &rule) < 0)
		return -1;
	quiet = json_object_get(object, "quiet");
	put_key(child, "%s/quiet", key);
	if (quiet != NULL && (!json_is_boolean(quiet) || rule.action != RULE_ERRNO))
		return FAIL(
			p, child, "\"quiet\" is true or false, in a rule that answers an errno");
	rule.quiet = json_is_true(quiet);
	when = json_object_get(object, "when");
	put_key(child, "%s/when", key);
	if (when != NULL && (!json_is_array(when) || json_array_size(when) == 0))
		return FAIL(p, child, "\"when\" is a list of conditions, all of which must hold");
	for (size_t i = 0; when != NULL && i < json_array_size(when); i++) {
		put_key(child, "%s/when/%zu", key, i);
		if (i == RULE_CONDITIONS)
			return FAIL(p, child, "a rule has at most %d conditions", RULE_CONDITIONS);
		if (take_condition(p, child, json_array_get(when, i), &rule, values[i]) < 0)
			return -1;
	}
	if (rules_add(&p->layer->rules, &rule) < 0)
		return FAIL(p, key, "too many rules");
	return 0;
}

static int
take_rules(struct parse *p, const char *key, const json_t *list)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	if (want(p, key, list, json_is_array(list), "a list of rules") < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		put_key(child, "%s/%zu", key, i);
		if (take_rule(p, child, item) < 0)
			return -1;
	}
	return 0;
}

static int
take_default(struct parse *p, const char *key, const json_t *value)
{
	struct rule rule = { 0 };

	if (take_action(p, key, value, &rule) < 0)
		return -1;
	if (rule.action != RULE_ERRNO && rule.action != RULE_KILL)
		return FAIL(
			p, key, "the default of system calls is an errno or \"kill\", never allow");
	p->layer->has_default = 1;
	p->layer->rules.default_error = rule.action == RULE_KILL ? 0 : rule.error;
	return 0;
}

static int
take_syscalls(struct parse *p, const char *key, const json_t *value)
{
	static const struct member members[] = { { "default", take_default },
		{ "rules", take_rules }, { NULL, NULL } };

	return take_object(p, key, value, members);
}

/* the top */

static int
take_version(struct parse *p, const char *key, const json_t *value)
{
	if (json_is_integer(value) && json_integer_value(value) == 1)
		return 0;
	return FAIL(p, key, "this build reads profiles of version 1 (\"cordonProfile\": 1)");
}

static int
take_text(struct parse *p, const char *key, const json_t *value, char **ret)
{
	if (want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	*ret = strdup(json_string_value(value));
	return *ret == NULL ? FAIL(p, key, "out of memory") : 0;
}

static int
take_name(struct parse *p, const char *key, const json_t *value)
{
	const char *text;

	if (take_text(p, key, value, &p->layer->name) < 0)
		return -1;
	text = p->layer->name;
	if (*text == '\0' || strlen(text) > 64 ||
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
			strlen(text) ||
		text[0] == '.')
		return FAIL(p, key, "a name has 1 to 64 letters, digits, '.', '_' or '-'");
	return 0;
}

static int
take_description(struct parse *p, const char *key, const json_t *value)
{
	return take_text(p, key, value, &p->layer->description);
}

static int
take_extends(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_extends = 1;
	if (take_strings(p, key, value, &p->layer->parents) < 0)
		return -1;
	if (p->layer->parents.count > LAYER_PARENTS)
		return FAIL(p, key, "a profile extends at most %d others", LAYER_PARENTS);
	return 0;
}

static int
take_widens(struct parse *p, const char *key, const json_t *value)
{
	if (take_strings(p, key, value, &p->layer->widens) < 0)
		return -1;
	if (p->layer->widens.count > LAYER_WIDENS)
		return FAIL(p, key, "'widens' has more than %d entries", LAYER_WIDENS);
	return 0;
}

static int
take_top(struct parse *p, const json_t *root)
{
	static const struct member members[] = { { "$schema", take_any },
		{ "cordonProfile", take_version }, { "name", take_name },
		{ "description", take_description }, { "extends", take_extends },
		{ "widens", take_widens }, { "filesystem", take_filesystem }, { "exec", take_exec },
		{ "network", take_network }, { "syscalls", take_syscalls },
		{ "sockets", take_sockets }, { "proc", take_proc },
		{ "environment", take_environment }, { "limits", take_limits },
		{ "approvals", take_approvals }, { "mcp", take_mcp }, { NULL, NULL } };

	if (!json_is_object(root))
		return FAIL(p, "", "a profile is a JSON object");
	if (json_object_get(root, "cordonProfile") == NULL)
		return FAIL(p, "", "\"cordonProfile\": 1 is missing: is this a profile of cordon?");
	return take_object(p, "", root, members);
}

/* Nesting, outside strings: before jansson recurses. */
static int
is_too_deep(const char *text, size_t size)
{
	int depth = 0, in_string = 0;

	for (size_t i = 0; i < size; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = 0;
		} else if (text[i] == '"') {
			in_string = 1;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > DEPTH_MAX)
				return 1;
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		}
	}
	return 0;
}

int
layer_parse(const char *text, size_t size, const char *file, const char *home, struct layer *ret,
	struct cordon_error *err)
{
	struct layer layer = { 0 };
	struct parse p = {
		.text = text, .file = file, .home = home, .size = size, .layer = &layer, .err = err
	};
	json_error_t where;
	json_t *root;
	int result;

	if (size > TEXT_MAX)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "%s:1:1: a profile is at most 1 MiB long", file);
	if (is_too_deep(text, size))
		return cordon_fail(err, CORDON_EINPUT, 0,
			"%s:1:1: a profile is nested at most %d levels deep", file, DEPTH_MAX);
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		return cordon_fail(err, CORDON_EINPUT, 0, "%s:%d:%d: %s", file,
			where.line > 0 ? where.line : 1, where.column > 0 ? where.column : 1,
			where.text);
	result = take_top(&p, root);
	json_decref(root);
	if (result < 0) {
		layer_finish(&layer);
		return -1;
	}
	*ret = layer;
	return 0;
}
