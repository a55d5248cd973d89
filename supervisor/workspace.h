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

/* The same workspace with another working directory: cwd as above, but absolute. Refuses when the path has come to mean
 * another directory than the one that was judged. ret may be base. */
int workspace_enter(const struct workspace *base, const char *cwd, struct workspace *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* A workspace that a caller names: the monitor's own, or one below the roots of the configuration. Errors
 * as above; CORDON_EPOLICY with reason workspace.not_listed when it is neither. */
int workspace_name(const char *directory, const char *cwd, const struct workspace *own,
	const struct config *config, struct workspace *ret,
	struct cordon_error *err) CORDON_CHECKED;
