/* "sockets", "proc", "environment" and "limits": what the processes of a run have and may use. */
#include "parse.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <cordon/mem.h>

int
parse_sockets(struct parse *p, const char *key, const json_t *value)
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

int
parse_proc(struct parse *p, const char *key, const json_t *value)
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
	if (parse_strings(p, key, value, pass) < 0)
		return -1;
	for (size_t i = 0; i < pass->count; i++) {
		parse_key(child, "%s/%zu", key, i);
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

	if (parse_want(p, key, object, json_is_object(object), "an object of strings") < 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		CORDON_FREE char *pair = NULL;

		parse_key(child, "%s/%s", key, strchr(name, '/') == NULL ? name : "");
		if (!is_name(name))
			return FAIL(p, child,
				"'%s' is not the name of a variable (letters, digits and '_')",
				name);
		if (parse_want(p, child, value, json_is_string(value), "a string") < 0)
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

int
parse_environment(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "pass", take_pass }, { "set", take_set },
		{ NULL, NULL } };

	return parse_object(p, key, value, members);
}

/* limits */

#define LIMIT(field, flag, kind, min, max)                                              \
	static int take_##field(struct parse *p, const char *key, const json_t *value)  \
	{                                                                               \
		p->layer->flag = 1;                                                     \
		return parse_number(                                                    \
			p, key, value, kind, min, max, &p->layer->values.limits.field); \
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
	return parse_bool(p, key, value, &p->layer->values.limits.memory_enforced,
		&p->layer->has_memory_enforced);
}

int
parse_limits(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "memory", take_memory },
		{ "processes", take_processes }, { "wall", take_wall_ms }, { "cpu", take_cpu_ms },
		{ "output", take_output }, { "openFiles", take_open_files },
		{ "fileSize", take_file_size }, { "memoryEnforced", take_memory_enforced },
		{ NULL, NULL } };

	return parse_object(p, key, value, members);
}
