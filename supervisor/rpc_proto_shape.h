/* What the two halves of the codec of <cordon/rpc_proto.h> share. */
#pragma once

#include <cordon/error.h>

static inline int
wrong_shape(struct cordon_error *err, const char *what)
{
	return cordon_fail(err, CORDON_EPEER, 0, "a message %s has the wrong shape", what);
}
