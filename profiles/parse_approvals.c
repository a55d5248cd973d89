/* "approvals": rules over whole commands. Examples that stand beside a rule are tried here, so that a
 * profile whose rules do not mean what their author thought does not load. */
#include "parse.h"

#include <jansson.h>
#include <string.h>

#include "patterns.h"

#define ONE_OF_MAX 256

static int
take_decision(struct parse *p, const char *key, const json_t *value, enum cordon_decision *ret)
{
	/* In the order of enum cordon_decision. */
	static const char *const words[CORDON_DECISIONS] = { "refuse", "hold", "allow" };
	unsigned which;

	if (parse_word(p, key, value, words, CORDON_DECISIONS, "allow, hold or refuse", &which) < 0)
		return -1;
	*ret = (enum cordon_decision)which;
	return 0;
}

static int
take_default(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_approvals_default = 1;
	return take_decision(p, key, value, &p->layer->values.approvals.otherwise);
}

static int
take_no_approver(struct parse *p, const char *key, const json_t *value)
{
	static const char *const words[] = { "refuse", "wait" };
	unsigned which;

	if (parse_word(p, key, value, words, 2, "refuse or wait", &which) < 0)
		return -1;
	p->layer->has_no_approver = 1;
	p->layer->values.approvals.no_approver = (enum cordon_no_approver)which;
	return 0;
}

/* patterns */

static int
add_word(struct parse *p, const char *key, struct cordon_pattern *pattern,
	enum cordon_word_kind kind, char *const *texts, size_t count)
{
	return pattern_add(pattern, kind, texts, count) < 0 ? FAIL(p, key, "out of memory") : 0;
}

static int
take_one_of(struct parse *p, const char *key, const json_t *list, struct cordon_pattern *pattern)
{
	struct cordon_strings texts = { 0 };
	int result = parse_strings(p, key, list, &texts);

	if (result == 0 && (texts.count == 0 || texts.count > ONE_OF_MAX))
		result = FAIL(p, key, "\"oneOf\" is a list of 1 to %d words", ONE_OF_MAX);
	if (result == 0)
		result = add_word(p, key, pattern, CORDON_WORD_ONE_OF, texts.items, texts.count);
	strings_finish(&texts);
	return result;
}

