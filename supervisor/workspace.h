/* Which directory a run works in (A01). */
#pragma once

#include <limits.h>

#include <cordon/error.h>
#include <cordon/path.h>

#include "config.h"

struct workspace {
	char path[PATH_MAX]; /* absolute, without links */
	char cwd[PATH_MAX]; /* below it */
	struct cordon_identity identity, cwd_identity;
};

/* directory: NULL for the current one; cwd: below it, NULL for itself, absolute or relative.
 * Returns 0, or -1 with *err set (reason floor.workspace). */
int workspace_open(const char *directory, const char *cwd, const struct config *config,
	struct workspace *ret, struct cordon_error *err) CORDON_CHECKED;
