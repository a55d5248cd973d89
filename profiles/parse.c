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
#include "spelling.h"

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

static int
unknown_key(struct parse *p, const char *key, const char *child, const char *name,
	const struct member *members)
{
	struct spelling s;
	char hint[CALL_HINT];

	spelling_start(&s, name);
	for (const struct member *m = members; m->name != NULL; m++)
		spelling_try(&s, m->name);
	/* A name with a slash in it cannot be addressed. */
	return FAIL(p, strchr(name, '/') == NULL ? child : key, "unknown key '%s'%s", name,
		spelling_hint(&s, hint, sizeof(hint)));
}

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
			return unknown_key(p, key, child, name, members);
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
				"and a leading '/'",
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

/* Absent names are held, too, so that only whole components can be left open. */
static int
is_protectable(const char *path)
{
	for (const char *end; *path != '\0'; path = *end == '/' ? end + 1 : end) {
		end = strchrnul(path, '/');
		if (memchr(path, '*', (size_t)(end - path)) == NULL)
			continue;
		if (!(end - path == 1 || (end - path == 2 && path[1] == '*' && *end == '/')))
			return 0;
	}
	return 1;
}

static int
take_protect(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_strings *list = &p->layer->values.protect;
	char child[KEY_MAX];

	p->layer->has_protect = 1;
	if (take_below(p, key, value, list) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		put_key(child, "%s/%zu", key, i);
		if (!is_protectable(list->items[i]))
			return FAIL(p, child,
				"'%s' cannot be protected: '*' must be a whole name, and '**' "
				"directories above one",
				list->items[i]);
	}
	return 0;
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
take_empty_object(struct parse *p, const char *key, const json_t *value)
{
	if (json_is_object(value) && json_object_size(value) == 0)
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
	static const struct member members[] = { { "default", take_refuse_word },
		{ "allow", take_empty_list }, { "refuse", take_empty_list },
		{ "private", take_empty_list }, { "limits", take_empty_object }, { NULL, NULL } };

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
			"\"sockets\" can be \"pair\" or \"inside\"");
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
	const size_t length =
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return length > 0 && text[length] == '\0' && !(text[0] >= '0' && text[0] <= '9');
}

static int
take_pass(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_strings *pass = &p->layer->values.pass;
	char child[KEY_MAX];

	p->layer->has_pass = 1;
	if (take_strings(p, key, value, pass) < 0)
		return -1;
	for (size_t i = 0; i < pass->count; i++) {
		put_key(child, "%s/%zu", key, i);
		if (!is_name(pass->items[i]))
			return FAIL(p, child,
				"'%s' is not the name of a variable (letters, digits and '_')",
				pass->items[i]);
	}
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

		put_key(child, "%s/%s", key, strchr(name, '/') == NULL ? name : "");
		if (!is_name(name))
			return FAIL(p, child,
				"'%s' is not the name of a variable (letters, digits and '_')",
				name);
		if (want(p, child, value, json_is_string(value), "a string") < 0)
			return -1;
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
	char hint[CALL_HINT];

	if (json_is_string(value) && strcmp(json_string_value(value), "allow") == 0)
		rule->action = RULE_ALLOW;
	else if (json_is_string(value) && strcmp(json_string_value(value), "kill") == 0)
		rule->action = RULE_KILL;
	else if (json_is_string(value) && strcmp(json_string_value(value), "notify") == 0)
		return FAIL(p, key,
			"'notify' is not enforced by this build yet: a rule allows, refuses or "
			"kills");
	else if (json_is_string(name) && json_object_size(value) == 1) {
		rule->action = RULE_ERRNO;
		rule->error = call_errno(json_string_value(name));
		if (rule->error == 0)
			return FAIL(p, key, "unknown errno '%s'%s", json_string_value(name),
				call_errno_hint(json_string_value(name), hint));
	} else
		return FAIL(p, key, "an action is \"allow\", \"kill\" or {\"errno\": \"EPERM\"}");
	return 0;
}

/* An integer, or a string with a number or the name of a constant. */
static int
take_value(struct parse *p, const char *key, const json_t *value, uint64_t *ret)
{
	char hint[CALL_HINT] = "";

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*ret = (uint64_t)json_integer_value(value);
		return 0;
	}
	if (json_is_string(value) && call_constant(json_string_value(value), ret) == 0)
		return 0;
	if (json_is_string(value))
		return FAIL(p, key, "'%s' is neither a number nor the name of a known constant%s",
			json_string_value(value),
			call_constant_hint(json_string_value(value), hint));
	return FAIL(
		p, key, "a value is a number or the name of a constant, not %s", type_name(value));
}