static int
take_prefix(struct parse *p, const char *key, const json_t *value, struct cordon_pattern *pattern)
{
	char *text;

	if (parse_want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	text = (char *)(uintptr_t)json_string_value(value); /* copied by pattern_add */
	if (*text == '\0')
		return FAIL(p, key, "an empty prefix fits every word: write \"*\" for that");
	return add_word(p, key, pattern, CORDON_WORD_PREFIX, &text, 1);
}

static int
take_pattern_word(
	struct parse *p, const char *key, const json_t *value, struct cordon_pattern *pattern)
{
	static const struct parse_member members[] = { { "oneOf", NULL }, { "prefix", NULL },
		{ NULL, NULL } };
	const json_t *one_of = json_object_get(value, "oneOf");
	const json_t *prefix = json_object_get(value, "prefix");
	char child[KEY_MAX];
	char *text = (char *)(uintptr_t)json_string_value(value); /* copied by pattern_add */

	if (text != NULL && strcmp(text, "*") == 0)
		return add_word(p, key, pattern, CORDON_WORD_ANY, NULL, 0);
	if (text != NULL && strcmp(text, "...") == 0)
		return FAIL(p, key,
			"\"...\" can only be the last word; for the word itself write "
			"{\"oneOf\": [\"...\"]}");
	if (text != NULL)
		return add_word(p, key, pattern, CORDON_WORD_LITERAL, &text, 1);
	if (!json_is_object(value))
		return FAIL(p, key,
			"a word of a pattern is a string, {\"oneOf\": [...]} or {\"prefix\": \"...\"}, "
			"not %s",
			parse_type_name(value));
	if (parse_object(p, key, value, members) < 0)
		return -1;
	if ((one_of == NULL) == (prefix == NULL))
		return FAIL(p, key, "a word has either \"oneOf\" or \"prefix\"");
	parse_key(child, "%s/%s", key, one_of != NULL ? "oneOf" : "prefix");
	return one_of != NULL ? take_one_of(p, child, one_of, pattern)
			      : take_prefix(p, child, prefix, pattern);
}

static int
take_pattern(struct parse *p, const char *key, const json_t *list, struct cordon_pattern *pattern)
{
	size_t count = json_array_size(list);
	const char *last;
	char child[KEY_MAX];

	if (parse_want(p, key, list, json_is_array(list), "a list of words") < 0)
		return -1;
	last = count == 0 ? NULL : json_string_value(json_array_get(list, count - 1));
	pattern->open = last != NULL && strcmp(last, "...") == 0;
	count -= pattern->open != 0;
	if (count == 0 || count > CORDON_PATTERN_WORDS)
		return FAIL(p, key,
			"a pattern has 1 to %d words, of which the first is the program, and may "
			"end with \"...\"",
			CORDON_PATTERN_WORDS);
	for (size_t i = 0; i < count; i++) {
		parse_key(child, "%s/%zu", key, i);
		if (take_pattern_word(p, child, json_array_get(list, i), pattern) < 0)
			return -1;
	}
	return 0;
}

/* secrets */

static int
take_secret_word(struct parse *p, const char *key, const json_t *value, int after,
	struct cordon_exec_rule *rule)
{
	const char *text = json_string_value(value);
	struct cordon_pattern one = { 0 };
	int result;

	if (text != NULL && strcmp(text, "...") == 0)
		return FAIL(p, key,
			"\"...\" is no single word: every argument is \"*\", and the word itself "
			"{\"oneOf\": [\"...\"]}");
	result = take_pattern_word(p, key, value, &one);
	if (result == 0 && after && one.words[0].kind == CORDON_WORD_ANY)
		result = FAIL(p, key, "what follows any word is every argument: write \"*\"");
	if (result == 0 && one.words[0].kind == CORDON_WORD_ANY)
		result = secrets_add(rule, CORDON_WORD_ANY, 0, NULL) < 0
				 ? FAIL(p, key, "out of memory")
				 : 0;
	for (size_t i = 0; result == 0 && i < one.words[0].count; i++) {
		const enum cordon_word_kind kind = one.words[0].kind == CORDON_WORD_PREFIX
							   ? CORDON_WORD_PREFIX
							   : CORDON_WORD_LITERAL;

		if (rule->secret_count == CORDON_RULE_SECRETS)
			result = FAIL(p, key,
				"a rule marks at most %d words as secret, those of \"oneOf\" counted",
				CORDON_RULE_SECRETS);
		else if (secrets_add(rule, kind, after, one.words[0].texts[i]) < 0)
			result = FAIL(p, key, "out of memory");
	}
	pattern_finish(&one);
	return result;
}

static int
take_secret(struct parse *p, const char *key, const json_t *value, struct cordon_exec_rule *rule)
{
	static const struct parse_member members[] = { { "after", NULL }, { "oneOf", NULL },
		{ "prefix", NULL }, { NULL, NULL } };
	const json_t *after = json_object_get(value, "after");
	char child[KEY_MAX];

	if (!json_is_string(value) && !json_is_object(value))
		return FAIL(p, key,
			"what is secret is a string, {\"oneOf\": [...]}, {\"prefix\": \"...\"} or "
			"{\"after\": ...}, not %s",
			parse_type_name(value));
	if (json_is_object(value) && parse_object(p, key, value, members) < 0)
		return -1;
	if (json_is_object(value) && (after != NULL) + (json_object_get(value, "oneOf") != NULL) +
						     (json_object_get(value, "prefix") != NULL) !=
					     1)
		return FAIL(p, key, "a secret has one of \"after\", \"oneOf\" and \"prefix\"");
	if (after == NULL)
		return take_secret_word(p, key, value, 0, rule);
	parse_key(child, "%s/after", key);
	return take_secret_word(p, child, after, 1, rule);
}

static int
take_secrets(struct parse *p, const char *key, const json_t *list, struct cordon_exec_rule *rule)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	if (parse_want(p, key, list, json_is_array(list), "a list of words") < 0)
		return -1;
	if (json_array_size(list) == 0 || json_array_size(list) > CORDON_RULE_SECRETS)
		return FAIL(p, key, "\"secret\" is a list of 1 to %d words", CORDON_RULE_SECRETS);
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		parse_key(child, "%s/%zu", key, i);
		if (take_secret(p, child, item, rule) < 0)
			return -1;
	}
	return 0;
}

/* examples */

static int
fits(const struct cordon_pattern *pattern, const struct cordon_strings *argv)
{
	const struct cordon_program program = cordon_program(argv->items[0]);
	struct cordon_words words;

	cordon_words_init(&words, NULL, 0, argv->items + 1, argv->count - 1);
	return cordon_pattern_fits_program(pattern, &program) &&
	       cordon_pattern_fits_words(pattern, &words);
}

static int
try_example(struct parse *p, const char *key, const json_t *value,
	const struct cordon_pattern *pattern, int wanted)
{
	struct cordon_strings argv = { 0 };
	int result = parse_strings(p, key, value, &argv);

	if (result == 0 && argv.count == 0)
		result = FAIL(p, key, "an example is a command: at least one word");
	if (result == 0 && fits(pattern, &argv) != wanted)
		result = FAIL(p, key,
			wanted ? "this command should match its rule, and does not"
			       : "this command should not match its rule, and does");
	strings_finish(&argv);
	return result;
}

