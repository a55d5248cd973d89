/* Pipes for splice(2): some are kept for the next who has much to move. */
#pragma once

#include <stddef.h>

#define PIPES_MAX 64u /* in use and kept, together */

struct pipes {
	struct pipes_one {
		int ends[2];
	} kept[PIPES_MAX];
	unsigned kept_count, count;
};

void pipes_finish(struct pipes *p); /* those in use were closed */
/* Returns 0, or -1: there are as many as may be, or the system has no more. */
int pipes_take(struct pipes *p, struct pipes_one *ret);
/* An empty one, for the next. */
void pipes_give(struct pipes *p, const struct pipes_one *pipe);
/* One that holds what is nobody else's to see. */
void pipes_close(struct pipes *p, struct pipes_one *pipe);
