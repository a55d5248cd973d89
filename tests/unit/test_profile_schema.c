/* The published JSON Schema and the parser say the same: what is shipped and what is shown is valid, and
 * mistakes are not. The validator here knows the keywords that the schema uses, and ends the test at one
 * that it does not know. */
#include <criterion/criterion.h>

#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/profile.h>

static json_t *schema;
static char trouble[256]; /* the first thing that is not valid */

static int valid(const json_t *rule, json_t *value);

static int
complain(const char *what, const json_t *rule)
{
	char *text = json_dumps(rule, JSON_COMPACT | JSON_ENCODE_ANY);

	if (trouble[0] == '\0')
		snprintf(trouble, sizeof(trouble), "%s: %s", what, text);
	free(text);
	return 0;
}

static int
is_type(const char *type, const json_t *value)
{
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value));
}

static int
has_type(const json_t *types, const json_t *value)
{
	size_t i;
	json_t *type;

	if (json_is_string(types))
		return is_type(json_string_value(types), value);
	json_array_foreach(types, i, type) if (is_type(json_string_value(type), value)) return 1;
	return 0;
}

static size_t
count_valid(const json_t *rules, json_t *value)
{
	char saved[sizeof(trouble)];
	size_t i, count = 0;
	json_t *rule;

	memcpy(saved, trouble, sizeof(saved));
	json_array_foreach(rules, i, rule) count += valid(rule, value) != 0;
	memcpy(trouble, saved, sizeof(saved));
	return count;
}

static int
matches(const char *pattern, const char *text)
{
	regex_t regex;
	int result;

	cr_assert(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0, "%s", pattern);
	result = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return result;
}

static int
is_one_of(const json_t *list, const json_t *value)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) if (json_equal(item, value)) return 1;
	return 0;
}

static int
members_are_valid(const json_t *rule, json_t *object)
{
	const json_t *known = json_object_get(rule, "properties");
	const json_t *names = json_object_get(rule, "propertyNames");
	const json_t *others = json_object_get(rule, "additionalProperties");
	const char *name;
	json_t *member;

	json_object_foreach(object, name, member)
	{
		const json_t *its = json_object_get(known, name);

		if (names != NULL) {
			json_t *as_string = json_string(name);
			const int is_valid = valid(names, as_string);

			json_decref(as_string);
			if (!is_valid)
				return 0;
		}
		if (its == NULL && json_is_false(others))
			return complain(name, rule);
		if (its != NULL ? !valid(its, member)
				: json_is_object(others) && !valid(others, member))
			return 0;
	}
	return 1;
}

static int
items_are_valid(const json_t *rule, json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) if (!valid(rule, item)) return 0;
	return 1;
}

static int
keyword_holds(const json_t *rule, const char *keyword, const json_t *k, json_t *value)
{
	size_t i;
	json_t *name;

	if (strcmp(keyword, "$ref") == 0) {
		const char *path = json_string_value(k);

		cr_assert(strncmp(path, "#/$defs/", 8) == 0);
		k = json_object_get(json_object_get(schema, "$defs"), path + 8);
		cr_assert(k != NULL, "%s", path);
		return valid(k, value);
	}
	if (strcmp(keyword, "type") == 0)
		return has_type(k, value);
	if (strcmp(keyword, "enum") == 0)
		return is_one_of(k, value);
	if (strcmp(keyword, "const") == 0)
		return json_equal(k, value);
	if (strcmp(keyword, "pattern") == 0)
		return !json_is_string(value) ||
		       matches(json_string_value(k), json_string_value(value));
	if (strcmp(keyword, "anyOf") == 0)
		return count_valid(k, value) > 0;
	if (strcmp(keyword, "oneOf") == 0)
		return count_valid(k, value) == 1;
	if (strcmp(keyword, "properties") == 0 || strcmp(keyword, "propertyNames") == 0 ||
		strcmp(keyword, "additionalProperties") == 0)
		return members_are_valid(rule, value);
	if (strcmp(keyword, "items") == 0)
		return items_are_valid(k, value);
	if (strcmp(keyword, "required") == 0) {
		json_array_foreach(k, i,
			name) if (json_object_get(value, json_string_value(name)) == NULL) return 0;
		return 1;
	}
	if (strcmp(keyword, "minItems") == 0)
		return !json_is_array(value) ||
		       json_array_size(value) >= (size_t)json_integer_value(k);
	if (strcmp(keyword, "maxItems") == 0)
		return !json_is_array(value) ||
		       json_array_size(value) <= (size_t)json_integer_value(k);
	if (strcmp(keyword, "minimum") == 0)
		return !json_is_integer(value) ||
		       json_integer_value(value) >= json_integer_value(k);
	if (strcmp(keyword, "maximum") == 0)
		return !json_is_integer(value) ||
		       json_integer_value(value) <= json_integer_value(k);
	cr_assert(strcmp(keyword, "$schema") == 0 || strcmp(keyword, "$id") == 0 ||
			  strcmp(keyword, "$defs") == 0 || strcmp(keyword, "title") == 0 ||
			  strcmp(keyword, "description") == 0,
		"the validator does not know '%s'", keyword);
	return 1;
}

