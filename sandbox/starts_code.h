/* After a run: what appeared in the workspace that starts code at somebody's next step (A03). */
#pragma once

#include <time.h>

#include <cordon/launch_proto.h>

/* Looks for repositories made or changed since `since` (real-time clock), in at most 4096 entries of
 * the workspace, and lists their hooks and configuration that starts code. */
void starts_code_find(int workspace, const struct timespec *since, struct cordon_exited *exited);
