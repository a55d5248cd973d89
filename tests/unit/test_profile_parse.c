/* Every error of a profile's text has its place and one sentence. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"

#define P  "{\"cordonProfile\": 1,\n "
#define R  P "\"syscalls\": {\"rules\": [\n  "
#define A  P "\"approvals\": {\"rules\": [\n  "
#define E  "]}}"
#define S  A "{\"id\": \"a\", \"argv\": [\"a\"],\n \"secret\": "
#define W8 "\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\""

static const struct {
	const char *text, *error;
} wrong[] = {
	/* The text */
	{ "", "p.json:1:1: " },
	{ "[]", "p.json:1:1: a profile is a JSON object" },
	{ "{\n  \"name\": \"x\"\n}",
		"p.json:1:1: \"cordonProfile\": 1 is missing: is this a profile of cordon?" },
	{ "{\"cordonProfile\": 1,}", "p.json:1:21: " },
	{ P "\"name\": \"a\",\n\"name\": \"b\"}", "p.json:3:" },
	{ P "\"name\": \"a\" // no comments\n}", "p.json:2:" },
	{ P "\"name\": \"\\u0000\"}", "p.json:2:" },
	{ P "\"name\": \"\xff\"}", "p.json:2:" },
	{ "{\"cordonProfile\": 2}",
		"p.json:1:2: this build reads profiles of version 1 (\"cordonProfile\": 1)" },
	/* Keys and types */
	{ P "\"filesytem\": {}}",
		"p.json:2:2: unknown key 'filesytem'; did you mean 'filesystem'?" },
	{ P "\"filesystem\": []}", "p.json:2:2: 'filesystem' must be an object, not a list" },
	{ P "\"filesystem\": {\"rd\": 1}}", "p.json:2:17: unknown key 'rd'" },
	{ P "\"a/b\": 1}", "p.json:1:1: unknown key 'a/b'" },
	{ P "\"why\": 3}", "p.json:2:2: 'why' must be a string, not a number" },
	{ P "\"name\": \".hidden\"}",
		"p.json:2:2: a name has 1 to 64 letters, digits, '.', '_' or '-'" },
	{ P "\"name\": \"a b\"}", "p.json:2:2: a name has 1 to 64 letters" },
	{ P "\"digest\": \"sha256:12\"}",
		"p.json:2:2: a digest is \"sha256:\" and 64 hexadecimal digits" },
	{ P "\"extends\": \"default\"}",
		"p.json:2:2: 'extends' must be a list of strings, not a string" },
	{ P "\"extends\": [\"a\",\n  3]}",
		"p.json:3:3: 'extends/1' must be a string, not a number" },
	{ P "\"widens\": [\"network\", \"limit\"]}",
		"p.json:2:24: 'limit' is not a key that can be widened; did you mean 'limits'?" },
	/* filesystem */
	{ P "\"filesystem\": {\"workspace\": \"rw\"}}",
		"p.json:2:17: 'workspace' must be none, read or write, not 'rw'" },
	{ P "\"filesystem\": {\"workspace\": \"overlay\"}}",
		"p.json:2:17: 'overlay' is not enforced by this build yet" },
	{ P "\"filesystem\": {\"read\": [\"/usr\", \"etc\"]}}", "p.json:2:34: " },
	{ P "\"filesystem\": {\"read\": [\"/usr/../etc\"]}}", "p.json:2:26: " },
	{ P "\"filesystem\": {\"read\": [\"/\"]}}",
		"p.json:2:26: '/' as a whole cannot be granted; name what is needed" },
	{ P "\"filesystem\": {\"read\": [\"//./\"]}}",
		"p.json:2:26: '/' as a whole cannot be granted" },
	{ P "\"filesystem\": {\"write\": [{\"exec\": true}]}}",
		"p.json:2:27: an entry of 'filesystem/write' must be a path or have a \"path\"" },
	{ P "\"filesystem\": {\"write\": [{\"path\": \"/a\", \"exec\": 1}]}}",
		"p.json:2:27: \"exec\" must be true or false" },
	{ P "\"filesystem\": {\"write\": [{\"path\": \"/a\", \"mode\": 1}]}}",
		"p.json:2:42: unknown key 'mode'" },
	{ P "\"filesystem\": {\"hide\": [\"a\", \"/b\"]}}",
		"p.json:2:31: '/b' is not a path or pattern below the workspace" },
	{ P "\"filesystem\": {\"hide\": [\"../b\"]}}",
		"p.json:2:26: '../b' is not a path or pattern below the workspace" },
	{ P "\"filesystem\": {\"protect\": [\"*.sh\"]}}",
		"p.json:2:29: '*.sh' cannot be protected" },
	{ P "\"filesystem\": {\"protect\": [\"a/**\"]}}",
		"p.json:2:29: 'a/**' cannot be protected" },
	{ P "\"filesystem\": {\"protect\": [\"\"]}}",
		"p.json:2:29: '' is not a path or pattern below the workspace" },
	{ P "\"filesystem\": {\"tmp\": {\"size\": \"1X\"}}}", "p.json:2:25: " },
	{ P "\"filesystem\": {\"tmp\": {\"size\": 1}}}",
		"p.json:2:25: 'filesystem/tmp/size' must be from 4096 to" },
	{ P "\"filesystem\": {\"tmp\": {\"files\": -1}}}",
		"p.json:2:25: 'filesystem/tmp/files' must not be negative" },
	{ P "\"filesystem\": {\"tmp\": {\"exec\": \"yes\"}}}",
		"p.json:2:25: 'filesystem/tmp/exec' must be true or false, not a string" },
	/* What this build does not enforce */
	{ P "\"exec\": {\"gate\": \"judge\"}}",
		"p.json:2:11: the exec gate is not enforced by this build yet" },
	{ P "\"network\": {\"allow\": [{\"host\": \"a.example\"}]}}",
		"p.json:2:25: hosts cannot be named in the profiles that are read here" },
	{ P "\"mcp\": {}}", "p.json:2:2: 'mcp' is not enforced by this build yet" },
	{ P "\"sockets\": {\"connect\": [\"/run/x\"]}}",
		"p.json:2:2: connecting to sockets of the host is not enforced by this build yet" },
	{ P "\"sockets\": \"all\"}", "p.json:2:2: 'sockets' must be \"pair\" or \"inside\"" },
	{ P "\"proc\": \"host\"}", "p.json:2:2: 'proc' must be \"run\" or \"system\"" },
	/* environment, limits */
	{ P "\"environment\": {\"pass\": [\"A\", \"B=1\"]}}",
		"p.json:2:32: 'B=1' is not the name of a variable" },
	{ P "\"environment\": {\"pass\": [\"BASH_FUNC_x%%\"]}}",
		"p.json:2:27: 'BASH_FUNC_x%%' is not the name of a variable" },
	{ P "\"environment\": {\"set\": {\"A\": 1}}}",
		"p.json:2:26: 'environment/set/A' must be a string, not a number" },
	{ P "\"environment\": {\"set\": {\"9\": \"1\"}}}",
		"p.json:2:26: '9' is not the name of a variable" },
	{ P "\"limits\": {\"memory\": \"1K\"}}",
		"p.json:2:13: 'limits/memory' must be from 1048576 to" },
	{ P "\"limits\": {\"wall\": \"soon\"}}", "p.json:2:13: " },
	{ P "\"limits\": {\"processes\": 1.5}}",
		"p.json:2:13: 'limits/processes' must be a number" },
	/* Rules over commands */
	{ P "\"approvals\": {\"default\": \"ask\"}}",
		"p.json:2:16: 'approvals/default' must be allow, hold or refuse" },
	{ P "\"approvals\": {\"default\": 1}}",
		"p.json:2:16: 'approvals/default' must be allow, hold or refuse" },
	{ P "\"approvals\": {\"noApprover\": \"allow\"}}",
		"p.json:2:16: 'approvals/noApprover' must be refuse or wait" },
	{ P "\"approvals\": {\"rules\": {}}}",
		"p.json:2:16: 'approvals/rules' must be a list of rules, not an object" },
	{ P "\"approvals\": {\"rule\": []}}",
		"p.json:2:16: unknown key 'rule'; did you mean 'rules'?" },
	{ A "{}" E,
		"p.json:3:3: a rule has an \"id\", an \"argv\" and a \"decision\", or \"secret\" instead of that" },
	{ A "{\"argv\": [\"a\"], \"decision\": \"hold\"}" E, "p.json:3:3: a rule has an \"id\"" },
	{ A "{\"id\": \"a\", \"decision\": \"hold\"}" E, "p.json:3:3: a rule has an \"id\"" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\"]}" E, "p.json:3:3: a rule has an \"id\"" },
	{ A "{\"id\": \"a\", \"secret\": [\"a\"]}" E, "p.json:3:3: a rule has an \"id\"" },
	{ S "[]}" E, "p.json:4:2: \"secret\" is a list of 1 to 32 words" },
	{ S "\"a\"}" E,
		"p.json:4:2: 'approvals/rules/0/secret' must be a list of words, not a string" },
	{ S "[\"a\",\n  3]}" E,
		"p.json:5:3: what is secret is a string, {\"oneOf\": [...]}, {\"prefix\": \"...\"} or "
		"{\"after\": ...}, not a number" },
	{ S "[\"a\", \"...\"]}" E,
		"p.json:4:18: \"...\" is no single word: every argument is \"*\", and the word itself "
		"{\"oneOf\": [\"...\"]}" },
	{ S "[{\"after\": \"...\"}]}" E, "p.json:4:14: \"...\" is no single word" },
	{ S "[{\"after\": \"*\"}]}" E,
		"p.json:4:14: what follows any word is every argument: write \"*\"" },
	{ S "[{\"after\": 3}]}" E, "p.json:4:14: a word of a pattern is a string" },
	{ S "[{\"after\": {\"after\": \"a\"}}]}" E, "p.json:4:24: unknown key 'after'" },
	{ S "[{}]}" E, "p.json:4:13: a secret has one of \"after\", \"oneOf\" and \"prefix\"" },
	{ S "[{\"after\": \"a\", \"prefix\": \"b\"}]}" E,
		"p.json:4:13: a secret has one of \"after\"" },
	{ S "[{\"befor\": \"a\"}]}" E, "p.json:4:14: unknown key 'befor'" },
	{ S "[{\"prefix\": \"\"}]}" E, "p.json:4:14: an empty prefix fits every word" },
	{ S "[{\"oneOf\": []}]}" E, "p.json:4:14: \"oneOf\" is a list of 1 to 256 words" },
	{ S "[\"a\", {\"oneOf\": [" W8 "," W8 "," W8 "," W8 "]}]}" E,
		"p.json:4:18: a rule marks at most 32 words as secret, those of \"oneOf\" counted" },
	{ A "{\"id\": \"\", \"argv\": [\"a\"], \"decision\": \"hold\"}" E,
		"p.json:3:4: the id of a rule has 1 to 64 letters, digits, '.', '_' or '-'" },
	{ A "{\"id\": \"a b\", \"argv\": [\"a\"], \"decision\": \"hold\"}" E,
		"p.json:3:4: the id of a rule has" },
	{ A "{\"id\": 3, \"argv\": [\"a\"], \"decision\": \"hold\"}" E,
		"p.json:3:4: 'approvals/rules/0/id' must be a string, not a number" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\"], \"decision\": \"hold\"},\n"
	    "  {\"id\": \"a\", \"argv\": [\"b\"], \"decision\": \"hold\"}" E,
		"p.json:4:4: there is a rule 'a' already" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\"], \"decision\": \"deny\"}" E,
		"p.json:3:30: 'approvals/rules/0/decision' must be allow, hold or refuse" },
	{ A "{\"id\": \"a\", \"argv\": \"a\", \"decision\": \"hold\"}" E,
		"p.json:3:15: 'approvals/rules/0/argv' must be a list of words, not a string" },
	{ A "{\"id\": \"a\", \"argv\": [], \"decision\": \"hold\"}" E,
		"p.json:3:15: a pattern has 1 to 64 words" },
	{ A "{\"id\": \"a\", \"argv\": [\"...\"], \"decision\": \"hold\"}" E,
		"p.json:3:15: a pattern has 1 to 64 words, of which the first is the program" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\", \"...\", \"b\"], \"decision\": \"hold\"}" E,
		"p.json:3:29: \"...\" can only be the last word" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\", 7], \"decision\": \"hold\"}" E,
		"p.json:3:29: a word of a pattern is a string, {\"oneOf\": [...]} or "
		"{\"prefix\": \"...\"}, not a number" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\", {}], \"decision\": \"hold\"}" E,
		"p.json:3:29: a word has either \"oneOf\" or \"prefix\"" },
	{ A "{\"id\": \"a\", \"argv\": [{\"oneOf\": [\"a\"], \"prefix\": \"b\"}], \"decision\": "
	    "\"hold\"}" E,
		"p.json:3:24: a word has either \"oneOf\" or \"prefix\"" },
	{ A "{\"id\": \"a\", \"argv\": [{\"anyOf\": [\"a\"]}], \"decision\": \"hold\"}" E,
		"p.json:3:25: unknown key 'anyOf'; did you mean 'oneOf'?" },
	{ A "{\"id\": \"a\", \"argv\": [{\"oneOf\": []}], \"decision\": \"hold\"}" E,
		"p.json:3:25: \"oneOf\" is a list of 1 to 256 words" },
	{ A "{\"id\": \"a\", \"argv\": [{\"oneOf\": [\"a\", 1]}], \"decision\": \"hold\"}" E,
		"p.json:3:40: " },
	{ A "{\"id\": \"a\", \"argv\": [{\"prefix\": \"\"}], \"decision\": \"hold\"}" E,
		"p.json:3:25: an empty prefix fits every word: write \"*\" for that" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\"], \"decision\": \"hold\",\n \"examples\": {\"match\": "
	    "[[\"a\"], [\"a\", \"b\"]]}}" E,
		"p.json:4:32: this command should match its rule, and does not" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\", \"...\"], \"decision\": \"hold\",\n \"examples\": "
	    "{\"notMatch\": [[\"b\"],\n [\"/bin/a\"]]}}" E,
		"p.json:5:2: this command should not match its rule, and does" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\"], \"decision\": \"hold\",\n \"examples\": {\"match\": "
	    "[[]]}}" E,
		"p.json:4:25: an example is a command: at least one word" },
	{ A "{\"id\": \"a\", \"argv\": [\"a\"], \"decision\": \"hold\",\n \"examples\": {\"matches\": "
	    "[]}}" E,
		"p.json:4:15: unknown key 'matches'; did you mean 'match'?" },
	/* System calls */
	{ P "\"syscalls\": {\"default\": \"allow\"}}",
		"p.json:2:15: the default of system calls is an errno or \"kill\", never allow" },
	{ P "\"syscalls\": {\"default\": {\"errno\": \"EPRM\"}}}",
		"p.json:2:15: unknown errno 'EPRM'; did you mean 'EPERM'?" },
	{ R "{\"names\": [\"read\"]}" E, "p.json:3:3: a rule has an \"action\"" },
	{ R "{\"action\": \"allow\"}" E,
		"p.json:3:3: a rule names calls, in \"names\" or \"groups\"" },
	{ R "{\"names\": [], \"action\": \"allow\"}" E, "p.json:3:3: a rule names calls" },
	{ R "{\"names\": [\"read\",\n \"opennat\"], \"action\": \"allow\"}" E,
		"p.json:4:2: unknown system call 'opennat'; did you mean 'openat'?" },
	{ R "{\"groups\": [\"@mnt\"], \"action\": \"kill\"}" E,
		"p.json:3:15: unknown group '@mnt'; did you mean '@mount'?" },
	{ R "{\"names\": [\"read\"], \"action\": \"deny\"}" E,
		"p.json:3:23: an action is \"allow\", \"kill\" or {\"errno\": \"EPERM\"}" },
	{ R "{\"names\": [\"read\"], \"action\": \"notify\"}" E,
		"p.json:3:23: 'notify' is not enforced by this build yet" },
	{ R "{\"names\": [\"read\"], \"action\": \"allow\", \"quiet\": true}" E,
		"p.json:3:42: \"quiet\" is true or false, in a rule that answers an errno" },
	{ R "{\"names\": [\"read\"], \"action\": \"allow\", \"when\": []}" E,
		"p.json:3:42: \"when\" is a list of 1 to 6 conditions" },
	{ R "{\"names\": [\"read\"], \"action\": \"allow\", \"when\": [{\"arg\": \"fd\"}]}" E,
		"p.json:3:51: a condition has an \"arg\" and one of \"eq\", \"in\" and \"notIn\"" },
	{ R "{\"names\": [\"read\"], \"action\": \"allow\", \"when\": [{\"arg\": \"fd\", \"eq\": "
	    "1, \"in\": [1]}]}" E,
		"p.json:3:51: a condition has" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"domian\", "
	    "\"eq\": 1}]}" E,
		"p.json:3:54: 'socket' has no argument 'domian'; did you mean 'domain'?" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": 3, \"eq\": "
	    "1}]}" E,
		"p.json:3:54: 'socket' has 3 arguments, counted from 0" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": null, \"eq\": "
	    "1}]}" E,
		"p.json:3:54: 'syscalls/rules/0/when/0/arg' must be the name of an argument or its "
		"number, not null" },
	{ R "{\"names\": [\"openat\"], \"action\": \"allow\", \"when\": [{\"arg\": \"path\", "
	    "\"eq\": 1}]}" E,
		"p.json:3:54: argument 'path' of 'openat' is a pointer" },
	{ R "{\"names\": [\"chmod\", \"fchmodat\"], \"action\": \"allow\", \"when\": [{\"arg\": "
	    "\"mode\", \"eq\": 1}]}" E,
		"p.json:3:65: 'chmod' and 'fchmodat' have this argument at different places or "
		"widths" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"domain\", "
	    "\"eq\": \"AF_INIT\"}]}" E,
		"p.json:3:71: 'AF_INIT' is neither a number nor the name of a known constant; did "
		"you mean 'AF_INET'?" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"domain\", "
	    "\"eq\": true}]}" E,
		"p.json:3:71: a value is a number or the name of a constant, not true or false" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"domain\", "
	    "\"eq\": \"0x100000000\"}]}" E,
		"p.json:3:71: no argument can equal 0x100000000 here" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"type\", "
	    "\"mask\": \"0xf\", \"in\": [1, 16]}]}" E,
		"p.json:3:94: no argument can equal 0x10 here" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"type\", "
	    "\"mask\": 0, \"eq\": 0}]}" E,
		"p.json:3:69: the mask 0x0 looks at nothing" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"type\", "
	    "\"mask\": \"0x100000001\", \"eq\": 0}]}" E,
		"p.json:3:69: the mask 0x100000001 has more than the 32 bits" },
	{ R "{\"names\": [\"socket\"], \"action\": \"allow\", \"when\": [{\"arg\": \"type\", "
	    "\"notIn\": []}]}" E,
		"p.json:3:69: a list of 1 to 32 values is needed here" },
};

