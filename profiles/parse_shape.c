/* Keys and their addresses, types, and objects of which each key is known. */
#include "parse.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "spelling.h"

void
parse_key(char out[KEY_MAX], const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(out, KEY_MAX, fmt, arguments);
	va_end(arguments);
}

const char *
parse_type_name(const json_t *value)
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

int
parse_want(struct parse *p, const char *key, const json_t *value, int is, const char *what)
{
	if (is)
		return 0;
	return FAIL(p, key, "'%s' must be %s, not %s", key, what, parse_type_name(value));
}

static int
unknown_key(struct parse *p, const char *key, const char *child, const char *name,
	const struct parse_member *members)
{
	struct spelling s;
	char hint[CALL_HINT];

	spelling_start(&s, name);
	for (const struct parse_member *m = members; m->name != NULL; m++)
		spelling_try(&s, m->name);
	/* A name with a slash in it cannot be addressed. */
	return FAIL(p, strchr(name, '/') == NULL ? child : key, "unknown key '%s'%s", name,
		spelling_hint(&s, hint, sizeof(hint)));
}

int
parse_object(
	struct parse *p, const char *key, const json_t *object, const struct parse_member *members)
{
	const char *name;
	json_t *value;
	char child[KEY_MAX];

	if (parse_want(p, key, object, json_is_object(object), "an object") < 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const struct parse_member *m = members;

		parse_key(child, "%s%s%s", key, *key == '\0' ? "" : "/", name);
		if (strcmp(name, "why") == 0) {
			if (parse_want(p, child, value, json_is_string(value), "a string") < 0)
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
