/* What happens when, and in which order: results and notices become lines only while the queue to the
 * caller has room, in turn, so that a caller that reads slowly costs no more memory and one busy run
 * does not hide the others.
 *
 * calls: none */
#include "rpc.h"
#include "method_ledger.h"

#include "answers.h"
#include "method_ledger.h"
#include "run_notices.h"

#define CLOSING_MS 5000

static void
on_closing_late(void *context)
{
	struct rpc *rpc = context;

	cordon_loop_stop(rpc->loop);
}

void
rpc_stop(struct rpc *rpc)
{
	cordon_loop_stop(rpc->loop);
}

void
rpc_close(struct rpc *rpc)
{
	struct cordon_error ignored;

	if (rpc->life == RPC_LIFE_CLOSING)
		return;
	rpc->life = RPC_LIFE_CLOSING;
	in_pause(&rpc->in, 1);
	rpc->closing = cordon_loop_timer(rpc->loop, CLOSING_MS, 0, on_closing_late, rpc, &ignored);
	if (rpc->closing == NULL)
		cordon_loop_stop(rpc->loop);
}

/* One of each kind. Returns 0 when there was nothing. */
static int
render_some(struct rpc *rpc)
{
	int did = 0;

	if (out_has_room(&rpc->out))
		did |= requests_render_one(rpc);
	if (out_has_room(&rpc->out))
		did |= run_notices_render_one(rpc);
	return did;
}

void
rpc_settle(struct rpc *rpc)
{
	ledger_tell_malformed(rpc);
	do {
		while (rpc->life == RPC_LIFE_SERVING && render_some(rpc))
			;
		if (out_flush(&rpc->out) < 0) { /* nobody reads this any more */
			cordon_loop_stop(rpc->loop);
			return;
		}
	} while (rpc->life == RPC_LIFE_SERVING && out_has_room(&rpc->out) &&
		 (requests_any_ready(rpc) || run_notices_any(rpc)));
	if (rpc->life == RPC_LIFE_CLOSING && rpc->out.queued == 0)
		cordon_loop_stop(rpc->loop);
	/* Answers that are given at once are not held back, so their questions are. */
	if (rpc->life == RPC_LIFE_SERVING)
		in_pause(&rpc->in, rpc->out.queued > OUT_HARD);
}