Test(profile_parse, every_mistake_is_named_with_its_place)
{
	const struct cordon_profile_places places = { .home = "/home/u" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cordon_error err = { 0 };
		struct layer layer;
		const int result = layer_parse(
			wrong[i].text, strlen(wrong[i].text), "p.json", &places, &layer, &err);

		cr_expect(result == -1, "accepted: %s", wrong[i].text);
		if (result == 0)
			layer_finish(&layer);
		cr_expect(err.code == CORDON_EINPUT);
		cr_expect(strncmp(err.text, wrong[i].error, strlen(wrong[i].error)) == 0,
			"%s\n  says   %s\n  wanted %s", wrong[i].text, err.text, wrong[i].error);
	}
}

static int
parse(const char *text, const char *home, struct layer *layer, struct cordon_error *err)
{
	const struct cordon_profile_places places = { .home = home };

	return layer_parse(text, strlen(text), "p.json", &places, layer, err);
}

Test(profile_parse, numbers_sizes_and_times_may_be_strings)
{
	struct cordon_error err = { 0 };
	struct layer layer;

	cr_assert(parse("{\"cordonProfile\": \"0x1\", \"limits\": {\"memory\": \"2G\", "
			"\"processes\": "
			"\"0x40\", \"wall\": \"15m\", \"cpu\": 1500, \"openFiles\": \"64\"}}",
			  NULL, &layer, &err) == 0,
		"%s", err.text);
	cr_expect(layer.values.limits.memory == 2ull << 30);
	cr_expect(layer.values.limits.processes == 64);
	cr_expect(layer.values.limits.wall_ms == 15 * 60 * 1000);
	cr_expect(layer.values.limits.cpu_ms == 1500);
	cr_expect(layer.values.limits.open_files == 64);
	layer_finish(&layer);
}

