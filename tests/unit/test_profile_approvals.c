/* Rules over commands: what a pattern fits, how layers add to them, and that they survive being shown and
 * embedded. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/profile.h>

#include "blob.h"
#include "layer.h"

static char directory[] = "/tmp/cordon-approvals-XXXXXX";
static struct cordon_profile_places places;
static struct cordon_error err;

static void
make_directory(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	cr_assert(mkdtemp(directory) != NULL);
	places = (struct cordon_profile_places){ .directories = { directory } };
	memset(&err, 0, sizeof(err));
}

static void
drop_directory(void)
{
	static const char *const names[] = { "base", "child", "grandchild", "shown" };
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s.json", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

TestSuite(profile_approvals, .init = make_directory, .fini = drop_directory, .timeout = 30);

static void
put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.json", directory, name);
	f = fopen(path, "w");
	cr_assert(f != NULL);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

/* A profile on "extends"; rest is what stands in "approvals". */
static void
put_approvals(const char *name, const char *extends, const char *more, const char *rest)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"{\"cordonProfile\": 1, \"extends\": [%s], \"name\": \"n\",%s\n\"approvals\": {%s}}",
		extends, more, rest);
	put(name, text);
}

static struct cordon_profile *
load(const char *name)
{
	struct cordon_profile *p = cordon_profile_load(&places, name, &err);

	cr_assert(p != NULL, "%s", err.text);
	return p;
}

static const char *
refusal(const char *name)
{
	struct cordon_profile *p = cordon_profile_load(&places, name, &err);

	cr_assert(p == NULL, "'%s' was accepted", name);
	return err.text + strlen(directory) + 1;
}

#define WORDS(...) ((char *const[]){ __VA_ARGS__, NULL })

/* Whether a pattern, as JSON, fits the words after the program. */
static int
fits(const char *pattern, char *const *words)
{
	struct cordon_words w;
	size_t count = 0;
	struct layer layer;
	char text[1024];
	int result;

	while (words[count] != NULL)
		count++;
	cordon_words_init(&w, NULL, 0, words, count);
	snprintf(text, sizeof(text),
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"r\", \"argv\": "
		"[\"p\"%s%s], \"decision\": \"hold\"}]}}",
		*pattern == '\0' ? "" : ", ", pattern);
	cr_assert(
		layer_parse(text, strlen(text), "p.json", NULL, &layer, &err) == 0, "%s", err.text);
	result = cordon_pattern_fits_words(&layer.values.approvals.rules[0].pattern, &w);
	/* The same words in two pieces. */
	for (size_t n = 1; n <= 2 && n <= count; n++) {
		const char *const front[] = { words[0], words[n - 1] };

		cordon_words_init(&w, front, n, words + n, count - n);
		cr_expect(cordon_pattern_fits_words(&layer.values.approvals.rules[0].pattern, &w) ==
			  result);
	}
	layer_finish(&layer);
	return result;
}

Test(profile_approvals, words_stand_for_themselves_and_all_of_them_count)
{
	char *const none[] = { NULL };

	cr_expect(fits("", none));
	cr_expect(!fits("", WORDS("a")));
	cr_expect(fits("\"a\", \"b\"", WORDS("a", "b")));
	cr_expect(!fits("\"a\", \"b\"", WORDS("a")));
	cr_expect(!fits("\"a\", \"b\"", WORDS("a", "b", "c")));
	cr_expect(!fits("\"a\"", WORDS("ab")));
	cr_expect(!fits("\"a\"", WORDS("A")));
	cr_expect(fits("\"\"", WORDS("")));
	cr_expect(!fits("\"\"", none));
	/* Long ones, which agree as far as is looked at first. */
	cr_expect(fits("\"12345678\"", WORDS("12345678")));
	cr_expect(!fits("\"12345678\"", WORDS("123456789")));
	cr_expect(!fits("\"12345678\"", WORDS("1234567")));
	cr_expect(!fits("\"1234567\"", WORDS("12345678")));
	cr_expect(fits("\"0123456789abcdefgh\"", WORDS("0123456789abcdefgh")));
	cr_expect(!fits("\"0123456789abcdefgh\"", WORDS("0123456789abcdefgi")));
	/* No slash is special behind the program. */
	cr_expect(!fits("\"a\"", WORDS("/bin/a")));
}

