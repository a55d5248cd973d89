/* Sections that later builds enforce: accepted only where they ask for what is so anyway. */
#include "parse.h"

#include <jansson.h>
#include <string.h>

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

int
parse_network(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "default", take_refuse_word },
		{ "allow", take_empty_list }, { "refuse", take_empty_list },
		{ "private", take_empty_list }, { "limits", take_empty_object }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}

int
parse_mcp(struct parse *p, const char *key, const json_t *value)
{
	(void)value;
	return FAIL(p, key, "'mcp' is not enforced by this build yet");
}
