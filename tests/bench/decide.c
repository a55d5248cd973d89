/* What a decision costs: bench_decide ROUNDS.
 *
 * A profile with 1000 rules over commands is loaded as any other, and commands are decided by it: one that no
 * rule is about; one whose program all rules are about, so that arguments are compared too; rules that list
 * many words; a script, which is two commands; what it takes to record a command, whose digest names it; and to
 * find its secrets, where all rules fit and have marks, and with 65536 arguments.
 *
 * Prints JSON; times are microseconds for one decision, over ROUNDS blocks. Nothing here judges a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/action.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "action_build.h"
#include "decide.h"
#include "series.h"

#define RULES    1000
#define BLOCK    5 /* decisions between two looks at the clock */
#define TEXT_MAX (1u << 20)

enum kind { OTHERS, SAME_PROGRAM, LISTS, SCRIPT, RECORD, SECRETS, LONG_SECRETS, KINDS };

static const char *const kind_names[KINDS] = { "otherPrograms", "sameProgram", "lists", "script",
	"record", "secrets", "secretsOf65536" };

/* None of the rules fits: each has to be looked at. */
static void
write_rules(FILE *f, enum kind kind)
{
	static const char *const decisions[] = { "hold", "refuse", "allow" };

	fprintf(f,
		"{\"cordonProfile\": 1, \"widens\": [\"approvals\"], \"approvals\": {\"rules\": [");
	for (int i = 0; i < RULES; i++) {
		fprintf(f, "%s\n{\"id\": \"r%d\", \"decision\": \"%s\", \"argv\": [",
			i == 0 ? "" : ",", i, decisions[i % 3]);
		if (kind == SAME_PROGRAM)
			fprintf(f, "\"git\", \"push\", {\"prefix\": \"--option-%d\"}, \"...\"]}",
				i);
		else if (kind == LISTS)
			fprintf(f,
				"{\"oneOf\": [\"gpg%d\", \"gh\", \"gcc\", \"/usr/bin/gdb\"]}, \"*\", "
				"\"...\"]}",
				i);
		else if (kind == SECRETS || kind == LONG_SECRETS)
			fprintf(f,
				"\"git\", \"...\"], \"secret\": [{\"prefix\": \"--option-%d=\"}, "
				"{\"after\": \"--option-%d\"}]}",
				i, i);
		else
			fprintf(f, "\"program-%d\", \"push\", \"...\"]}", i);
	}
	fprintf(f, "]}}\n");
}

