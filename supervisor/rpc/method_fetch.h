/* fetch/request. */
#pragma once

#include "calls.h"

call_fn fetch_request;

/* FETCHED. Returns 0, or -1 when it answers nothing. */
int fetch_take(struct rpc *rpc, struct cordon_message *m) CORDON_CHECKED;
void fetch_cancel(struct rpc *rpc, struct request *request);
