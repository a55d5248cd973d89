/* Values that several keys have: strings, paths, numbers with or without a unit, true and false. */
#include "parse.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <cordon/path.h>
#include <cordon/text.h>

int
parse_strings(struct parse *p, const char *key, const json_t *list, struct cordon_strings *ret)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	if (parse_want(p, key, list, json_is_array(list), "a list of strings") < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		parse_key(child, "%s/%zu", key, i);
		if (parse_want(p, child, item, json_is_string(item), "a string") < 0)
			return -1;
		if (strlen(json_string_value(item)) != json_string_length(item))
			return FAIL(p, child, "a string contains a NUL character");
		if (strings_add(ret, json_string_value(item)) < 0)
			return FAIL(p, child, "out of memory");
	}
	return 0;
}

int
parse_path(struct parse *p, const char *key, const char *path, char out[PATH_MAX])
{
	char whole[PATH_MAX];
	struct cordon_error why = { 0 };

	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
		if (p->places->home == NULL)
			return FAIL(p, key, "'%s' needs a home directory, and this caller has none",
				path);
		if (snprintf(whole, sizeof(whole), "%s%s", p->places->home, path + 1) >=
			(int)sizeof(whole))
			return FAIL(p, key, "a path is too long");
		path = whole;
	}
	if (cordon_path_clean(path, out, &why) < 0)
		return FAIL(p, key, "%s", why.text);
	if (strcmp(out, "/") == 0)
		return FAIL(p, key, "'/' as a whole cannot be granted; name what is needed");
	return 0;
}

int
parse_paths(struct parse *p, const char *key, const json_t *list, struct cordon_strings *ret)
{
	struct cordon_strings raw = { 0 };
	int result = parse_strings(p, key, list, &raw);
	char child[KEY_MAX], path[PATH_MAX];

	for (size_t i = 0; i < raw.count && result == 0; i++) {
		parse_key(child, "%s/%zu", key, i);
		result = parse_path(p, child, raw.items[i], path);
		if (result == 0 && strings_add(ret, path) < 0)
			result = FAIL(p, child, "out of memory");
	}
	strings_finish(&raw);
	return result;
}

int
parse_below(struct parse *p, const char *key, const json_t *list, struct cordon_strings *ret)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX], absolute[PATH_MAX + 2], clean[PATH_MAX];
	struct cordon_error why = { 0 };

	if (parse_want(p, key, list, json_is_array(list), "a list") < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		const json_t *path = json_is_object(item) ? json_object_get(item, "path") : item;
		static const struct parse_member members[] = { { "path", NULL }, { NULL, NULL } };

		parse_key(child, "%s/%zu", key, i);
		if (json_is_object(item) && parse_object(p, child, item, members) < 0)
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

int
parse_number(struct parse *p, const char *key, const json_t *value, const char *kind, uint64_t min,
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
		return parse_want(p, key, value, 0, "a number");
	}
	if (number < min || number > max)
		return FAIL(p, key, "'%s' must be from %llu to %llu, not %llu", key,
			(unsigned long long)min, (unsigned long long)max,
			(unsigned long long)number);
	*ret = number;
	return 0;
}

int
parse_bool(struct parse *p, const char *key, const json_t *value, int *ret, int *ret_has)
{
	if (parse_want(p, key, value, json_is_boolean(value), "true or false") < 0)
		return -1;
	*ret = json_is_true(value);
	*ret_has = 1;
	return 0;
}

int
parse_word(struct parse *p, const char *key, const json_t *value, const char *const *words,
	unsigned count, const char *said, unsigned *ret)
{
	const char *text = json_string_value(value);

	for (unsigned i = 0; i < count && text != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			*ret = i;
			return 0;
		}
	return FAIL(p, key, "'%s' must be %s", key, said);
}