/* A rule while it is read. */
struct rule_text {
	const struct call *calls[CALL_NUMBERS]; /* each once, of all architectures */
	size_t call_count;
	uint16_t numbers[CALL_NUMBERS]; /* of this one */
	uint64_t values[RULE_CONDITIONS][RULE_VALUES];
	struct rule rule;
};

/* The place of an argument in one call, by name or number; -1 when it has none like that. */
static int
argument_place(const struct call *call, const json_t *value)
{
	for (int a = 0; a < call->argument_count; a++)
		if (json_is_string(value)
				? strcmp(call->arguments[a].name, json_string_value(value)) == 0
				: json_is_integer(value) && json_integer_value(value) == a)
			return a;
	return -1;
}

/* Which argument it is: the same one in all calls of the rule. */
static int
find_argument(struct parse *p, const char *key, const json_t *value, const struct rule_text *text,
	struct rule_condition *c)
{
	if (!json_is_string(value) && !json_is_integer(value))
		return want(p, key, value, 0, "the name of an argument or its number");
	for (size_t i = 0; i < text->call_count; i++) {
		const struct call *call = text->calls[i];
		const int place = argument_place(call, value);
		char hint[CALL_HINT] = "";

		if (place < 0 && json_is_string(value))
			return FAIL(p, key, "'%s' has no argument '%s'%s", call->name,
				json_string_value(value),
				call_argument_hint(call, json_string_value(value), hint));
		if (place < 0)
			return FAIL(p, key, "'%s' has %d arguments, counted from 0", call->name,
				call->argument_count);
		if (call->arguments[place].kind == CALL_POINTER)
			return FAIL(p, key,
				"argument '%s' of '%s' is a pointer: what it points to can change "
				"after it was judged, so conditions on it mean nothing",
				call->arguments[place].name, call->name);
		if (i > 0 && ((unsigned)place != c->argument ||
				     c->wide != (call->arguments[place].kind == CALL_LONG)))
			return FAIL(p, key,
				"'%s' and '%s' have this argument at different places or widths; "
				"write a rule for each",
				text->calls[0]->name, call->name);
		c->argument = (unsigned)place;
		c->wide = call->arguments[place].kind == CALL_LONG;
	}
	return 0;
}

/* The value or values that an argument is compared with. */
static int
take_values(struct parse *p, const char *key, const json_t *value, int is_list,
	struct rule_condition *c)
{
	const uint64_t width = c->wide ? UINT64_MAX : UINT32_MAX;
	char child[KEY_MAX];

	if (is_list && (!json_is_array(value) || json_array_size(value) == 0 ||
			       json_array_size(value) > RULE_VALUES))
		return FAIL(p, key, "a list of 1 to %d values is needed here", RULE_VALUES);
	c->value_count = is_list ? (unsigned)json_array_size(value) : 1;
	for (unsigned i = 0; i < c->value_count; i++) {
		if (is_list)
			put_key(child, "%s/%u", key, i);
		else
			put_key(child, "%s", key);
		if (take_value(p, child, is_list ? json_array_get(value, i) : value,
			    &c->values[i]) < 0)
			return -1;
		if ((c->values[i] & ~(c->mask & width)) != 0)
			return FAIL(p, child,
				"no argument can equal 0x%llx here: it has bits that the mask or "
				"the width of the argument takes away",
				(unsigned long long)c->values[i]);
	}
	return 0;
}

static int
take_condition(struct parse *p, const char *key, const json_t *object, struct rule_text *text)
{
	static const struct member members[] = { { "arg", NULL }, { "eq", NULL }, { "in", NULL },
		{ "notIn", NULL }, { "mask", NULL }, { NULL, NULL } };
	static const char *const operators[] = { "eq", "in", "notIn" };
	struct rule *rule = &text->rule;
	struct rule_condition c = { .mask = UINT64_MAX,
		.values = text->values[rule->condition_count] };
	const json_t *argument, *mask, *value = NULL;
	char child[KEY_MAX];
	int which = -1, count = 0;

	if (take_object(p, key, object, members) < 0)
		return -1;
	argument = json_object_get(object, "arg");
	mask = json_object_get(object, "mask");
	for (int i = 0; i < 3; i++)
		if (json_object_get(object, operators[i]) != NULL) {
			value = json_object_get(object, operators[i]);
			which = i;
			count++;
		}
	if (argument == NULL || count != 1)
		return FAIL(p, key,
			"a condition has an \"arg\" and one of \"eq\", \"in\" and \"notIn\"");
	put_key(child, "%s/arg", key);
	if (find_argument(p, child, argument, text, &c) < 0)
		return -1;
	put_key(child, "%s/mask", key);
	if (mask != NULL && take_value(p, child, mask, &c.mask) < 0)
		return -1;
	if (mask != NULL && (c.mask == 0 || (!c.wide && c.mask > UINT32_MAX)))
		return FAIL(p, child, "the mask 0x%llx %s", (unsigned long long)c.mask,
			c.mask == 0 ? "looks at nothing"
				    : "has more than the 32 bits that the kernel uses of this "
				      "argument");
	put_key(child, "%s/%s", key, operators[which]);
	if (take_values(p, child, value, which != 0, &c) < 0)
		return -1;
	c.negated = which == 2;
	rule->conditions[rule->condition_count++] = c;
	return 0;
}