Test(profile_approvals, a_star_is_one_word_and_dots_are_any_rest)
{
	char *const none[] = { NULL };

	cr_expect(fits("\"*\"", WORDS("x")));
	cr_expect(fits("\"*\"", WORDS("")));
	cr_expect(!fits("\"*\"", none));
	cr_expect(!fits("\"*\"", WORDS("x", "y")));
	cr_expect(fits("\"...\"", none));
	cr_expect(fits("\"a\", \"...\"", WORDS("a")));
	cr_expect(fits("\"a\", \"...\"", WORDS("a", "b", "c")));
	cr_expect(!fits("\"a\", \"...\"", none));
	cr_expect(!fits("\"a\", \"...\"", WORDS("b", "a")));
	/* As words of a list they are only themselves. */
	cr_expect(fits("{\"oneOf\": [\"*\", \"...\"]}", WORDS("...")));
	cr_expect(!fits("{\"oneOf\": [\"*\", \"...\"]}", WORDS("x")));
	cr_expect(!fits("\"a*\"", WORDS("ab")), "a star inside a word is a star");
}

Test(profile_approvals, lists_and_prefixes)
{
	cr_expect(fits("{\"oneOf\": [\"push\", \"send-pack\"]}", WORDS("send-pack")));
	cr_expect(!fits("{\"oneOf\": [\"push\", \"send-pack\"]}", WORDS("pus")));
	cr_expect(fits("{\"prefix\": \"--force\"}", WORDS("--force")));
	cr_expect(fits("{\"prefix\": \"--force\"}", WORDS("--force-with-lease")));
	cr_expect(!fits("{\"prefix\": \"--force\"}", WORDS("--forc")));
	cr_expect(!fits("{\"prefix\": \"--force\"}", WORDS("x--force")));
	cr_expect(fits("{\"prefix\": \"12345678\"}", WORDS("12345678")));
	cr_expect(fits("{\"prefix\": \"12345678\"}", WORDS("123456789")));
	cr_expect(!fits("{\"prefix\": \"123456789\"}", WORDS("12345678")));
	cr_expect(!fits("{\"prefix\": \"123456789\"}", WORDS("123456780")));
	cr_expect(fits("{\"oneOf\": [\"\", \"0123456789abcdefgh\"]}", WORDS("")));
	cr_expect(
		!fits("{\"oneOf\": [\"\", \"0123456789abcdefgh\"]}", WORDS("0123456789abcdefgi")));
}

static int
fits_program(const char *word, const char *name, int bare)
{
	const struct cordon_program program = cordon_program(name);
	const struct cordon_pattern *pattern;
	struct layer layer;
	char text[512];
	int result;

	snprintf(text, sizeof(text),
		"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"r\", \"argv\": [%s], "
		"\"decision\": \"hold\"}]}}",
		word);
	cr_assert(
		layer_parse(text, strlen(text), "p.json", NULL, &layer, &err) == 0, "%s", err.text);
	pattern = &layer.values.approvals.rules[0].pattern;
	result = bare ? cordon_pattern_fits_argv0(pattern, &program)
		      : cordon_pattern_fits_program(pattern, &program);
	layer_finish(&layer);
	return result;
}

