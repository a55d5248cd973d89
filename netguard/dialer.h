/* The dialer: `cordon-netguard dial`. */
#pragma once

#include <cordon/error.h>

#define DIALER_MONITOR 3 /* its descriptor */

/* Locks itself and serves until its link to the monitor ends, which is 0; else -1 with *err set. */
int dialer_run(struct cordon_error *err) CORDON_CHECKED;
