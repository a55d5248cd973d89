/* Which file a command name means inside the run. */
#pragma once

#include <limits.h>

#include <cordon/error.h>
#include <cordon/path.h>
#include <cordon/plan.h>

#include "workspace.h"

struct command {
	char path[PATH_MAX]; /* inside the run */
	struct cordon_identity identity;
	int script;
};

/* name: argv[0]. search: the run's PATH. Returns 0, or -1 with *err set: CORDON_ENOTFOUND for no such
 * command, CORDON_EPOLICY for one that is there and cannot be executed. */
int resolve_command(const char *name, const char *search, const struct cordon_plan *plan,
	const struct workspace *workspace, struct command *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* Bounds of execve(2): returns 0, or -1 with CORDON_ELIMIT. */
int resolve_check_size(
	char *const *argv, char *const *env, struct cordon_error *err) CORDON_CHECKED;
