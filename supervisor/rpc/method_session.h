/* session/open, session/close, session/list. */
#pragma once

#include "calls.h"
#include "requests.h"

call_fn session_open, session_close, session_list;
/* DONE came for it. */
void session_done(struct rpc *rpc, struct request *request);
