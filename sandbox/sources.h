/* What the launcher waits for: descriptors of its runs, in epoll(7). */
#pragma once

#include "run.h"

/* Waits for what pid 1 says, for its end, and for what is watched already. A run that cannot be listened to
 * is ended. */
void sources_add(struct launcher *l, struct run *run);
/* Waits also for its watch, which it got later. */
void sources_add_watch(struct launcher *l, struct run *run);
/* One event of a run; it may be about one that is no more. */
void sources_serve(struct launcher *l, uint64_t event);