/* One more call of the rule; named twice is named once. */
static int
add_call(struct parse *p, const char *key, const char *name, struct rule_text *text)
{
	const struct call *call = call_by_name(name);
	char hint[CALL_HINT] = "";

	if (call == NULL)
		return FAIL(p, key, "unknown system call '%s'%s", name, call_hint(name, hint));
	for (size_t i = 0; i < text->call_count; i++)
		if (text->calls[i] == call)
			return 0;
	text->calls[text->call_count++] = call; /* the table has fewer than CALL_NUMBERS */
	/* A call that this architecture has not needs no rule there. */
	if (call_number(call) >= 0)
		text->numbers[text->rule.number_count++] = (uint16_t)call_number(call);
	return 0;
}

static int
take_calls(struct parse *p, const char *key, const json_t *object, struct rule_text *text)
{
	const json_t *names = json_object_get(object, "names");
	const json_t *lists = json_object_get(object, "groups");
	struct cordon_strings words = { 0 }, groups = { 0 };
	char child[KEY_MAX], hint[CALL_HINT] = "";
	int result = 0;

	put_key(child, "%s/names", key);
	if (names != NULL)
		result = take_strings(p, child, names, &words);
	for (size_t i = 0; i < words.count && result == 0; i++) {
		put_key(child, "%s/names/%zu", key, i);
		result = add_call(p, child, words.items[i], text);
	}
	put_key(child, "%s/groups", key);
	if (lists != NULL && result == 0)
		result = take_strings(p, child, lists, &groups);
	for (size_t i = 0; i < groups.count && result == 0; i++) {
		const char *const *member = call_group(groups.items[i]);

		put_key(child, "%s/groups/%zu", key, i);
		if (member == NULL)
			result = FAIL(p, child, "unknown group '%s'%s", groups.items[i],
				call_group_hint(groups.items[i], hint));
		for (; result == 0 && *member != NULL; member++)
			result = add_call(p, child, *member, text);
	}
	if (result == 0 && text->call_count == 0)
		result = FAIL(p, key, "a rule names calls, in \"names\" or \"groups\"");
	strings_finish(&words);
	strings_finish(&groups);
	return result;
}

static int
take_when(struct parse *p, const char *key, const json_t *when, struct rule_text *text)
{
	char child[KEY_MAX];

	if (!json_is_array(when) || json_array_size(when) == 0 ||
		json_array_size(when) > RULE_CONDITIONS)
		return FAIL(p, key,
			"\"when\" is a list of 1 to %d conditions, all of which must hold",
			RULE_CONDITIONS);
	for (size_t i = 0; i < json_array_size(when); i++) {
		put_key(child, "%s/%zu", key, i);
		if (take_condition(p, child, json_array_get(when, i), text) < 0)
			return -1;
	}
	return 0;
}

static int
take_rule_text(struct parse *p, const char *key, const json_t *object, struct rule_text *text)
{
	static const struct member members[] = { { "names", NULL }, { "groups", NULL },
		{ "action", NULL }, { "when", NULL }, { "quiet", NULL }, { NULL, NULL } };
	struct rule *rule = &text->rule;
	const json_t *why, *when, *quiet;
	char child[KEY_MAX];

	rule->numbers = text->numbers;
	if (take_object(p, key, object, members) < 0 || take_calls(p, key, object, text) < 0)
		return -1;
	put_key(child, "%s/action", key);
	if (json_object_get(object, "action") == NULL)
		return FAIL(p, key, "a rule has an \"action\"");
	if (take_action(p, child, json_object_get(object, "action"), rule) < 0)
		return -1;
	quiet = json_object_get(object, "quiet");
	put_key(child, "%s/quiet", key);
	if (quiet != NULL && (!json_is_boolean(quiet) || rule->action != RULE_ERRNO))
		return FAIL(
			p, child, "\"quiet\" is true or false, in a rule that answers an errno");
	rule->quiet = json_is_true(quiet);
	why = json_object_get(object, "why");
	rule->why = (char *)(uintptr_t)json_string_value(why); /* copied by rules_add */
	when = json_object_get(object, "when");
	put_key(child, "%s/when", key);
	if (when != NULL && take_when(p, child, when, text) < 0)
		return -1;
	return rules_add(&p->layer->rules, rule) < 0
		       ? FAIL(p, key, "there are more rules than can be held in memory")
		       : 0;
}

