/* Landlock, a second wall behind the mounts. See landlock(7). */
#pragma once

#include "setup.h"
#include "stage.h"

/* The ABI version of the running kernel; 0: there is none. */
int landlock_abi(void);

/* Restricts the calling process, inside the run's root: reads everywhere, execution only below the
 * plan's exec paths (and workspace, /tmp where the plan says so), writes only to what is writable.
 * Allocates nothing. Returns 0, or -1 with *fault set. */
int landlock_apply(const struct sandbox_setup *s, struct sandbox_fault *fault);
