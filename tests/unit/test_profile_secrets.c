/* Arguments that a rule marks as secret (A36): which they are, by which rules, and that layers, the shown form and
 * the embedded one keep the marks. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/profile.h>

#include "blob.h"
#include "layer.h"

static char directory[] = "/tmp/cordon-secrets-XXXXXX";
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
	static const char *const names[] = { "base", "child", "shown" };
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s.json", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

TestSuite(profile_secrets, .init = make_directory, .fini = drop_directory, .timeout = 60);

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

static void
put_rules(const char *name, const char *extends, const char *more, const char *rules)
{
	char *text = malloc(strlen(rules) + 512);

	sprintf(text,
		"{\"cordonProfile\": 1, \"extends\": [%s], \"name\": \"n\",%s\n"
		"\"approvals\": {\"rules\": [%s]}}",
		extends, more, rules);
	put(name, text);
	free(text);
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

static struct layer
parse_rules(const char *rules)
{
	char *text = malloc(strlen(rules) + 128);
	struct layer layer;

	sprintf(text, "{\"cordonProfile\": 1, \"approvals\": {\"rules\": [%s]}}", rules);
	cr_assert(
		layer_parse(text, strlen(text), "p.json", NULL, &layer, &err) == 0, "%s", err.text);
	free(text);
	return layer;
}

static struct cordon_command
command_of(char *const *argv)
{
	struct cordon_command c = { .files = { cordon_program(argv[0]), cordon_program(argv[0]) },
		.argv0 = cordon_program(argv[0]),
		.has_argv0 = 1 };
	size_t count = 0;

	while (argv[1 + count] != NULL)
		count++;
	cordon_words_init(&c.words, NULL, 0, argv + 1, count);
	return c;
}

/* One letter for each word: 's' for a secret, '.' for another. */
static const char *
marks(const char *rules, const struct cordon_command *commands, size_t count)
{
	static char words[128];
	const size_t argc = 1 + commands[0].words.rest_count;
	struct layer layer = parse_rules(rules);
	uint64_t bits[2] = { UINT64_MAX, UINT64_MAX };
	size_t found = 0, said;

	cr_assert(argc <= 128);
	said = cordon_secrets_find(&layer.values.approvals, commands, count, bits);
	for (size_t i = 0; i < argc; i++) {
		words[i] = (bits[i / 64] >> i % 64 & 1) != 0 ? 's' : '.';
		found += words[i] == 's';
	}
	words[argc] = '\0';
	cr_expect(said == found);
	layer_finish(&layer);
	return words;
}

#define RULE(id, argv, more) "{\"id\": \"" id "\", \"argv\": [" argv "]," more "}"
#define MARKS(secret)        "\"secret\": [" secret "]"

#define IS(secret, words, ...)                                                                    \
	do {                                                                                      \
		char *const argv[] = { __VA_ARGS__, NULL };                                       \
		const struct cordon_command c = command_of(argv);                                 \
		const char *got = marks(RULE("r", "\"p\", \"...\"", MARKS(secret)), &c, 1);       \
		cr_expect(                                                                        \
			strcmp(got, words) == 0, "%s: '%s' instead of '%s'", secret, got, words); \
	} while (0)

Test(profile_secrets, a_mark_is_a_word_or_what_follows_one)
{
	IS("{\"prefix\": \"--password=\"}", ".s.s", "p", "--password=x", "--passwd=x",
		"--password=");
	IS("{\"prefix\": \"-p\"}", ".ss.", "p", "-p", "-px", "-P");
	IS("{\"after\": \"--token\"}", "..s.", "p", "--token", "x", "y");
	IS("{\"after\": \"--token\"}", "..", "p", "--token");
	IS("{\"after\": \"--token\"}", "..ss", "p", "--token", "--token", "x");
	IS("{\"after\": {\"oneOf\": [\"-u\", \"--user\", \"*\"]}}", "..s.s.s", "p", "-u", "a",
		"--user", "b", "*", "c");
	IS("{\"after\": {\"prefix\": \"--tok\"}}", "..s", "p", "--toke", "x");
	IS("\"x\"", ".s.", "p", "x", "xx");
	IS("{\"oneOf\": [\"a\", \"...\"]}", ".s.s", "p", "a", "b", "...");
	IS("\"*\"", ".ss", "p", "a", "");
	IS("\"\"", ".s.", "p", "", "a");
	IS("{\"prefix\": \"a\"}, {\"after\": \"b\"}, \"c\"", ".s.ss.", "p", "ab", "b", "x", "c",
		"d");
	IS("{\"prefix\": \"\\u00e9\"}", ".s.", "p", "\xc3\xa9x", "\xe9x");
}

