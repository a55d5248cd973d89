/* The keeper: <cordon/keeper_proto.h>. */
#pragma once

#include <cordon/error.h>

#define KEEPER_MONITOR 3 /* descriptor of the link */

/* Until the link ends. Returns 0, or -1 with *err set. */
int keeper_run(struct cordon_error *err) CORDON_CHECKED;
