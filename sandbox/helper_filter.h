/* The filter of pid 1 itself, loaded once the command runs. */
#pragma once

/* Returns 0 or -1 with errno. Anything but what init.c, gate.c and connect.c list kills the run. */
int helper_filter_load(void);