Test(profile_approvals, a19_a_name_is_compared_with_the_last_part_and_a_path_with_all)
{
	cr_expect(fits_program("\"git\"", "/usr/bin/git", 0));
	cr_expect(fits_program("\"git\"", "git", 0));
	cr_expect(!fits_program("\"git\"", "/usr/bin/git/x", 0));
	cr_expect(!fits_program("\"git\"", "/usr/bin/legit", 0));
	cr_expect(fits_program("\"/usr/bin/git\"", "/usr/bin/git", 0));
	cr_expect(!fits_program("\"/usr/bin/git\"", "/opt/usr/bin/git", 0));
	cr_expect(!fits_program("\"/usr/bin/git\"", "git", 0));
	cr_expect(fits_program("{\"prefix\": \"python\"}", "/usr/bin/python3.11", 0));
	cr_expect(fits_program("{\"prefix\": \"/usr/bin/\"}", "/usr/bin/git", 0));
	cr_expect(!fits_program("{\"prefix\": \"/usr/bin/\"}", "/usr/binx/git", 0));
	cr_expect(fits_program("{\"oneOf\": [\"/bin/x\", \"sh\"]}", "/bin/sh", 0));
	cr_expect(fits_program("\"*\"", "anything", 0));
	cr_expect(!fits_program("{\"prefix\": \".\"}", "./x", 0));
	cr_expect(fits_program("{\"prefix\": \"./\"}", "./x", 0));
	cr_expect(!fits_program("\"\"", "x", 0));
	/* A bare argv[0] may be the name of the program that a path means. */
	cr_expect(fits_program("\"/usr/bin/git\"", "git", 1));
	cr_expect(!fits_program("\"/usr/bin/git\"", "got", 1));
	cr_expect(!fits_program("\"/usr/bin/git\"", "/opt/git", 1));
	cr_expect(!fits_program("\"/usr/bin/git\"", "./git", 1));
}

Test(profile_approvals, nothing_fits_what_is_not_a_pattern)
{
	struct cordon_pattern_word word = { .kind = CORDON_WORD_KINDS };
	struct cordon_pattern pattern = { .words = &word, .count = 1 };
	const struct cordon_program program = cordon_program("a");
	struct cordon_words words;

	cr_expect(!cordon_pattern_fits_program(&pattern, &program));
	cr_expect(!cordon_pattern_fits_argv0(&pattern, &program));
	pattern.count = 0;
	pattern.open = 1;
	cr_expect(!cordon_pattern_fits_program(&pattern, &program));
	cordon_words_init(&words, NULL, 0, NULL, 0);
	cr_expect(!cordon_pattern_fits_words(&pattern, &words));
	cr_expect_str_eq(cordon_decision_name((enum cordon_decision)7), "refuse");
}

#define RULE(id, decision) "{\"id\": \"" id "\", \"argv\": [\"a\"], \"decision\": \"" decision "\"}"

Test(profile_approvals, what_is_not_said_is_allowed_and_nobody_is_waited_for)
{
	struct cordon_profile *p = load("default");

	cr_expect(p->approvals.otherwise == CORDON_ALLOW);
	cr_expect(p->approvals.no_approver == CORDON_NO_APPROVER_REFUSE);
	for (size_t i = 0; i < p->approvals.count; i++)
		cr_expect(p->approvals.rules[i].only_marks, "%s", p->approvals.rules[i].id);
	cordon_profile_destroy(p);
}

Test(profile_approvals, a_layer_adds_rules_that_hold_or_refuse)
{
	struct cordon_profile *p;

	put_approvals("base", "", "", "\"rules\": [" RULE("one", "hold") "]");
	put_approvals("child", "\"base\"", "",
		"\"default\": \"hold\", \"rules\": [" RULE("two", "refuse") "," RULE(
			"three", "hold") "]");
	p = load("child");
	cr_expect(p->approvals.count == 3 && p->approvals.otherwise == CORDON_HOLD);
	cr_expect_str_eq(p->approvals.rules[0].id, "one");
	cr_expect_str_eq(p->approvals.rules[2].id, "three");
	cr_expect(p->approvals.rules[1].decision == CORDON_REFUSE);
	cordon_profile_destroy(p);
}

