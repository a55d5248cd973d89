/* The relay's process, see relay.c. */
#pragma once

#include <cordon/error.h>

#define RELAY_MONITOR 3 /* descriptors it is started with */
#define RELAY_DIALER  4

/* Returns 0 when the monitor's link has ended, -1 with *err set otherwise. */
int relay_run(struct cordon_error *err);
