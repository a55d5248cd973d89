/* The decision: pure, no by default, the most severe rule, both names of a program (A19), and whose file it is
 * (A06). */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "decide.h"
#include "layer.h"

static struct cordon_error err;

/* A profile with these approvals, that lists /usr and the workspace. */
static struct cordon_profile *
make_profile(const char *approvals)
{
	static char *listed[] = { "/usr" };
	struct cordon_profile *p = calloc(1, sizeof(*p));
	struct layer layer;
	char text[8192];

	snprintf(text, sizeof(text), "{\"cordonProfile\": 1, \"approvals\": {%s}}", approvals);
	cr_assert(layer_parse(text, strlen(text), "p", NULL, &layer, &err) == 0, "%s", err.text);
	p->name = strdup("p");
	p->digest[0] = 1;
	p->approvals = layer.values.approvals;
	if (!layer.has_approvals_default)
		p->approvals.otherwise = CORDON_ALLOW;
	layer.values.approvals = (struct cordon_approvals){ 0 };
	layer_finish(&layer);
	p->exec = (struct cordon_strings){ listed, 1 };
	p->workspace_exec = 1;
	return p;
}

static void
drop_profile(struct cordon_profile *p)
{
	p->exec = (struct cordon_strings){ 0 };
	cordon_profile_destroy(p);
}

static struct cordon_action_file
file(const char *path, const char *real)
{
	return (struct cordon_action_file){
		.path = (char *)path, .real = (char *)real, .mode = 0755
	};
}

/* argv of root's own program. Borrows all it has. */
static struct cordon_action
action(char **argv, const char *path)
{
	return (struct cordon_action){ .kind = CORDON_ACTION_EXEC,
		.profile_digest = { 1 },
		.argv = argv,
		.workspace = (char *)"/w",
		.executable = file(path, path) };
}

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

/* What becomes of a under these approvals, in words: "refuse exec.rule push". */
static const char *
decision_on(const char *approvals, const struct cordon_action *a)
{
	static char words[256];
	struct cordon_profile *p = make_profile(approvals);
	const struct decision d = decide(a, p, NULL);

	snprintf(words, sizeof(words), "%s%s%s%s%s", cordon_decision_name(d.verdict),
		d.reason[0] == '\0' ? "" : " ", d.reason, d.rule == NULL ? "" : " ",
		d.rule == NULL ? "" : d.rule);
	drop_profile(p);
	return words;
}

#define IS(approvals, a, words)                                                                \
	do {                                                                                   \
		const char *got = decision_on(approvals, &(a));                                \
		cr_expect(strcmp(got, words) == 0, "%s: '%s' instead of '%s'", approvals, got, \
			words);                                                                \
	} while (0)

#define RULE(id, argv, decision) \
	"{\"id\": \"" id "\", \"argv\": [" argv "], \"decision\": \"" decision "\"}"
#define RULES(...) "\"rules\": [" __VA_ARGS__ "]"

Test(decide, without_a_rule_the_default_decides)
{
	const struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls");

	IS("", a, "allow");
	IS("\"default\": \"hold\"", a, "hold approval.required");
	IS("\"default\": \"refuse\"", a, "refuse exec.not_listed");
}

Test(decide, a_rule_decides_and_is_named)
{
	const struct cordon_action a = action(ARGV("git", "push", "-f"), "/usr/bin/git");

	IS(RULES(RULE("r", "\"git\", \"push\", \"...\"", "refuse")), a, "refuse exec.rule r");
	IS(RULES(RULE("h", "\"git\", \"push\", \"...\"", "hold")), a, "hold approval.required h");
	IS("\"default\": \"refuse\", " RULES(RULE("a", "\"git\", \"push\", \"...\"", "allow")), a,
		"allow a");
	IS(RULES(RULE("r", "\"git\", \"pull\", \"...\"", "refuse")), a, "allow");
	IS(RULES(RULE("r", "\"git\", \"push\"", "refuse")), a, "allow");
}

