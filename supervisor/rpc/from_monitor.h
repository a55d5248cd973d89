/* What the monitor says. */
#pragma once

#include <cordon/link.h>

struct rpc;

/* Takes one message; descriptors that are taken are gone from it. Returns -1 when it is none of the
 * contract's (<cordon/rpc_proto.h>), or not legal now. */
int from_monitor(struct rpc *rpc, struct cordon_message *m);
