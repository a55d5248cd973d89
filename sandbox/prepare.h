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
