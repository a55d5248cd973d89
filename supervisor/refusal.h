/* From an error to what a caller of the pipe is answered: INTERFACES, errors. */
#pragma once

#include <cordon/error.h>
#include <cordon/rpc_proto.h>

/* Borrows err's texts: for encoding, not for finishing. rule: "" for none. */
struct rpc_refused refusal_of(uint64_t request, struct cordon_error *err, const char *rule);
