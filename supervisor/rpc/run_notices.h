/* What the caller hears of a run without asking, and what wakes the requests that wait for it.
 *
 * Who reads. Output is unread until it was given to the caller: for a run with notify as a
 * process/output line, else by process/read, which also takes everything up to its afterSeq as read.
 * Asking with process/read for what was notified already is possible as long as it is kept. */
#pragma once

struct rpc;
struct run;

/* There is a new piece of output. */
void run_notices_output(struct run *run);
/* It has ended. */
void run_notices_ended(struct run *run);
int run_notices_any(const struct rpc *rpc);
/* Makes a line of one piece of news of the run that waits longest. Returns 0 when there is none. */
int run_notices_render_one(struct rpc *rpc);
