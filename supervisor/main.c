/* cordon: the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cordon/fd.h>

#include "cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "run one command in a sandbox, on this terminal" },
	{ "serve", cmd_serve, "serve a program that asks by JSON-RPC, on a pipe or a socket" },
	{ "fetch", cmd_fetch, "fetch a page through the network guard" },
	{ "ps", cmd_ps, "list the live runs" },
	{ "kill", cmd_kill, "end a run" },
	{ "stop-all", cmd_stop_all, "end all runs, and start none any more" },
	{ "status", cmd_status, "say which monitors are there" },
	{ "policy", cmd_policy, "say what would become of a command, without running it" },
	{ "profile", cmd_profile, "list the profiles, or show what one grants" },
	{ "ledger", cmd_ledger, "read and check the record of what was run and refused" },
	{ "netguard", cmd_netguard, "say which addresses a run could be allowed to reach" },
	{ "doctor", cmd_doctor, "say which protections this machine has" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

void
cmd_say(const struct cordon_error *err)
{
	if (err->text[0] != '\0')
		fprintf(stderr, "cordon: %s\n", err->text);
}

static void
print_help(FILE *out)
{
	fputs("Usage: cordon COMMAND [OPTION]...\n\n"
	      "Runs the tools of an AI agent, or anything else, in a sandbox that cannot be "
	      "switched off.\n\n"
	      "Commands:\n",
		out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\ncordon COMMAND --help says more. A first try: cordon run -- ls -l\n", out);
}

/* What we print ourselves has to arrive, too: a full disk is not a success. */
static int
finish(int status)
{
	struct cordon_error err = { 0 };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	cordon_fail(&err, CORDON_ESYS, errno, "could not write to standard output");
	cmd_say(&err);
	return status == 0 ? EXIT_SETUP : status;
}

int
main(int argc, char **argv)
{
	struct cordon_error err = { 0 };

	if (cordon_fd_valid_stdio(&err) < 0)
		return EXIT_SETUP;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_SETUP;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return finish(0);
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("cordon " CORDON_VERSION);
		return finish(0);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return finish(commands[i].run(argc - 1, argv + 1));
	cordon_fail(&err, CORDON_EINPUT, 0, "there is no command '%s'; see cordon --help", argv[1]);
	cmd_say(&err);
	return EXIT_SETUP;
}
