/* The link itself: initialize, ping, shutdown, $/cancel. */
#pragma once

#include "calls.h"

call_fn self_initialize, self_ping, self_shutdown;
/* A notification. */
void self_cancel(struct rpc *rpc, const struct json_t *params);