Test(profile_parse, the_tilde_is_the_callers_home_and_nothing_else)
{
	static const char text[] = "{\"cordonProfile\": 1, \"filesystem\": {\"read\": [\"~/x\"]}}";
	struct cordon_error err = { 0 };
	struct layer layer;

	cr_assert(parse(text, "/home/u", &layer, &err) == 0, "%s", err.text);
	cr_expect_str_eq(layer.values.read.items[0], "/home/u/x");
	layer_finish(&layer);
	cr_expect(parse(text, NULL, &layer, &err) == -1);
	cr_expect_str_eq(
		err.text, "p.json:1:46: '~/x' needs a home directory, and this caller has none");
	/* Another user's home is looked up nowhere. */
	cr_expect(parse("{\"cordonProfile\": 1, \"filesystem\": {\"read\": [\"~root/x\"]}}",
			  "/home/u", &layer, &err) == -1);
}

Test(profile_parse, depth_and_length_are_bounded_before_the_parser_recurses)
{
	struct cordon_error err = { 0 };
	struct layer layer;
	char *text = malloc((2u << 20) + 1);

	memset(text, '[', 40);
	text[40] = '\0';
	cr_expect(parse(text, NULL, &layer, &err) == -1);
	cr_expect_str_eq(err.text, "p.json:1:33: a profile is nested at most 32 levels deep");
	memset(text, ' ', 2u << 20);
	text[2u << 20] = '\0';
	cr_expect(parse(text, NULL, &layer, &err) == -1);
	cr_expect_str_eq(err.text, "p.json:1:1: a profile is at most 1 MiB long");
	free(text);
}

