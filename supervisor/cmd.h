/* Subcommands: each takes its own argument vector (argv[0] is its name) and returns an exit status. */
#pragma once

#include <cordon/error.h>

#define EXIT_HELD      75 /* EX_TEMPFAIL, sysexits.h: somebody has to allow it */
#define EXIT_TIMEOUT   124
#define EXIT_SETUP     125 /* cordon could not do its part */
#define EXIT_REFUSED   126 /* policy, or not executable */
#define EXIT_NOT_FOUND 127 /* no such command */

int cmd_run(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_stop_all(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_ledger(int argc, char **argv);
int cmd_netguard(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* "cordon: sentence" on standard error. Errors that begin with FILE:LINE:COLUMN keep that form. */
void cmd_say(const struct cordon_error *err);