/* It says which program runs, and is anybody's choice: a name must not hide the word behind it. */
Test(profile_secrets, argv0_is_no_argument)
{
	char *const argv[] = { "p", "x", NULL }, *const alone[] = { "p", NULL };
	const struct cordon_command c = command_of(argv), bare = command_of(alone);

	cr_expect_str_eq(
		marks(RULE("r", "\"p\", \"...\"", MARKS("{\"after\": \"p\"}")), &c, 1), "..");
	cr_expect_str_eq(marks(RULE("r", "\"p\", \"...\"", MARKS("\"p\"")), &c, 1), "..");
	cr_expect_str_eq(
		marks(RULE("r", "\"p\", \"...\"", MARKS("{\"prefix\": \"p\"}")), &c, 1), "..");
	cr_expect_str_eq(marks(RULE("r", "\"p\", \"...\"", MARKS("\"*\"")), &c, 1), ".s");
	cr_expect_str_eq(marks(RULE("r", "\"p\", \"...\"", MARKS("\"*\"")), &bare, 1), ".");
}

Test(profile_secrets, all_rules_that_fit_count_whatever_they_decide)
{
	char *const argv[] = { "git", "push", "a", "b", "c", "d", NULL };
	const struct cordon_command c = command_of(argv);

	cr_expect_str_eq(marks(RULE("r", "\"git\", \"push\", \"...\"",
				       "\"decision\": \"refuse\", " MARKS("\"a\"")) "," RULE("h",
				       "\"git\", \"...\"",
				       "\"decision\": \"hold\", " MARKS("\"b\"")) "," RULE("l",
				       "\"*\", \"...\"",
				       "\"decision\": \"allow\", " MARKS("\"c\"")) "," RULE("m",
				       "\"git\", \"push\", \"...\"", MARKS("\"d\"")),
				 &c, 1),
		"..ssss");
	cr_expect_str_eq(marks(RULE("o", "\"got\", \"...\"", MARKS("\"a\"")) "," RULE("w",
				       "\"git\", \"pull\", \"...\"", MARKS("\"b\"")) "," RULE("n",
				       "\"git\", \"push\"", MARKS("\"*\"")) "," RULE("y",
				       "\"git\", \"...\"", MARKS("\"d\"")),
				 &c, 1),
		".....s");
}

/* A19: a program has several names; one that fits is enough. */
Test(profile_secrets, a19_any_name_of_the_program_is_enough)
{
	char *const argv[] = { "x", "a", NULL };
	struct cordon_command c = command_of(argv);
	static const char rule[] = RULE("r", "\"git\", \"...\"", MARKS("\"a\""));

	cr_expect_str_eq(marks(rule, &c, 1), "..");
	c.files[0] = cordon_program("/usr/bin/git");
	cr_expect_str_eq(marks(rule, &c, 1), ".s");
	c.files[0] = cordon_program("/w/x");
	c.files[1] = cordon_program("/usr/bin/git");
	cr_expect_str_eq(marks(rule, &c, 1), ".s");
	c.files[1] = cordon_program("/w/x");
	c.argv0 = cordon_program("git");
	cr_expect_str_eq(marks(rule, &c, 1), ".s");
	c.has_argv0 = 0;
	cr_expect_str_eq(marks(rule, &c, 1), "..");
}

/* "#!/usr/bin/tool -t": what the kernel makes of a script is a command, too. */
Test(profile_secrets, of_a_script_both_command_lines_count)
{
	char *const argv[] = { "./s", "a", "b", NULL };
	struct cordon_command c[2] = { command_of(argv), command_of(argv) };
	const char *const front[] = { "-t", "/w/s" };

	c[1].files[0] = c[1].files[1] = cordon_program("/usr/bin/tool");
	c[1].has_argv0 = 0;
	cordon_words_init(&c[1].words, front, 2, argv + 1, 2);
	cr_expect_str_eq(
		marks(RULE("r", "\"tool\", \"-t\", \"/w/s\", \"...\"", MARKS("\"b\"")), c, 2),
		"..s");
	cr_expect_str_eq(marks(RULE("r", "\"s\", \"...\"", MARKS("\"b\"")), c, 2), "..s");
	cr_expect_str_eq(marks(RULE("r", "\"tool\", \"a\", \"...\"", MARKS("\"b\"")), c, 2), "...");
	cr_expect_str_eq(
		marks(RULE("r", "\"tool\", \"...\"", MARKS("{\"after\": \"/w/s\"}")), c, 2), ".s.");
	cr_expect_str_eq(
		marks(RULE("r", "\"tool\", \"...\"", MARKS("{\"after\": \"-t\"}")), c, 2), "...");
}