static int
valid(const json_t *rule, json_t *value)
{
	const char *keyword;
	json_t *k;

	json_object_foreach((json_t *)rule, keyword,
		k) if (!keyword_holds(rule, keyword, k, value)) return complain(keyword, value);
	return 1;
}

static json_t *
load(const char *path)
{
	char whole[512];
	json_error_t where;
	json_t *root;

	snprintf(whole, sizeof(whole), "%s/profiles/%s", CORDON_SOURCE_DIR, path);
	root = json_load_file(whole, JSON_REJECT_DUPLICATES, &where);
	cr_assert(root != NULL, "%s: %s", whole, where.text);
	return root;
}

static void
load_schema(void)
{
	schema = load("schema/profile.schema.json");
}

static void
drop_schema(void)
{
	json_decref(schema);
}

TestSuite(profile_schema, .init = load_schema, .fini = drop_schema);

static const char *const names[] = { "default", "readonly", "strict", "build", "python", "node",
	"net-client", "web" };
#define NAMES (sizeof(names) / sizeof(names[0]))

Test(profile_schema, knows_all_that_the_library_says)
{
	for (size_t i = 0; i <= NAMES; i++) {
		char path[64];
		json_t *profile;

		snprintf(path, sizeof(path), "library/%s.json", i < NAMES ? names[i] : "floor");
		profile = load(path);
		cr_expect(valid(schema, profile), "%s: %s", path, trouble);
		json_decref(profile);
	}
}

Test(profile_schema, knows_all_that_show_prints)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };

	for (size_t i = 0; i < NAMES; i++) {
		struct cordon_error err = { 0 };
		struct cordon_profile *p = cordon_profile_load(&places, names[i], &err);
		char *text = cordon_profile_show(p);
		json_t *shown = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

		cr_expect(shown != NULL && valid(schema, shown), "%s: %s", names[i], trouble);
		json_decref(shown);
		free(text);
		cordon_profile_destroy(p);
	}
}