/* In every order. */
Test(decide, the_most_severe_rule_that_fits_wins)
{
#define REFUSE RULE("refuse", "\"git\", \"*\", \"...\"", "refuse")
#define HOLD   RULE("hold", "\"git\", \"push\", \"...\"", "hold")
#define ALLOW  RULE("allow", "\"git\", \"push\", \"-f\"", "allow")
	const struct cordon_action a = action(ARGV("git", "push", "-f"), "/usr/bin/git");
	static const char *const all[] = {
		RULES(REFUSE "," HOLD "," ALLOW),
		RULES(REFUSE "," ALLOW "," HOLD),
		RULES(HOLD "," REFUSE "," ALLOW),
		RULES(HOLD "," ALLOW "," REFUSE),
		RULES(ALLOW "," REFUSE "," HOLD),
		RULES(ALLOW "," HOLD "," REFUSE),
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		IS(all[i], a, "refuse exec.rule refuse");
	IS(RULES(HOLD "," ALLOW), a, "hold approval.required hold");
	IS(RULES(ALLOW "," HOLD), a, "hold approval.required hold");
	IS("\"default\": \"refuse\", " RULES(ALLOW), a, "allow allow");
	/* Among equals the first: parents before children. */
	IS(RULES(RULE("one", "\"git\", \"...\"", "hold") "," RULE(
		   "two", "\"git\", \"...\"", "hold")),
		a, "hold approval.required one");
}

Test(decide, what_is_not_listed_is_refused_whatever_rules_say)
{
	static const char all[] =
		"\"default\": \"allow\", " RULES(RULE("a", "\"*\", \"...\"", "allow"));
	struct cordon_action a = action(ARGV("x"), "/opt/x");
	struct cordon_profile *p = make_profile("");

	IS(all, a, "refuse exec.not_listed");
	a.executable = file("/usr/bin/x", "/opt/x"); /* a link counts where it leads */
	IS(all, a, "refuse exec.not_listed");
	a.executable = file("/opt/x", "/usr/bin/x");
	IS("", a, "allow");
	a.executable = file("/usrx", "/usrx");
	IS(all, a, "refuse exec.not_listed");
	a.executable = file("/w/x", "/w/x");
	IS("", a, "allow");
	a.workspace = NULL;
	IS(all, a, "refuse exec.not_listed");
	a.workspace = (char *)"/w";
	p->workspace_exec = 0;
	cr_expect(decide(&a, p, NULL).verdict == CORDON_REFUSE);
	p->exec.count = 0;
	a.executable = file("/usr/bin/x", "/usr/bin/x");
	cr_expect(decide(&a, p, NULL).verdict == CORDON_REFUSE, "an empty list is no");
	drop_profile(p);
}

Test(decide, a_script_and_its_interpreter_both_have_to_be_listed)
{
	struct cordon_action a = action(ARGV("./x"), "/usr/bin/python3");

	a.has_script = 1;
	a.script = file("/w/x", "/w/x");
	IS("", a, "allow");
	a.script = file("/opt/x", "/opt/x");
	IS("", a, "refuse exec.not_listed");
	a.script = file("/w/x", "/w/x");
	a.executable = file("/opt/python3", "/opt/python3");
	IS("", a, "refuse exec.not_listed");
}

/* Whoever starts a program chooses argv[0], and can give a file any name by a link or a copy. */
Test(decide, a19_what_restricts_fits_by_either_name)
{
	static const char rules[] = RULES(RULE("r", "\"git\", \"push\", \"...\"", "refuse"));
	struct cordon_action a = action(ARGV("git", "push"), "/usr/bin/git");

	IS(rules, a, "refuse exec.rule r");
	a.argv = ARGV("harmless", "push");
	IS(rules, a, "refuse exec.rule r");
	a.argv = ARGV("", "push");
	IS(rules, a, "refuse exec.rule r");
	a.executable = file("/w/x", "/usr/bin/git"); /* a link */
	IS(rules, a, "refuse exec.rule r");
	a.executable = file("/w/x", "/w/x"); /* a copy that says what it is */
	a.argv = ARGV("/usr/lib/git", "push");
	IS(rules, a, "refuse exec.rule r");
	a.argv = ARGV("x", "push");
	IS(rules, a, "allow");
}

Test(decide, a19_what_allows_needs_both_names)
{
	static const char rules[] =
		"\"default\": \"refuse\", " RULES(RULE("a", "\"git\", \"status\"", "allow"));
	struct cordon_action a = action(ARGV("git", "status"), "/usr/bin/git");

	IS(rules, a, "allow a");
	a.argv = ARGV("/usr/bin/git", "status");
	IS(rules, a, "allow a");
	a.argv = ARGV("harmless", "status");
	IS(rules, a, "refuse exec.not_listed");
	a.argv = ARGV("git", "status");
	a.executable = file("/usr/bin/rm", "/usr/bin/rm"); /* argv[0] lies */
	IS(rules, a, "refuse exec.not_listed");
	/* Root's link under the name that the rule has is root's word for it. */
	a.executable = file("/usr/bin/git", "/usr/lib/git-core/git-real");
	IS(rules, a, "allow a");
}

Test(decide, a19_a_word_with_a_slash_is_the_whole_path)
{
	static const char refuse[] = RULES(RULE("r", "\"/usr/bin/git\", \"...\"", "refuse")),
			  allow[] = "\"default\": \"refuse\", " RULES(
				  RULE("a", "\"/usr/bin/git\", \"...\"", "allow"));
	struct cordon_action a = action(ARGV("git"), "/usr/bin/git");

	IS(refuse, a, "refuse exec.rule r");
	IS(allow, a, "allow a");
	a.argv = ARGV("/usr/local/bin/git");
	IS(allow, a, "refuse exec.not_listed");
	a = action(ARGV("git"), "/usr/local/bin/git");
	IS(refuse, a, "allow");
	IS(allow, a, "refuse exec.not_listed");
	a.argv = ARGV("/usr/bin/git");
	IS(refuse, a, "refuse exec.rule r");
}

/* A06: a file that somebody else than root can replace is no ground to allow. */
Test(decide, a06_only_roots_files_are_allowed_by_rule)
{
	static const char rules[] =
		"\"default\": \"hold\", " RULES(RULE("a", "\"tool\", \"...\"", "allow"));
	struct cordon_action a = action(ARGV("tool"), "/usr/bin/tool");

	IS(rules, a, "allow a");
	a.executable.mode = 04755;
	IS(rules, a, "allow a");
	a.executable.owner = 1000;
	IS(rules, a, "hold approval.required");
	a.executable.owner = 0;
	a.executable.mode = 0775; /* or its directory */
	IS(rules, a, "hold approval.required");
	a.executable.mode = 0757;
	IS(rules, a, "hold approval.required");
	/* It is no reason to let it off what restricts. */
	IS(RULES(RULE("r", "\"tool\"", "refuse")), a, "refuse exec.rule r");
	IS(RULES(RULE("h", "\"tool\"", "hold")), a, "hold approval.required h");
}

Test(decide, a06_of_a_script_both_files_have_to_be_roots)
{
	static const char rules[] = "\"default\": \"hold\", " RULES(RULE("a", "\"tool\"", "allow"));
	struct cordon_action a = action(ARGV("tool"), "/usr/bin/python3");

	a.has_script = 1;
	a.script = file("/usr/bin/tool", "/usr/bin/tool");
	IS(rules, a, "allow a");
	a.script.owner = 1000;
	IS(rules, a, "hold approval.required");
	a.script.owner = 0;
	a.executable.owner = 1000;
	IS(rules, a, "hold approval.required");
}

/* "#!/usr/bin/git push" is a way to start git, too. */
Test(decide, a19_a_script_is_also_what_the_kernel_makes_of_it)
{
	struct cordon_action a = action(ARGV("./x", "origin"), "/usr/bin/git");

	a.has_script = 1;
	a.script = file("/w/x", "/w/x");
	a.script_argument = (char *)"push";
	IS(RULES(RULE("r", "\"git\", \"push\", \"...\"", "refuse")), a, "refuse exec.rule r");
	IS(RULES(RULE("r", "\"git\", \"push\", \"/w/x\", \"origin\"", "refuse")), a,
		"refuse exec.rule r");
	IS(RULES(RULE("r", "\"git\", \"push\", \"/w/x\"", "refuse")), a, "allow");
	IS(RULES(RULE("r", "\"x\", \"origin\"", "refuse")), a, "refuse exec.rule r");
	IS(RULES(RULE("r", "\"x\", \"push\", \"...\"", "refuse")), a, "allow");
	a.script_argument = NULL;
	IS(RULES(RULE("r", "\"git\", \"/w/x\", \"origin\"", "refuse")), a, "refuse exec.rule r");
	/* To allow the interpreter is not to allow a script by that. */
	IS("\"default\": \"refuse\", " RULES(RULE("a", "\"git\", \"...\"", "allow")), a,
		"refuse exec.not_listed");
}

Test(decide, what_is_not_an_action_by_this_profile_is_refused)
{
	static const char all[] = RULES(RULE("a", "\"*\", \"...\"", "allow"));
	struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls");

	a.kind = 2;
	IS(all, a, "refuse input.invalid");
	a = action(ARGV("ls"), "/usr/bin/ls");
	a.argv = (char *[]){ NULL };
	IS(all, a, "refuse input.invalid");
	a.argv = NULL;
	IS(all, a, "refuse input.invalid");
	a = action(ARGV("ls"), "/usr/bin/ls");
	a.profile_digest[31] = 1;
	IS(all, a, "refuse input.invalid");
	a = action(ARGV("ls"), "/usr/bin/ls");
	a.executable.real = NULL;
	IS(all, a, "refuse input.invalid");
}

/* Values that no parser makes. */
Test(decide, unknown_values_are_no)
{
	const struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls");
	struct cordon_profile *p = make_profile(RULES(RULE("x", "\"ls\"", "allow")));

	p->approvals.rules[0].decision = (enum cordon_decision)9;
	cr_expect(decide(&a, p, NULL).verdict == CORDON_REFUSE);
	cr_expect_str_eq(decide(&a, p, NULL).reason, "exec.rule");
	p->approvals.rules[0].decision = CORDON_ALLOW;
	p->approvals.otherwise = (enum cordon_decision)9;
	p->approvals.rules[0].pattern.words[0].kind = CORDON_WORD_KINDS;
	cr_expect(decide(&a, p, NULL).verdict == CORDON_REFUSE);
	drop_profile(p);
}

Test(decide, a_session_has_as_many_runs_as_it_may)
{
	const struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls");
	struct cordon_profile *p = make_profile("\"default\": \"hold\"");
	const struct decide_state full = { .runs = 2, .runs_max = 2 },
				  room = { .runs = 1, .runs_max = 2 };

	cr_expect_str_eq(decide(&a, p, &full).reason, "limit.runs");
	cr_expect(decide(&a, p, &full).verdict == CORDON_REFUSE);
	cr_expect(decide(&a, p, &room).verdict == CORDON_HOLD);
	drop_profile(p);
}

/* T-IMPACT-002, T-DISC-001: whatever rules say, and before anything is said about the action. */
Test(decide, a_session_that_is_paused_or_frozen_starts_nothing)
{
	const struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls"),
				   wrong = action(ARGV("ls"), "/opt/ls");
	struct cordon_profile *p = make_profile(RULES(RULE("x", "\"ls\"", "allow")));
	const struct decide_state paused = { .runs_max = 2, .wait_ms = 70 },
				  frozen = { .runs_max = 2, .suspected = 1 };
	struct decision d = decide(&a, p, &paused);

	cr_expect(d.verdict == CORDON_REFUSE && strcmp(d.reason, "breaker.loop") == 0);
	cr_expect(decide_enforce(&d, &a, p, &err) == -1);
	cr_expect_str_eq(err.reason, "breaker.loop");
	cr_expect(strstr(err.text, "70 ms") != NULL);
	d = decide(&a, p, &frozen);
	cr_expect(d.verdict == CORDON_REFUSE && strcmp(d.reason, "probe.suspected") == 0);
	cr_expect_str_eq(decide(&wrong, p, &frozen).reason, "probe.suspected");
	cr_expect(decide_enforce(&d, &a, p, &err) == -1);
	cr_expect_str_eq(err.reason, "probe.suspected");
	drop_profile(p);
}

Test(decide, an_unanswered_hold_is_refused_and_keeps_its_rule)
{
	const struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls");
	struct cordon_profile *p = make_profile(
		"\"rules\": [{\"id\": \"h\", \"why\": \"reasons\", \"argv\": [\"ls\"], "
		"\"decision\": \"hold\"}]");
	const struct decision hold = decide(&a, p, NULL), refused = decide_unanswered(&hold);

	cr_expect(decide_enforce(&hold, &a, p, &err) == -1);
	cr_expect_str_eq(err.reason, "approval.required");
	cr_expect(refused.verdict == CORDON_REFUSE);
	cr_expect(decide_enforce(&refused, &a, p, &err) == -1);
	cr_expect(err.code == CORDON_EPOLICY);
	cr_expect_str_eq(err.reason, "approval.unreachable");
	cr_expect(strstr(err.text, "rule 'h'") != NULL && strstr(err.text, "reasons") != NULL);
	drop_profile(p);
}

Test(decide, a_refusal_names_rule_and_why_or_the_file)
{
	struct cordon_action a = action(ARGV("ls"), "/usr/bin/ls");
	struct cordon_profile *p = make_profile(
		"\"rules\": [{\"id\": \"no-ls\", \"why\": \"reasons\", \"argv\": [\"ls\"], "
		"\"decision\": \"refuse\"}]");
	struct decision d = decide(&a, p, NULL);

	cr_expect(decide_enforce(&d, &a, p, &err) == -1);
	cr_expect_str_eq(err.text, "'/usr/bin/ls' with these arguments is refused by rule 'no-ls' "
				   "of the profile 'p': reasons");
	cr_expect_str_eq(err.reason, "exec.rule");
	a.executable = file("/opt/ls", "/opt/ls");
	d = decide(&a, p, NULL);
	cr_expect(decide_enforce(&d, &a, p, &err) == -1);
	cr_expect_str_eq(
		err.text, "the profile 'p' does not let '/opt/ls' be executed (exec.allow)");
	a.executable = file("/usr/bin/cat", "/usr/bin/cat");
	a.argv = ARGV("cat");
	memset(&err, 0, sizeof(err));
	d = decide(&a, p, NULL);
	cr_expect(decide_enforce(&d, &a, p, &err) == 0 && err.code == CORDON_OK);
	drop_profile(p);
}

#define MARK(id, argv, secret) \
	"{\"id\": \"" id "\", \"argv\": [" argv "], \"secret\": [" secret "]}"

/* A rule that only marks what is secret is none where it is decided. */
Test(decide, a36_a_mark_neither_loosens_nor_restricts)
{
	static const char mark[] = MARK("m", "\"*\", \"...\"", "\"*\"");
	const struct cordon_action a = action(ARGV("ls", "x"), "/usr/bin/ls");
	char rules[512];

	IS(RULES(MARK("m", "\"ls\", \"...\"", "\"*\"")), a, "allow");
	IS("\"default\": \"hold\", " RULES(MARK("m", "\"ls\", \"...\"", "\"*\"")), a,
		"hold approval.required");
	IS("\"default\": \"refuse\", " RULES(MARK("m", "\"ls\", \"...\"", "\"*\"")), a,
		"refuse exec.not_listed");
	/* Before the rule that decides, and behind it. */
	for (int before = 0; before < 2; before++) {
		snprintf(rules, sizeof(rules), "\"default\": \"refuse\", \"rules\": [%s%s%s%s]",
			before ? mark : "", before ? "," : "", RULE("h", "\"ls\", \"x\"", "hold"),
			before ? "" : "," MARK("m", "\"*\", \"...\"", "\"*\""));
		IS(rules, a, "hold approval.required h");
	}
	IS("\"default\": \"refuse\", " RULES(
		   MARK("m", "\"ls\", \"...\"", "\"*\"") "," RULE("l", "\"ls\", \"x\"", "allow")),
		a, "allow l");
}

/* The same letters as a decision: 's' for each word that is secret. */
static const char *
secrets_of(const char *approvals, const struct cordon_action *a)
{
	static char words[64];
	struct cordon_profile *p = make_profile(approvals);
	uint64_t bits[1] = { UINT64_MAX };
	size_t i = 0;

	(void)decide_secrets(a, p, bits);
	for (; a->argv[i] != NULL; i++)
		words[i] = (bits[0] >> i & 1) != 0 ? 's' : '.';
	words[i] = '\0';
	cr_expect(bits[0] >> i == 0);
	drop_profile(p);
	return words;
}

Test(decide, a36_what_is_secret_is_so_by_any_name_and_any_decision)
{
	static const char rules[] = RULES(MARK("m", "\"git\", \"...\"", "{\"after\": \"-t\"}")),
			  allow[] = RULES(
				  "{\"id\": \"a\", \"argv\": [\"git\", \"...\"], \"decision\": "
				  "\"allow\", \"secret\": [{\"after\": \"-t\"}]}");
	struct cordon_action a = action(ARGV("git", "-t", "x"), "/usr/bin/git");

	cr_expect_str_eq(secrets_of("", &a), "...");
	cr_expect_str_eq(secrets_of(rules, &a), "..s");
	cr_expect_str_eq(secrets_of(allow, &a), "..s");
	a.executable.owner = 1000; /* no ground to allow (A06), and a secret all the same */
	cr_expect_str_eq(secrets_of(allow, &a), "..s");
	a.argv[0] = (char *)"harmless";
	cr_expect_str_eq(secrets_of(allow, &a), "..s");
	a.executable = file("/w/x", "/usr/bin/git");
	cr_expect_str_eq(secrets_of(rules, &a), "..s");
	a.executable = file("/w/x", "/w/x");
	cr_expect_str_eq(secrets_of(rules, &a), "...");
	a.argv[0] = (char *)"git";
	cr_expect_str_eq(secrets_of(rules, &a), "..s");
	/* A script: by its own name, and by the interpreter's. */
	a = action(ARGV("./x", "-t", "x"), "/usr/bin/git");
	a.has_script = 1;
	a.script = file("/w/x", "/w/x");
	cr_expect_str_eq(secrets_of(rules, &a), "..s");
	a.executable = file("/usr/bin/python3", "/usr/bin/python3");
	cr_expect_str_eq(secrets_of(rules, &a), "...");
	a.script = file("/w/git", "/w/git");
	cr_expect_str_eq(secrets_of(rules, &a), "..s");
}
