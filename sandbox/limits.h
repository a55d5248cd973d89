/* Resource limits of each process of a run. See setrlimit(2). */
#pragma once

#include "setup.h"
#include "stage.h"

/* Sets them on the calling process, inside the run's user namespace: there RLIMIT_NPROC counts the
 * run alone (ucounts, kernel 5.14). Returns 0, or -1 with *fault set. */
int limits_apply(const struct sandbox_setup *s, struct sandbox_fault *fault);