Test(profile_schema, refuses_what_the_parser_refuses)
{
	static const char *const wrong[] = { "{}", "{\"cordonProfile\": 2}",
		"{\"cordonProfile\": 1, \"filesytem\": {}}",
		"{\"cordonProfile\": 1, \"name\": \".x\"}",
		"{\"cordonProfile\": 1, \"widens\": [\"limit\"]}",
		"{\"cordonProfile\": 1, \"filesystem\": {\"workspace\": \"rw\"}}",
		"{\"cordonProfile\": 1, \"filesystem\": {\"read\": [\"usr\"]}}",
		"{\"cordonProfile\": 1, \"filesystem\": {\"write\": [{\"exec\": true}]}}",
		"{\"cordonProfile\": 1, \"environment\": {\"set\": {\"9\": \"1\"}}}",
		"{\"cordonProfile\": 1, \"limits\": {\"memory\": \"1X\"}}",
		"{\"cordonProfile\": 1, \"syscalls\": {\"default\": \"allow\"}}",
		"{\"cordonProfile\": 1, \"syscalls\": {\"rules\": [{\"action\": \"allow\"}]}}",
		"{\"cordonProfile\": 1, \"syscalls\": {\"rules\": [{\"names\": [\"read\"], "
		"\"action\": "
		"\"allow\", \"when\": [{\"arg\": 0, \"eq\": 1, \"in\": [1]}]}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"default\": \"ask\"}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"argv\": [\"a\"], \"decision\": "
		"\"hold\"}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a b\", \"argv\": "
		"[\"a\"], \"decision\": \"hold\"}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": [], "
		"\"decision\": \"hold\"}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": [\"a\", "
		"{\"prefix\": \"\"}], \"decision\": \"hold\"}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": "
		"[\"a\"]}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": [\"a\"], "
		"\"secret\": []}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": [\"a\"], "
		"\"secret\": [{\"after\": {\"after\": \"b\"}}]}]}}",
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": [\"a\"], "
		"\"secret\": [{\"after\": \"b\", \"prefix\": \"c\"}]}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"default\": \"allow\"}}",
		"{\"cordonProfile\": 1, \"network\": {\"allow\": [{\"ports\": [1]}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"allow\": [\"a.example\"]}}",
		"{\"cordonProfile\": 1, \"network\": {\"allow\": [{\"host\": \"[::1]\"}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"allow\": [{\"host\": \"a.example\", "
		"\"ports\": []}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"allow\": [{\"host\": \"a.example\", "
		"\"ports\": [0]}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"allow\": [{\"host\": \"a.example\", "
		"\"as\": \"tcp\"}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"refuse\": [{\"host\": \"a.example\", "
		"\"as\": \"tls\"}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"private\": [{\"address\": "
		"\"10.0.0.1\"}]}}",
		"{\"cordonProfile\": 1, \"network\": {\"limits\": {\"bytes\": 1}}}",
		"{\"cordonProfile\": 1, \"digest\": \"sha256:12\"}" };

	json_t *network = json_loads(
		"{\"cordonProfile\": 1, \"widens\": [\"network.limits.rate\"], \"network\": "
		"{\"default\": \"hold\", \"allow\": [{\"host\": \"*.a.example\", \"ports\": [1, "
		"\"0x50\"], \"as\": \"tls\", \"ech\": true, \"why\": \"w\"}, {\"host\": "
		"\"2606:4700::1111\"}], \"refuse\": [{\"host\": \"b\", \"ports\": [2], \"why\": "
		"\"w\"}], \"private\": [{\"address\": \"[fd00::1]:5432\", \"name\": \"c.test\", "
		"\"why\": \"w\"}, {\"address\": \"10.0.0.1:80\"}], \"limits\": {\"connections\": 1, "
		"\"rate\": 1, \"bytesOut\": \"1M\", \"bytesIn\": 1, \"names\": 1, \"why\": "
		"\"w\"}, \"why\": \"w\"}}",
		0, NULL);
	json_t *marks = json_loads(
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"a\", \"argv\": [\"a\"], "
		"\"secret\": [\"*\", \"a\", {\"oneOf\": [\"b\"]}, {\"prefix\": \"c\"}, {\"after\": \"d\"}, "
		"{\"why\": \"w\", \"after\": {\"oneOf\": [\"e\"]}}]}]}}",
		0, NULL);

	cr_expect(marks != NULL && valid(schema, marks), "%s", trouble);
	json_decref(marks);
	cr_expect(network != NULL && valid(schema, network), "%s", trouble);
	json_decref(network);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *profile = json_loads(wrong[i], 0, NULL);

		cr_expect(profile != NULL && !valid(schema, profile), "%s", wrong[i]);
		json_decref(profile);
	}
}
