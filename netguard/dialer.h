/* The dialer: `cordon-netguard dial`. */
#pragma once

#include <cordon/error.h>

#define DIALER_MONITOR 3 /* descriptors */
#define DIALER_RELAY   4

/* Locks itself and serves until one of its links ends, which is 0; else -1 with *err set. */
int dialer_run(struct cordon_error *err) CORDON_CHECKED;