static int
take_rule(struct parse *p, const char *key, const json_t *object)
{
	struct rule_text *text = cordon_array(1, sizeof(*text));
	int result;

	if (text == NULL)
		return FAIL(p, key, "out of memory");
	result = take_rule_text(p, key, object, text);
	free(text);
	return result;
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
	uint64_t version;

	if (take_number(p, key, value, NULL, 0, UINT64_MAX, &version) == 0 && version == 1)
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
	if (*text == '\0' || strlen(text) > LAYER_NAME_MAX ||
		strspn(text, LAYER_NAME_BYTES) != strlen(text) || text[0] == '.')
		return FAIL(p, key, "a name has 1 to 64 letters, digits, '.', '_' or '-'");
	return 0;
}

static int
take_description(struct parse *p, const char *key, const json_t *value)
{
	return take_text(p, key, value, &p->layer->description);
}

/* A pin: the profile loads only while it comes out as what somebody looked at. */
static int
take_digest(struct parse *p, const char *key, const json_t *value)
{
	static const char prefix[] = "sha256:";
	const size_t length = sizeof(prefix) - 1;

	if (want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	if (json_string_length(value) != length + CORDON_DIGEST_HEX - 1 ||
		strncmp(json_string_value(value), prefix, length) != 0 ||
		strspn(json_string_value(value) + length, "0123456789abcdef") !=
			CORDON_DIGEST_HEX - 1)
		return FAIL(p, key, "a digest is \"sha256:\" and 64 hexadecimal digits");
	memcpy(p->layer->digest, json_string_value(value) + length, CORDON_DIGEST_HEX);
	return 0;
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

/* What "widens" can name: what a layer may only narrow, and the sections around it. */
static const char *const widenable[] = { "filesystem", "filesystem.workspace", "filesystem.read",
	"filesystem.write", "filesystem.protect", "filesystem.tmp", "filesystem.tmp.size",
	"filesystem.tmp.files", "filesystem.tmp.exec", "exec", "exec.allow", "network",
	"network.allow", "network.private", "network.limits", "network.default", "sockets", "proc",
	"environment", "environment.pass", "limits", "limits.memory", "limits.processes",
	"limits.wall", "limits.cpu", "limits.output", "limits.openFiles", "limits.fileSize",
	"limits.memoryEnforced", "syscalls", "syscalls.rules", "syscalls.default", "approvals",
	"mcp" };
#define WIDENABLE (sizeof(widenable) / sizeof(widenable[0]))

static int
take_widens(struct parse *p, const char *key, const json_t *value)
{
	char child[KEY_MAX];

	if (take_strings(p, key, value, &p->layer->widens) < 0)
		return -1;
	for (size_t i = 0; i < p->layer->widens.count; i++) {
		const char *entry = p->layer->widens.items[i];
		struct spelling s;
		size_t k = 0;
		char hint[CALL_HINT];

		spelling_start(&s, entry);
		while (k < WIDENABLE && strcmp(widenable[k], entry) != 0)
			spelling_try(&s, widenable[k++]);
		put_key(child, "%s/%zu", key, i);
		if (k == WIDENABLE)
			return FAIL(p, child, "'%s' is not a key that can be widened%s", entry,
				spelling_hint(&s, hint, sizeof(hint)));
	}
	return 0;
}

static int
take_top(struct parse *p, const json_t *root)
{
	static const struct member members[] = { { "$schema", take_any },
		{ "cordonProfile", take_version }, { "name", take_name },
		{ "description", take_description }, { "digest", take_digest },
		{ "extends", take_extends }, { "widens", take_widens },
		{ "filesystem", take_filesystem }, { "exec", take_exec },
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

/* Where the text is nested too deep, outside strings: looked at before jansson recurses. NULL: nowhere. */
static const char *
too_deep(const char *text, size_t size)
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
				return &text[i];
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		}
	}
	return NULL;
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
	const char *deep = too_deep(text, size);
	unsigned line, column;
	int result;

	if (size > TEXT_MAX)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "%s:1:1: a profile is at most 1 MiB long", file);
	if (deep != NULL) {
		layer_place(text, deep, &line, &column);
		return cordon_fail(err, CORDON_EINPUT, 0,
			"%s:%u:%u: a profile is nested at most %d levels deep", file, line, column,
			DEPTH_MAX);
	}
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