/* What the look-up promises, one comparison after the other. */
static int
is_secret(const struct cordon_approvals *approvals, const struct cordon_command *c, size_t i)
{
	for (size_t r = 0; r < approvals->count; r++) {
		const struct cordon_exec_rule *rule = &approvals->rules[r];

		if (!cordon_pattern_fits_command(&rule->pattern, c))
			continue;
		for (size_t k = 0; k < rule->secret_count; k++) {
			const struct cordon_secret *s = &rule->secrets[k];
			const char *word = s->after ? (i == 0 ? NULL : c->words.rest[i - 1])
						    : c->words.rest[i];

			if (s->kind == CORDON_WORD_ANY ||
				(word != NULL && (s->kind == CORDON_WORD_PREFIX
								 ? strncmp(word, s->text,
									   strlen(s->text)) == 0
								 : strcmp(word, s->text) == 0)))
				return 1;
		}
	}
	return 0;
}

static unsigned
draw(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % below;
}

/* Over few letters, so that words are equal, or begin as others do, all the time. */
static void
draw_word(uint64_t *state, unsigned longest, char out[8])
{
	const unsigned length = draw(state, longest + 1);

	for (unsigned i = 0; i < length; i++)
		out[i] = "ab\x7f"[draw(state, 3)];
	out[length] = '\0';
}

static char *
draw_rules(uint64_t *state, unsigned count)
{
	char *text = malloc(count * 2048), *at = text, word[8];

	for (unsigned i = 0; i < count; i++) {
		draw_word(state, 1, word);
		at += sprintf(at, "%s{\"id\": \"r%u\", \"argv\": [\"%s\", \"...\"], \"secret\": [",
			i == 0 ? "" : ",", i, draw(state, 4) == 0 ? "*" : word);
		for (unsigned k = 0, n = 1 + draw(state, 6); k < n; k++) {
			const unsigned form = draw(state, 40);

			draw_word(state, 4, word);
			if (word[0] == '\0')
				strcpy(word, "b");
			at += sprintf(at, "%s", k == 0 ? "" : ",");
			if (form == 0)
				at += sprintf(at, "\"*\"");
			else
				at += sprintf(at,
					form % 4 == 0   ? "\"%s\""
					: form % 4 == 1 ? "{\"prefix\": \"%s\"}"
					: form % 4 == 2 ? "{\"after\": \"%s\"}"
							: "{\"after\": {\"prefix\": \"%s\"}}",
					word);
		}
		at += sprintf(at, "]}");
	}
	return text;
}

Test(profile_secrets, the_look_up_finds_what_comparing_all_finds)
{
	uint64_t state = 36;
	size_t found = 0, others = 0;

	for (int round = 0; round < 400; round++) {
		char *text = draw_rules(&state, 1 + draw(&state, 12)), words[101][8], *argv[102];
		struct layer layer = parse_rules(text);
		uint64_t bits[2];
		struct cordon_command c;
		const unsigned count = 1 + draw(&state, 100);

		for (unsigned i = 0; i < count; i++) {
			draw_word(&state, i == 0 ? 1 : 6, words[i]);
			argv[i] = words[i];
		}
		argv[count] = NULL;
		c = command_of(argv);
		(void)cordon_secrets_find(&layer.values.approvals, &c, 1, bits);
		for (unsigned i = 1; i < count; i++) {
			const int is = (bits[i / 64] >> i % 64 & 1) != 0;

			cr_assert(is == is_secret(&layer.values.approvals, &c, i - 1),
				"round %d: word %u, '%s' after '%s', of %s", round, i, words[i],
				words[i - 1], text);
			found += is != 0;
			others += is == 0;
		}
		layer_finish(&layer);
		free(text);
	}
	cr_expect(found > 1000 && others > 1000, "%zu and %zu", found, others);
}