Test(profile_approvals, what_goes_further_needs_widens)
{
	static const struct {
		const char *key, *rest, *place;
	} widenings[] = {
		{ "approvals.default", "\"default\": \"allow\"", "child.json:2:15: " },
		{ "approvals.rules", "\"rules\": [" RULE("x", "hold") ",\n" RULE("y", "allow") "]",
			"child.json:3:1: " },
		{ "approvals.noApprover", "\"noApprover\": \"wait\"", "child.json:2:15: " },
	};

	put_approvals("base", "", "", "\"default\": \"hold\"");
	for (size_t i = 0; i < sizeof(widenings) / sizeof(widenings[0]); i++) {
		const char *const wrong = i == 0 ? "approvals.rules" : "approvals.default";
		const char *said;
		char more[128];

		put_approvals("child", "\"base\"", "", widenings[i].rest);
		said = refusal("child");
		cr_expect(strncmp(said, widenings[i].place, strlen(widenings[i].place)) == 0, "%s",
			said);
		snprintf(more, sizeof(more), "add \"%s\" to \"widens\"", widenings[i].key);
		cr_expect(strstr(said, more) != NULL, "%s", said);
		snprintf(more, sizeof(more), "\"widens\": [\"%s\", \"exec\"],", wrong);
		put_approvals("child", "\"base\"", more, widenings[i].rest);
		(void)refusal("child");
		for (int whole = 0; whole < 2; whole++) {
			snprintf(more, sizeof(more), "\"widens\": [\"%s\"],",
				whole ? "approvals" : widenings[i].key);
			put_approvals("child", "\"base\"", more, widenings[i].rest);
			cordon_profile_destroy(load("child"));
		}
	}
}

Test(profile_approvals, an_id_stands_for_one_rule_in_all_layers)
{
	put_approvals("base", "", "", "\"rules\": [" RULE("one", "hold") "]");
	put_approvals("child", "\"base\"", "", "\"rules\": [" RULE("one", "refuse") "]");
	cr_expect_str_eq(refusal("child"),
		"child.json:2:25: what this profile extends has a rule 'one' already");
}

/* n rules of their own, over what is there. */
static void
put_many(const char *name, const char *extends, const char *letter, int n)
{
	char *text = malloc(200000), *at = text;

	at += sprintf(at, "{\"cordonProfile\": 1, \"extends\": [%s], \"approvals\": {\"rules\": [",
		extends);
	for (int i = 0; i < n; i++)
		at += sprintf(at, "%s{\"id\": \"%s%d\", \"argv\": [\"a\"], \"decision\": \"hold\"}",
			i == 0 ? "" : ",", letter, i);
	sprintf(at, "]}}");
	put(name, text);
	free(text);
}

Test(profile_approvals, there_are_at_most_1024_rules_and_64_words)
{
	char words[2048] = "", text[4096];
	struct layer layer;

	put_many("base", "", "a", 1024);
	cordon_profile_destroy(load("base"));
	put_many("base", "", "a", 1025);
	cr_expect(strstr(refusal("base"), "at most 1024 rules") != NULL, "%s", err.text);
	put_many("base", "", "a", 600);
	put_many("child", "\"base\"", "b", 424);
	cordon_profile_destroy(load("child"));
	put_many("child", "\"base\"", "b", 425);
	cr_expect(strstr(refusal("child"), "more than 1024 rules") != NULL, "%s", err.text);

	for (int i = 0; i < 64; i++)
		strcat(words, "\"w\", ");
	for (int more = 0; more < 2; more++) {
		snprintf(text, sizeof(text),
			"{\"cordonProfile\": 1, \"approvals\": {\"rules\": [{\"id\": \"r\", "
			"\"decision\": \"hold\", \"argv\": [%s%s\"...\"]}]}}",
			words, more ? "\"w\", " : "");
		if (!more) {
			cr_assert(layer_parse(text, strlen(text), "p", NULL, &layer, &err) == 0);
			layer_finish(&layer);
		} else {
			cr_assert(layer_parse(text, strlen(text), "p", NULL, &layer, &err) < 0);
		}
	}
}

#define ALL                                                                                        \
	"\"default\": \"hold\", \"noApprover\": \"wait\", \"rules\": [{\"id\": \"a.1\", \"why\": " \
	"\"because \\\"x\\\"\", \"argv\": [{\"oneOf\": [\"*\", \"...\", \"\\u00e9\"]}, \"*\", "    \
	"{\"prefix\": \"p\"}, \"\", \"...\"], \"decision\": \"allow\"}, {\"id\": \"B_2\", "        \
	"\"argv\": [\"a\"], \"decision\": \"refuse\", \"examples\": {\"match\": [[\"/x/a\"]], "    \
	"\"notMatch\": [[\"b\"]]}}]"

