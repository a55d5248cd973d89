/* Which file a command name means inside the run. */
#pragma once

#include <limits.h>

#include <cordon/error.h>
#include <cordon/path.h>
#include <cordon/plan.h>

#include "workspace.h"

#define SCRIPT_LINE 256 /* BINPRM_BUF_SIZE, linux/binfmts.h */

struct command {
	char path[PATH_MAX]; /* inside the run */
	struct cordon_identity identity;
	int script; /* begins with "#!", and then: */
	char interpreter[PATH_MAX]; /* as it is written there */
	char argument[SCRIPT_LINE]; /* the one behind it, or empty */
};

/* name: argv[0]. search: the run's PATH. Returns 0, or -1 with *err set: CORDON_ENOTFOUND for no such
 * command, CORDON_EPOLICY for one that is there and cannot be executed. */
int resolve_command(const char *name, const char *search, const struct cordon_plan *plan,
	const struct workspace *workspace, struct command *ret,
	struct cordon_error *err) CORDON_CHECKED;

struct cordon_launch;

/* Puts in a launch which file is started, and where. Both stay the caller's. */
void resolve_into_launch(
	struct command *command, struct workspace *workspace, struct cordon_launch *launch);

/* Bounds of execve(2): returns 0, or -1 with CORDON_ELIMIT. */
int resolve_check_size(
	char *const *argv, char *const *env, struct cordon_error *err) CORDON_CHECKED;