/* It is not a matter of time here, but of doing all of it: the last of many words, by the last of many rules. */
Test(profile_secrets, many_rules_and_many_arguments)
{
	const size_t argc = 65536;
	char *text = malloc(200000), *at = text, **argv = malloc((argc + 1) * sizeof(*argv));
	uint64_t *bits = malloc(CORDON_SECRET_BITS(argc) * sizeof(*bits));
	struct cordon_command c;
	struct layer layer;

	for (int i = 0; i < 1024; i++)
		at += sprintf(at,
			"%s{\"id\": \"r%d\", \"argv\": [\"p\", \"...\"], \"secret\": [{\"prefix\": "
			"\"--p%d=\"}, {\"after\": \"--a%d\"}, \"--w%d\", {\"after\": {\"prefix\": "
			"\"--q%d\"}}]}",
			i == 0 ? "" : ",", i, i, i, i, i);
	layer = parse_rules(text);
	for (size_t i = 0; i < argc; i++)
		argv[i] = "--p1023";
	argv[0] = "p";
	argv[argc] = NULL;
	c = command_of(argv);
	cr_expect(cordon_secrets_find(&layer.values.approvals, &c, 1, bits) == 0);
	argv[argc - 5] = "--q1023x";
	argv[argc - 3] = "--a1023";
	argv[argc - 1] = "--p1023=x";
	cr_expect(cordon_secrets_find(&layer.values.approvals, &c, 1, bits) == 3);
	for (size_t i = 0; i < argc; i++)
		cr_expect(((bits[i / 64] >> i % 64 & 1) != 0) ==
			  (i == argc - 4 || i == argc - 2 || i == argc - 1));
	layer_finish(&layer);
	free(bits);
	free(argv);
	free(text);
}

Test(profile_secrets, a_layer_adds_marks_freely_and_takes_none_away)
{
	struct cordon_profile *p;

	put_rules("base", "", "",
		RULE("one", "\"p\"", "\"decision\": \"hold\", " MARKS("{\"after\": \"a\"}")));
	put_rules("child", "\"base\"", "",
		RULE("two", "\"p\"", MARKS("\"*\"")) "," RULE("three", "\"p\"",
			"\"decision\": \"refuse\", " MARKS("{\"prefix\": \"b\"}")));
	p = load("child");
	cr_assert(p->approvals.count == 3);
	cr_expect(!p->approvals.rules[0].only_marks && p->approvals.rules[1].only_marks);
	cr_expect(p->approvals.rules[0].secrets[0].after);
	cr_expect_str_eq(p->approvals.rules[0].secrets[0].text, "a");
	cr_expect(p->approvals.rules[1].secrets[0].kind == CORDON_WORD_ANY);
	cr_expect(p->approvals.rules[2].secrets[0].kind == CORDON_WORD_PREFIX);
	cr_expect(p->approvals.secret_count == 2);
	cordon_profile_destroy(p);
	/* What allows widens, with marks as without. */
	put_rules("child", "\"base\"", "",
		RULE("two", "\"p\"", "\"decision\": \"allow\", " MARKS("\"*\"")));
	cr_expect(strstr(refusal("child"), "add \"approvals.rules\" to \"widens\"") != NULL, "%s",
		err.text);
	put_rules("child", "\"base\"", "", RULE("one", "\"p\"", MARKS("\"*\"")));
	cr_expect(strstr(refusal("child"), "has a rule 'one' already") != NULL, "%s", err.text);
}

/* count rules that mark each words of their own, "x1" and on. */
static char *
many_rules(const char *letter, int count, int each)
{
	char *text = malloc(64 + (size_t)count * (96 + 16 * (size_t)each)), *at = text;

	for (int i = 0; i < count; i++) {
		at += sprintf(at, "%s{\"id\": \"%s%d\", \"argv\": [\"p\"], \"secret\": [",
			i == 0 ? "" : ",\n", letter, i);
		for (int k = 0; k < each; k++)
			at += sprintf(at, "%s\"x%d\"", k == 0 ? "" : ", ", k);
		at += sprintf(at, "]}");
	}
	*at = '\0';
	return text;
}

static void
put_many(const char *name, const char *extends, const char *letter, int count, int each,
	const char *more)
{
	char *rules = many_rules(letter, count, each), *all = malloc(strlen(rules) + 256);

	sprintf(all, "%s%s%s", rules, count > 0 && *more != '\0' ? ",\n" : "", more);
	put_rules(name, extends, "", all);
	free(all);
	free(rules);
}