Test(profile_approvals, what_show_prints_loads_to_the_same_digest)
{
	struct cordon_profile *p, *again;
	char *text, *second;

	put_approvals("base", "", "", ALL);
	p = load("base");
	text = cordon_profile_show(p);
	put("shown", text);
	again = load("shown");
	second = cordon_profile_show(again);

	cr_expect(memcmp(p->digest, again->digest, sizeof(p->digest)) == 0);
	cr_expect_str_eq(text, second);
	cr_expect_str_eq(again->approvals.rules[0].why, "because \"x\"");
	cr_expect(
		again->approvals.rules[0].pattern.open && !again->approvals.rules[1].pattern.open);
	free(text);
	free(second);
	cordon_profile_destroy(p);
	cordon_profile_destroy(again);
}

Test(profile_approvals, embedding_keeps_every_rule)
{
	struct cordon_profile *p, *back;
	struct cordon_writer w;
	char *text, *second;

	put_approvals("base", "", "", ALL);
	p = load("base");
	cordon_writer_init(&w, 4u << 20);
	blob_write(p, &w);
	back = blob_read(w.data, w.size);
	cr_assert(back != NULL);
	text = cordon_profile_show(p);
	second = cordon_profile_show(back);

	cr_expect_str_eq(text, second);
	for (size_t size = 0; size < w.size; size++) {
		uint8_t *copy = malloc(size + 1);

		memcpy(copy, w.data, size);
		cr_expect(blob_read(copy, size) == NULL);
		free(copy);
	}
	free(text);
	free(second);
	cordon_writer_finish(&w);
	cordon_profile_destroy(p);
	cordon_profile_destroy(back);
}

/* Each part of each rule decides, or names what decided. */
Test(profile_approvals, the_digest_covers_all_but_the_reasons)
{
	static const char base[] =
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"p\", \"q\"], \"decision\": \"hold\"}]";
	static const char *const others[] = {
		"\"rules\": []",
		"\"default\": \"hold\", \"rules\": [{\"id\": \"a\", \"argv\": [\"p\", \"q\"], "
		"\"decision\": \"hold\"}]",
		"\"noApprover\": \"wait\", \"rules\": [{\"id\": \"a\", \"argv\": [\"p\", \"q\"], "
		"\"decision\": \"hold\"}]",
		"\"rules\": [{\"id\": \"b\", \"argv\": [\"p\", \"q\"], \"decision\": \"hold\"}]",
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"p\", \"q\"], \"decision\": \"refuse\"}]",
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"p\", \"q\", \"...\"], \"decision\": "
		"\"hold\"}]",
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"pq\", \"\"], \"decision\": \"hold\"}]",
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"p\", \"*\"], \"decision\": \"hold\"}]",
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"p\", {\"prefix\": \"q\"}], \"decision\": "
		"\"hold\"}]",
		"\"rules\": [{\"id\": \"a\", \"argv\": [\"p\", {\"oneOf\": [\"q\"]}], "
		"\"decision\": \"hold\"}]",
	};
	struct cordon_profile *p, *q;

	put_approvals("base", "", "", base);
	p = load("base");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		put_approvals("child", "", "", others[i]);
		q = load("child");
		cr_expect(memcmp(p->digest, q->digest, sizeof(p->digest)) != 0, "%s", others[i]);
		cordon_profile_destroy(q);
	}
	put_approvals("child", "", "",
		"\"why\": \"w\", \"rules\": [{\"why\": \"w\", \"id\": \"a\", \"argv\": [\"p\", "
		"\"q\"], \"decision\": \"hold\", \"examples\": {\"match\": [[\"p\", \"q\"]]}}]");
	q = load("child");
	cr_expect(memcmp(p->digest, q->digest, sizeof(p->digest)) == 0);
	cordon_profile_destroy(q);
	cordon_profile_destroy(p);
}
