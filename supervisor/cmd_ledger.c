/* cordon ledger: finds the ledger, and becomes cordon-ledger-read, which says why that is a program of its
 * own. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/mem.h>

#include "ledger_place.h"
#include "programs.h"

/* The value of option at argv[*i], in one word or two; NULL when that is another word. *i is left at its
 * last word. */
static const char *
value_at(char **argv, int *i, const char *option)
{
	const size_t length = strlen(option);

	if (strncmp(argv[*i], option, length) != 0)
		return NULL;
	if (argv[*i][length] == '=')
		return argv[*i] + length + 1;
	return argv[*i][length] == '\0' && argv[*i + 1] != NULL ? argv[++*i] : NULL;
}

/* What the configuration says about the ledger; both are the caller's to free, the second may be NULL. */
static int
find_ledger(const char *config_file, char **ret_path, char **ret_witness, struct cordon_error *err)
{
	struct config config = { 0 };

	if (config_load(config_file, &config, err) < 0)
		return -1;
	*ret_path = ledger_place(&config, err);
	*ret_witness = config.ledger_witness;
	config.ledger_witness = NULL;
	config_finish(&config);
	return *ret_path == NULL ? -1 : 0;
}

/* What was asked for, and what of it the configuration need not say. */
struct asked {
	char **words; /* of the command line, without --config */
	int count;
	const char *config_file;
	int has_path, has_witness, verifies;
};

static void
take_words(int argc, char **argv, struct asked *a)
{
	for (int i = 1; i < argc; i++) {
		const int first = i;
		const char *config = value_at(argv, &i, "--config");

		if (config != NULL) {
			a->config_file = config;
			continue;
		}
		a->verifies |= strcmp(argv[first], "verify") == 0;
		a->has_witness |= value_at(argv, &i, "--witness") != NULL;
		a->has_path |= value_at(argv, &i, "--path") != NULL ||
			       strcmp(argv[first], "--help") == 0 || strcmp(argv[first], "-h") == 0;
		for (int k = first; k <= i; k++)
			a->words[a->count++] = argv[k];
	}
}

#define OWN_WORDS 5 /* in front, where no "--" stands before: the name, a path and a witness */

static int
become_reader(int argc, char **argv, struct cordon_error *err)
{
	static char name[] = "cordon ledger", path_option[] = "--path",
		    witness_option[] = "--witness";
	CORDON_FREE char **words = cordon_array((size_t)argc + OWN_WORDS + 1, sizeof(*words));
	CORDON_FREE char *path = NULL, *witness = NULL;
	struct asked a = { 0 };
	char program[PATH_MAX];
	int first = OWN_WORDS;

	if (words == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read the ledger");
	a.words = words + OWN_WORDS;
	take_words(argc, argv, &a);
	if ((!a.has_path && find_ledger(a.config_file, &path, &witness, err) < 0) ||
		programs_find("cordon-ledger-read", program, err) < 0)
		return -1;
	if (witness != NULL && a.verifies && !a.has_witness) {
		words[--first] = witness;
		words[--first] = witness_option;
	}
	if (!a.has_path) {
		words[--first] = path;
		words[--first] = path_option;
	}
	words[--first] = name;
	execve(program, words + first, environ);
	return cordon_fail(err, CORDON_ESYS, errno, "could not start '%s'", program);
}

int
cmd_ledger(int argc, char **argv)
{
	struct cordon_error err = { 0 };

	(void)!become_reader(argc, argv, &err);
	cmd_say(&err);
	return EXIT_SETUP;
}