Test(profile_secrets, a_rule_has_32_marks_and_a_profile_4096)
{
	put_many("base", "", "a", 1, 32, "");
	cordon_profile_destroy(load("base"));
	put_many("base", "", "a", 1, 33, "");
	cr_expect_str_eq(refusal("base"), "base.json:2:53: \"secret\" is a list of 1 to 32 words");
	put_many("base", "", "a", 128, 32, "");
	cordon_profile_destroy(load("base"));
	put_many("base", "", "a", 128, 32, RULE("more", "\"p\"", MARKS("\"a\"")));
	cr_expect_str_eq(
		refusal("base"), "base.json:130:1: a profile marks at most 4096 words as secret");
	put_many("base", "", "a", 100, 32, "");
	put_many("child", "\"base\"", "b", 28, 32, "");
	cordon_profile_destroy(load("child"));
	put_many("child", "\"base\"", "b", 28, 32, RULE("more", "\"p\"", MARKS("\"a\"")));
	cr_expect_str_eq(refusal("child"),
		"child.json:30:1: with what it extends, this profile marks more than 4096 words as "
		"secret");
}

#define ALL                                                                                 \
	RULE("m", "\"p\", \"...\"",                                                         \
		"\"why\": \"because\", " MARKS(                                             \
			"\"*\", \"\", {\"oneOf\": [\"*\", \"...\", \"a\"]}, "               \
			"{\"prefix\": \"p\"}, {\"after\": \"q\"}, {\"after\": "             \
			"{\"oneOf\": [\"*\", \"\\u00e9\"]}}, {\"why\": \"w\", "             \
			"\"after\": {\"prefix\": \"r\"}}"))                                 \
	"," RULE("h", "\"q\"",                                                              \
		"\"decision\": \"hold\", " MARKS("{\"after\": \"...\\\"\"}")) "," RULE("n", \
		"\"q\", \"...\"", "\"decision\": \"refuse\"")

Test(profile_secrets, what_show_prints_loads_to_the_same_digest)
{
	struct cordon_profile *p, *again;
	char *text, *second;

	put_rules("base", "", "", ALL);
	p = load("base");
	text = cordon_profile_show(p);
	put("shown", text);
	again = load("shown");
	second = cordon_profile_show(again);

	cr_expect(memcmp(p->digest, again->digest, sizeof(p->digest)) == 0);
	cr_expect_str_eq(text, second);
	cr_expect(
		strstr(text, "\"argv\":[\"p\",\"...\"],\"secret\":[\"*\",\"\",{\"oneOf\":[\"*\"]},"
			     "{\"oneOf\":[\"...\"]},\"a\",{\"prefix\":\"p\"},{\"after\":\"q\"},"
			     "{\"after\":{\"oneOf\":[\"*\"]}},{\"after\":\"\xc3\xa9\"},{\"after\":"
			     "{\"prefix\":\"r\"}}]}") != NULL,
		"%s", text);
	cr_expect(again->approvals.rules[0].only_marks &&
		  again->approvals.rules[0].secret_count == 10);
	cr_expect(again->approvals.secret_count == p->approvals.secret_count);
	free(text);
	free(second);
	cordon_profile_destroy(p);
	cordon_profile_destroy(again);
}

