/* What the launcher waits for: descriptors of its runs, in epoll(7). */
#pragma once

#include "run.h"

/* Waits for what pid 1 says and for its end. A run that cannot be listened to is ended. */
void sources_add(struct launcher *l, struct run *run);
/* Ends the runs whose watched names have changed. After each event: a new watch reads what concerned
 * others, too. */
void sources_look_at_watches(struct launcher *l);
/* One event of a run; it may be about one that is no more. */
void sources_serve(struct launcher *l, uint64_t event);
