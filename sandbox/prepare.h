/* What the launcher does for one run: before the clone what pid 1 needs from its beginning, and what takes
 * longest while pid 1 builds its root. */
#pragma once

#include <cordon/error.h>

#include "run.h"

/* Before: opens the workspace, finds what is to be covered, chooses ids, makes the cgroup. Returns 0, or -1
 * with *err set. */
int prepare_run(struct launcher *l, struct run *run, struct cordon_error *err) CORDON_CHECKED;
/* After: makes what is to be covered, watches it, and tells pid 1, which waits for that. */
int prepare_covers(struct launcher *l, struct run *run, struct cordon_error *err) CORDON_CHECKED;

/* For a run that is made ahead of its launch, before the clone: all of that but covers, which depend on the
 * moment (A04). */
int prepare_ahead(struct launcher *l, struct run *run, struct cordon_error *err) CORDON_CHECKED;
/* When its launch has come: finds and makes what is to be covered by now, and watches it. */
int prepare_release(struct launcher *l, struct run *run, const struct cordon_launch *launch,
	struct cordon_error *err) CORDON_CHECKED;
