/* "when": what a rule asks of the arguments of a call. */
#include "parse_conditions.h"

#include <jansson.h>
#include <string.h>

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
	return FAIL(p, key, "a value is a number or the name of a constant, not %s",
		parse_type_name(value));
}

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
		return parse_want(p, key, value, 0, "the name of an argument or its number");
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
			parse_key(child, "%s/%u", key, i);
		else
			parse_key(child, "%s", key);
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
	static const struct parse_member members[] = { { "arg", NULL }, { "eq", NULL },
		{ "in", NULL }, { "notIn", NULL }, { "mask", NULL }, { NULL, NULL } };
	static const char *const operators[] = { "eq", "in", "notIn" };
	struct rule *rule = &text->rule;
	struct rule_condition c = { .mask = UINT64_MAX,
		.values = text->values[rule->condition_count] };
	const json_t *argument, *mask, *value = NULL;
	char child[KEY_MAX];
	int which = -1, count = 0;

	if (parse_object(p, key, object, members) < 0)
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
	parse_key(child, "%s/arg", key);
	if (find_argument(p, child, argument, text, &c) < 0)
		return -1;
	parse_key(child, "%s/mask", key);
	if (mask != NULL && take_value(p, child, mask, &c.mask) < 0)
		return -1;
	if (mask != NULL && (c.mask == 0 || (!c.wide && c.mask > UINT32_MAX)))
		return FAIL(p, child, "the mask 0x%llx %s", (unsigned long long)c.mask,
			c.mask == 0 ? "looks at nothing"
				    : "has more than the 32 bits that the kernel uses of this "
				      "argument");
	parse_key(child, "%s/%s", key, operators[which]);
	if (take_values(p, child, value, which != 0, &c) < 0)
		return -1;
	c.negated = which == 2;
	rule->conditions[rule->condition_count++] = c;
	return 0;
}

int
parse_when(struct parse *p, const char *key, const json_t *when, struct rule_text *text)
{
	char child[KEY_MAX];

	if (!json_is_array(when) || json_array_size(when) == 0 ||
		json_array_size(when) > RULE_CONDITIONS)
		return FAIL(p, key,
			"\"when\" is a list of 1 to %d conditions, all of which must hold",
			RULE_CONDITIONS);
	for (size_t i = 0; i < json_array_size(when); i++) {
		parse_key(child, "%s/%zu", key, i);
		if (take_condition(p, child, json_array_get(when, i), text) < 0)
			return -1;
	}
	return 0;
}