static struct cordon_profile *
load_profile(enum kind kind, struct cordon_error *err)
{
	const struct cordon_profile_places places = { 0 };
	struct cordon_profile *profile;
	const int fd = memfd_create("rules", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	char path[64];

	if (f == NULL || fchmod(fd, 0600) < 0) {
		(void)cordon_fail(err, CORDON_ESYS, errno, "could not write a profile");
		return NULL;
	}
	write_rules(f, kind);
	fflush(f);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	profile = cordon_profile_load(&places, path, err);
	fclose(f);
	return profile;
}

/* "git push --repository=x origin" of root's own git; owned as any action. */
static int
make_action(const struct cordon_profile *profile, enum kind kind, struct cordon_action *a,
	struct cordon_error *err)
{
	static const char *const argv[] = { "git", "push", "--repository=x", "origin" };
	static char variables[][24] = { "PATH=/usr/bin:/bin", "HOME=/home/user", "LANG=C.UTF-8",
		"TERM=xterm", "PWD=/work", "USER=user", "SHELL=/bin/sh" };
	char *env[sizeof(variables) / sizeof(variables[0]) + 1] = { NULL };
	static const struct cordon_action_key key;
	const size_t words = kind == LONG_SECRETS ? CORDON_ACTION_WORDS : 4;

	*a = (struct cordon_action){ .kind = CORDON_ACTION_EXEC,
		.caller = strdup("uid 0"),
		.profile = strdup(profile->name),
		.argv = cordon_array(words + 1, sizeof(*a->argv)),
		.cwd = strdup("/work"),
		.executable = { .path = strdup("/usr/bin/git"),
			.real = strdup("/usr/bin/git"),
			.mode = 0755 },
		.has_script = kind == SCRIPT,
		.streams = { CORDON_STREAM_PIPE, CORDON_STREAM_PIPE, CORDON_STREAM_PIPE } };
	memcpy(a->profile_digest, profile->digest, sizeof(a->profile_digest));
	for (size_t i = 0; i < words; i++)
		a->argv[i] = strdup(argv[i % 4]);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		env[i] = variables[i];
	if (kind == SCRIPT) {
		a->script.path = strdup("/usr/lib/tool/run");
		a->script.real = strdup("/usr/lib/tool/run");
		a->script_argument = strdup("-E");
	}
	return cordon_action_set_environment(a, env, &key, err);
}

static int
find_secrets(const struct cordon_profile *profile, const struct cordon_action *a,
	struct cordon_error *err)
{
	uint64_t bits[CORDON_SECRET_BITS(CORDON_ACTION_WORDS)];

	if (decide_secrets(a, profile, bits) == 0)
		return 0;
	return cordon_fail(err, CORDON_EPOLICY, 0, "what is no secret is found");
}

static int
one(enum kind kind, const struct cordon_profile *profile, const struct cordon_action *a,
	struct cordon_error *err)
{
	uint8_t digest[CORDON_DIGEST_SIZE];

	if (kind == SECRETS || kind == LONG_SECRETS)
		return find_secrets(profile, a, err);
	if (kind == RECORD)
		return action_digest_of(a, digest, err);
	if (decide(a, profile, NULL).verdict == CORDON_ALLOW)
		return 0;
	return cordon_fail(err, CORDON_EPOLICY, 0, "a rule fits that should not");
}

static int
measure(enum kind kind, uint32_t rounds, double *times, struct cordon_error *err)
{
	struct cordon_profile *profile = load_profile(kind, err);
	struct cordon_action a;
	int result = -1;

	if (profile == NULL)
		return -1;
	if (make_action(profile, kind, &a, err) == 0)
		result = one(kind, profile, &a, err); /* warms up */
	for (uint32_t i = 0; i < rounds && result == 0; i++) {
		const uint64_t start = now_ns();

		for (int k = 0; k < BLOCK && result == 0; k++)
			result = one(kind, profile, &a, err);
		times[i] = (double)(now_ns() - start) / BLOCK / 1000;
	}
	cordon_action_finish(&a);
	cordon_profile_destroy(profile);
	return result;
}

static void
print_times(const char *name, double *times, uint32_t rounds, int last)
{
	series_sort(times, rounds);
	printf("  \"%s\": {\"median\": %.2f, \"p99\": %.2f}%s\n", name,
		quantile(times, rounds, 0.5), quantile(times, rounds, 0.99), last ? "" : ",");
}

int
main(int argc, char **argv)
{
	struct cordon_error err = { 0 };
	uint32_t rounds = 0;
	double *times;

	if (argc != 2 || cordon_parse_u32(argv[1], 1, ROUNDS_MAX, &rounds, &err) < 0) {
		fprintf(stderr, "usage: bench_decide ROUNDS\n%s\n", err.text);
		return 2;
	}
	times = cordon_array(rounds, sizeof(*times));
	if (times == NULL)
		return 1;
	printf("{\"bench\": \"decide\", \"rules\": %d, \"rounds\": %u, \"unit\": \"us\", \"budget\": "
	       "20,\n",
		RULES, rounds);
	for (int kind = 0; kind < KINDS; kind++) {
		if (measure((enum kind)kind, rounds, times, &err) < 0) {
			fprintf(stderr, "bench_decide: %s\n", err.text);
			free(times);
			return 1;
		}
		print_times(kind_names[kind], times, rounds, kind + 1 == KINDS);
	}
	printf("}\n");
	free(times);
	return 0;
}
