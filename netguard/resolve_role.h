/* The resolver: `cordon-netguard resolve`. */
#pragma once

#include <cordon/error.h>

#define RESOLVE_ROLE_MONITOR 3 /* descriptors */
#define RESOLVE_ROLE_DIALER  4

/* Locks itself and serves until the link to the monitor ends, which is 0; else -1 with *err set. */
int resolve_role_run(struct cordon_error *err) CORDON_CHECKED;
