/* "filesystem" and "exec": what a run sees, writes and executes. */
#include "parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

static int
take_workspace(struct parse *p, const char *key, const json_t *value)
{
	static const char *const words[] = { "none", "read", "write" };

	if (parse_want(p, key, value, json_is_string(value), "a string") < 0)
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
	return parse_paths(p, key, value, &p->layer->values.read);
}

static int
take_write(struct parse *p, const char *key, const json_t *list)
{
	static const struct parse_member members[] = { { "path", NULL }, { "exec", NULL },
		{ NULL, NULL } };
	struct cordon_profile *values = &p->layer->values;
	size_t i;
	json_t *item;
	char child[KEY_MAX], path[PATH_MAX];

	if (parse_want(p, key, list, json_is_array(list), "a list") < 0)
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

		parse_key(child, "%s/%zu", key, i);
		if (json_is_object(item) && parse_object(p, child, item, members) < 0)
			return -1;
		if (name == NULL || !json_is_string(name))
			return FAIL(p, child, "an entry of '%s' must be a path or have a \"path\"",
				key);
		if (exec != NULL && !json_is_boolean(exec))
			return FAIL(p, child, "\"exec\" must be true or false");
		if (parse_path(p, child, json_string_value(name), path) < 0)
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
	return parse_below(p, key, value, &p->layer->values.hide);
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
	if (parse_below(p, key, value, list) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		parse_key(child, "%s/%zu", key, i);
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
	return parse_number(p, key, value, "size", 4096, 1ull << 50, &p->layer->values.tmp_size);
}

static int
take_tmp_files(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_tmp_files = 1;
	return parse_number(p, key, value, NULL, 16, 1u << 30, &p->layer->values.tmp_files);
}

static int
take_tmp_exec(struct parse *p, const char *key, const json_t *value)
{
	return parse_bool(p, key, value, &p->layer->values.tmp_exec, &p->layer->has_tmp_exec);
}

static int
take_tmp(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "size", take_tmp_size },
		{ "files", take_tmp_files }, { "exec", take_tmp_exec }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}

int
parse_filesystem(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "workspace", take_workspace },
		{ "read", take_read }, { "write", take_write }, { "hide", take_hide },
		{ "protect", take_protect }, { "tmp", take_tmp }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}

/* exec */

static int
take_exec_allow(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_strings raw = { 0 };
	int result = parse_strings(p, key, value, &raw);
	char child[KEY_MAX], path[PATH_MAX];

	p->layer->has_exec = 1;
	for (size_t i = 0; i < raw.count && result == 0; i++) {
		parse_key(child, "%s/%zu", key, i);
		if (strcmp(raw.items[i], "@workspace") == 0) {
			p->layer->values.workspace_exec = 1;
			continue;
		}
		result = parse_path(p, child, raw.items[i], path);
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

int
parse_exec(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "allow", take_exec_allow },
		{ "gate", take_gate }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}
