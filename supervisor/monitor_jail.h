/* How the monitor of a pipe locks itself, when launcher, sockets and the first cordon-rpc are there. */
#pragma once

#include <cordon/error.h>

/* helper: the one program that may still be executed (one cordon-rpc for each caller who comes), or NULL
 * for none. From here on there are no new privileges, no network, no tracing, no new namespaces or mounts,
 * and, where the kernel has Landlock, no other program. Returns 0, or -1 with *err set. */
int monitor_jail(const char *helper, struct cordon_error *err) CORDON_CHECKED;
