/* One fetch: `cordon-fetch`. */
#pragma once

#include <cordon/error.h>

#define FETCH_ROLE_MONITOR 3 /* descriptors */
#define FETCH_ROLE_DIALER  4

/* Locks itself, fetches once, and returns 0 when the RESULT was said or the monitor has gone; else -1 with *err set. */
int fetch_role_run(struct cordon_error *err) CORDON_CHECKED;
