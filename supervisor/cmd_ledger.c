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

/* The directory of the ledger, for the caller to free, or NULL with *err set. */
static char *
find_ledger(const char *config_file, struct cordon_error *err)
{
	struct config config = { 0 };
	char *path = NULL;

	if (config_load(config_file, &config, err) < 0)
		return NULL;
	path = ledger_place(&config, err);
	config_finish(&config);
	return path;
}

static int
become_reader(int argc, char **argv, struct cordon_error *err)
{
	static char name[] = "cordon ledger", path_option[] = "--path";
	CORDON_FREE char **words = cordon_array((size_t)argc + 3, sizeof(*words));
	CORDON_FREE char *path = NULL;
	char program[PATH_MAX];
	const char *config_file = NULL;
	int count = 3,
	    has_path = 0; /* two words are for the path, in front, where no "--" stands before */

	if (words == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read the ledger");
	for (int i = 1; i < argc; i++) {
		const int first = i;
		const char *config = value_at(argv, &i, "--config");

		if (config != NULL) {
			config_file = config;
			continue;
		}
		has_path |= value_at(argv, &i, "--path") != NULL ||
			    strcmp(argv[first], "--help") == 0 || strcmp(argv[first], "-h") == 0;
		for (int k = first; k <= i; k++)
			words[count++] = argv[k];
	}
	path = has_path ? NULL : find_ledger(config_file, err);
	if ((path == NULL && !has_path) || programs_find("cordon-ledger-read", program, err) < 0)
		return -1;
	words[1] = path_option;
	words[2] = path;
	words[has_path ? 2 : 0] = name;
	execve(program, words + (has_path ? 2 : 0), environ);
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
