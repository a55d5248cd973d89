/* "syscalls": the default and the rules. */
#include "parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "calls.h"
#include "parse_conditions.h"

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

	parse_key(child, "%s/names", key);
	if (names != NULL)
		result = parse_strings(p, child, names, &words);
	for (size_t i = 0; i < words.count && result == 0; i++) {
		parse_key(child, "%s/names/%zu", key, i);
		result = add_call(p, child, words.items[i], text);
	}
	parse_key(child, "%s/groups", key);
	if (lists != NULL && result == 0)
		result = parse_strings(p, child, lists, &groups);
	for (size_t i = 0; i < groups.count && result == 0; i++) {
		const char *const *member = call_group(groups.items[i]);

		parse_key(child, "%s/groups/%zu", key, i);
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
take_rule_text(struct parse *p, const char *key, const json_t *object, struct rule_text *text)
{
	static const struct parse_member members[] = { { "names", NULL }, { "groups", NULL },
		{ "action", NULL }, { "when", NULL }, { "quiet", NULL }, { NULL, NULL } };
	struct rule *rule = &text->rule;
	const json_t *why, *when, *quiet;
	char child[KEY_MAX];

	rule->numbers = text->numbers;
	if (parse_object(p, key, object, members) < 0 || take_calls(p, key, object, text) < 0)
		return -1;
	parse_key(child, "%s/action", key);
	if (json_object_get(object, "action") == NULL)
		return FAIL(p, key, "a rule has an \"action\"");
	if (take_action(p, child, json_object_get(object, "action"), rule) < 0)
		return -1;
	quiet = json_object_get(object, "quiet");
	parse_key(child, "%s/quiet", key);
	if (quiet != NULL && (!json_is_boolean(quiet) || rule->action != RULE_ERRNO))
		return FAIL(
			p, child, "\"quiet\" is true or false, in a rule that answers an errno");
	rule->quiet = json_is_true(quiet);
	why = json_object_get(object, "why");
	rule->why = (char *)(uintptr_t)json_string_value(why); /* copied by rules_add */
	when = json_object_get(object, "when");
	parse_key(child, "%s/when", key);
	if (when != NULL && parse_when(p, child, when, text) < 0)
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

	if (parse_want(p, key, list, json_is_array(list), "a list of rules") < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		parse_key(child, "%s/%zu", key, i);
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

int
parse_syscalls(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "default", take_default },
		{ "rules", take_rules }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}