Test(profile_secrets, embedding_keeps_every_mark)
{
	struct cordon_profile *p, *back;
	struct cordon_writer w;
	char *text, *second;

	put_rules("base", "", "", ALL);
	p = load("base");
	cordon_writer_init(&w, 4u << 20);
	blob_write(p, &w);
	back = blob_read(w.data, w.size);
	cr_assert(back != NULL);
	text = cordon_profile_show(p);
	second = cordon_profile_show(back);

	cr_expect_str_eq(text, second);
	cr_expect(back->approvals.secret_count == p->approvals.secret_count);
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

/* Every part of a mark tells what a ledger will not have. */
Test(profile_secrets, the_digest_covers_the_marks)
{
	static const char *const all[] = {
		RULE("a", "\"p\"", "\"decision\": \"hold\""),
		RULE("a", "\"p\"", "\"decision\": \"hold\", " MARKS("\"q\"")),
		RULE("a", "\"p\"", "\"decision\": \"refuse\", " MARKS("\"q\"")),
		RULE("a", "\"p\"", MARKS("\"q\"")),
		RULE("a", "\"p\"", MARKS("\"r\"")),
		RULE("a", "\"p\"", MARKS("\"\"")),
		RULE("a", "\"p\"", MARKS("\"*\"")),
		RULE("a", "\"p\"", MARKS("{\"prefix\": \"q\"}")),
		RULE("a", "\"p\"", MARKS("{\"after\": \"q\"}")),
		RULE("a", "\"p\"", MARKS("{\"after\": {\"prefix\": \"q\"}}")),
		RULE("a", "\"p\"", MARKS("\"q\", \"q\"")),
		RULE("a", "\"p\", \"...\"", MARKS("\"q\"")),
	};
	enum { COUNT = sizeof(all) / sizeof(all[0]) };
	uint8_t digests[COUNT][CORDON_DIGEST_SIZE];

	for (size_t i = 0; i < COUNT; i++) {
		struct cordon_profile *p;

		put_rules("base", "", "", all[i]);
		p = load("base");
		memcpy(digests[i], p->digest, sizeof(digests[i]));
		cordon_profile_destroy(p);
		for (size_t k = 0; k < i; k++)
			cr_expect(memcmp(digests[i], digests[k], sizeof(digests[i])) != 0, "%s: %s",
				all[k], all[i]);
	}
	/* How it is written does not count, and neither do reasons. */
	put_rules(
		"child", "", "", RULE("a", "\"p\"", MARKS("{\"why\": \"w\", \"oneOf\": [\"q\"]}")));
	struct cordon_profile *p = load("child");

	cr_expect(memcmp(digests[3], p->digest, sizeof(p->digest)) == 0);
	cordon_profile_destroy(p);
}

/* A pin that was written before there were marks. */
Test(profile_secrets, a_profile_without_marks_has_the_digest_that_it_had)
{
	char digest[CORDON_DIGEST_HEX];
	struct cordon_profile *p;

	put_rules("base", "", "",
		RULE("a", "\"p\", {\"prefix\": \"x\"}, \"...\"", "\"decision\": \"hold\"") "," RULE(
			"b", "\"q\"", "\"decision\": \"refuse\""));
	p = load("base");
	cordon_digest_hex(p->digest, digest);
	cr_expect_str_eq(
		digest, "345b89e8ce72be16233141bfa93c00483618e3324ec093175002460759a1ade7");
	cordon_profile_destroy(p);
}

/* What the library marks, in every profile of it. */
Test(profile_secrets, the_library_knows_common_options)
{
	static const char *const names[] = { "default", "readonly", "strict", "build", "python",
		"node", "net-client", "web" };
	static const struct {
		char *const argv[6];
		const char *marks;
	} commands[] = {
		{ { "any", "--password", "x", "--token=x", "y" }, "..ss." },
		{ { "any", "--password-file", "x", "--token-file=x", "--no-token" }, "....." },
		{ { "curl", "-u", "a:b", "https://x", "-ua:b" }, ".ss.s" },
		{ { "curl", "-H", "Authorization: Bearer x", "-o", "y" }, "..s.." },
		{ { "wget", "--http-password=x", "https://x" }, ".s." },
		{ { "mysql", "-px", "-P", "3306", "-u" }, ".s..." },
		{ { "python3", "-ux", "-px", "-u", "y" }, "....." },
		{ { "sshpass", "-p", "x", "ssh", "y" }, ".ss.." },
		{ { "openssl", "rsa", "-passin", "pass:x" }, "...s" },
		{ { "openssl", "rsa", "-passin", "env:X" }, "...." },
	};
	const struct cordon_profile_places library = { .builtin_only = 1 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cordon_profile *p = cordon_profile_load(&library, names[i], &err);

		cr_assert(p != NULL, "%s", err.text);
		for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++) {
			const struct cordon_command c = command_of(commands[k].argv);
			uint64_t bits;
			char got[8] = "";

			(void)cordon_secrets_find(&p->approvals, &c, 1, &bits);
			for (size_t n = 0; n <= c.words.rest_count; n++)
				got[n] = (bits >> n & 1) != 0 ? 's' : '.';
			cr_expect_str_eq(
				got, commands[k].marks, "%s: command %zu is %s", names[i], k, got);
		}
		cordon_profile_destroy(p);
	}
}
