/* What the ledger has of the caller's: ledger/tail. */
#pragma once

#include "calls.h"

call_fn ledger_tail;
/* TEXT came. */
request_render_fn ledger_answer_tail;
/* Tells the monitor of lines that were no requests. */
void ledger_tell_malformed(struct rpc *rpc);
