/* The monitor's end of its control socket: PLACE/monitor-PID.sock, for the same user alone. */
#pragma once

#include "serve.h"

/* Returns 0, or -1 with *err set. */
int control_begin(struct serve *s, struct cordon_error *err) CORDON_CHECKED;
void control_finish(struct serve *s);