static int
try_examples(struct parse *p, const char *key, const json_t *object,
	const struct cordon_pattern *pattern)
{
	static const char *const lists[] = { "notMatch", "match" };
	static const struct parse_member members[] = { { "match", NULL }, { "notMatch", NULL },
		{ NULL, NULL } };
	char child[KEY_MAX], place[KEY_MAX];

	if (parse_object(p, key, object, members) < 0)
		return -1;
	for (int wanted = 0; wanted < 2; wanted++) {
		const json_t *list = json_object_get(object, lists[wanted]);
		size_t i;
		json_t *item;

		parse_key(child, "%s/%s", key, lists[wanted]);
		if (list == NULL)
			continue;
		if (parse_want(p, child, list, json_is_array(list), "a list of commands") < 0)
			return -1;
		json_array_foreach((json_t *)(uintptr_t)list, i, item)
		{
			parse_key(place, "%s/%s/%zu", key, lists[wanted], i);
			if (try_example(p, place, item, pattern, wanted) < 0)
				return -1;
		}
	}
	return 0;
}

/* rules */

static int
take_id(struct parse *p, const char *key, const json_t *value, struct cordon_exec_rule *rule)
{
	const char *text = json_string_value(value);

	if (parse_want(p, key, value, text != NULL, "a string") < 0)
		return -1;
	if (*text == '\0' || strlen(text) > CORDON_RULE_ID ||
		strspn(text, CORDON_RULE_ID_LETTERS) != strlen(text))
		return FAIL(p, key, "the id of a rule has 1 to %d letters, digits, '.', '_' or '-'",
			CORDON_RULE_ID);
	if (approvals_find(&p->layer->values.approvals, text) != NULL)
		return FAIL(p, key, "there is a rule '%s' already", text);
	rule->id = strdup(text);
	return rule->id == NULL ? FAIL(p, key, "out of memory") : 0;
}

static int
take_rule_text(
	struct parse *p, const char *key, const json_t *object, struct cordon_exec_rule *rule)
{
	static const struct parse_member members[] = { { "id", NULL }, { "argv", NULL },
		{ "decision", NULL }, { "secret", NULL }, { "examples", NULL }, { NULL, NULL } };
	const json_t *const decision = json_object_get(object, "decision");
	const json_t *const secret = json_object_get(object, "secret");
	const json_t *examples, *why;
	char child[KEY_MAX];

	if (parse_object(p, key, object, members) < 0)
		return -1;
	if (json_object_get(object, "id") == NULL || json_object_get(object, "argv") == NULL ||
		(decision == NULL && secret == NULL))
		return FAIL(p, key,
			"a rule has an \"id\", an \"argv\" and a \"decision\", or \"secret\" instead "
			"of that");
	parse_key(child, "%s/id", key);
	if (take_id(p, child, json_object_get(object, "id"), rule) < 0)
		return -1;
	parse_key(child, "%s/argv", key);
	if (take_pattern(p, child, json_object_get(object, "argv"), &rule->pattern) < 0)
		return -1;
	parse_key(child, "%s/decision", key);
	rule->only_marks = decision == NULL;
	if (decision != NULL && take_decision(p, child, decision, &rule->decision) < 0)
		return -1;
	parse_key(child, "%s/secret", key);
	if (secret != NULL && take_secrets(p, child, secret, rule) < 0)
		return -1;
	why = json_object_get(object, "why");
	if (why != NULL) {
		rule->why = strdup(json_string_value(why));
		if (rule->why == NULL)
			return FAIL(p, key, "out of memory");
	}
	examples = json_object_get(object, "examples");
	parse_key(child, "%s/examples", key);
	return examples == NULL ? 0 : try_examples(p, child, examples, &rule->pattern);
}

static int
take_rules(struct parse *p, const char *key, const json_t *list)
{
	struct cordon_approvals *approvals = &p->layer->values.approvals;
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	if (parse_want(p, key, list, json_is_array(list), "a list of rules") < 0)
		return -1;
	if (json_array_size(list) > CORDON_EXEC_RULES)
		return FAIL(
			p, key, "a profile has at most %d rules over commands", CORDON_EXEC_RULES);
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct cordon_exec_rule rule = { 0 };

		parse_key(child, "%s/%zu", key, i);
		if (take_rule_text(p, child, item, &rule) < 0) {
			exec_rule_finish(&rule);
			return -1;
		}
		if (approvals->secret_count + rule.secret_count > CORDON_SECRETS) {
			exec_rule_finish(&rule);
			return FAIL(p, child, "a profile marks at most %d words as secret",
				CORDON_SECRETS);
		}
		if (approvals_take(approvals, &rule) < 0)
			return FAIL(p, child, "out of memory");
	}
	return 0;
}

int
parse_approvals(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "default", take_default },
		{ "rules", take_rules }, { "noApprover", take_no_approver }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}
