/* Lines from the caller. */
#pragma once

#include <cordon/error.h>
#include <cordon/loop.h>

#include "lines.h"

struct rpc;

struct in {
	struct rpc *rpc;
	int fd;
	struct cordon_watch *watch; /* NULL: a file, which is always ready */
	struct cordon_timer *soon; /* when the loop comes round */
	struct cordon_timer *rest; /* until then no line is taken */
	struct cordon_timer *late; /* looks whether a line takes too long; NULL: none had begun */
	uint64_t begun_ms; /* when the line began whose rest is missing, or was listened to again */
	int paused;
	int large; /* a line was, and what it needed is to be given back */
	struct lines lines;
};

/* Begins paused. */
void in_open(struct in *in, struct rpc *rpc, int fd);
void in_finish(struct in *in);
void in_pause(struct in *in, int paused);
/* Takes no line for so long: what comes waits in the pipe, and who writes waits with it. */
void in_rest(struct in *in, uint64_t ms);