Test(profile_parse, why_is_allowed_everywhere)
{
	struct cordon_error err = { 0 };
	struct layer layer;

	cr_assert(
		parse("{\"cordonProfile\": 1, \"why\": \"w\", \"filesystem\": {\"why\": \"w\", "
		      "\"hide\": "
		      "[{\"path\": \"x\", \"why\": \"w\"}], \"write\": [{\"path\": \"/a\", "
		      "\"why\": "
		      "\"w\"}], \"tmp\": {\"why\": \"w\"}}, \"exec\": {\"why\": \"w\"}, "
		      "\"network\": "
		      "{\"why\": \"w\"}, \"environment\": {\"why\": \"w\"}, \"limits\": {\"why\": "
		      "\"w\"}, \"approvals\": {\"why\": \"w\"}, \"syscalls\": {\"why\": \"w\", "
		      "\"rules\": [{\"why\": \"w\", \"names\": [\"read\"], \"action\": \"kill\", "
		      "\"when\": [{\"why\": \"w\", \"arg\": 0, \"eq\": 1}]}]}}",
			NULL, &layer, &err) == 0,
		"%s", err.text);
	cr_expect_str_eq(layer.rules.items[0].why, "w");
	layer_finish(&layer);
}

Test(profile_parse, a_call_named_twice_is_named_once_and_in_order)
{
	struct cordon_error err = { 0 };
	struct layer layer;

	cr_assert(parse("{\"cordonProfile\": 1, \"syscalls\": {\"rules\": [{\"names\": [\"write\", "
			"\"read\", \"write\"], \"action\": \"kill\"}]}}",
			  NULL, &layer, &err) == 0);
	cr_expect(layer.rules.items[0].number_count == 2);
	cr_expect(layer.rules.items[0].numbers[0] < layer.rules.items[0].numbers[1]);
	layer_finish(&layer);
}
