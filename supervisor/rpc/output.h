/* What is kept of a stream that may print more than anybody wants to see: its begin and its end. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "budget.h"

struct output {
	struct budget *budget;
	uint8_t *head, *tail; /* owned */
	size_t head_size, head_room, head_max;
	size_t tail_size, tail_room, tail_max;
	size_t tail_start; /* of the oldest byte; the tail is a ring when it is full */
	uint64_t bytes; /* printed in all */
};

/* At most limit bytes are kept, in halves. */
void output_init_halves(struct output *o, size_t limit, struct budget *budget);
/* At most limit bytes are kept, the first. */
void output_init_first(struct output *o, size_t limit, struct budget *budget);
/* At most limit bytes are kept, the newest. */
void output_init_newest(struct output *o, size_t limit, struct budget *budget);
void output_finish(struct output *o);
void output_add(struct output *o, const void *data, size_t size);

/* What is kept, in one piece. */
struct output_text {
	char *data; /* owned by who asked */
	size_t size;
	uint64_t dropped; /* bytes that are not in it */
	size_t gap_at; /* where they would be */
};

/* Returns 0, or -1 without memory. The gap splits no character: what it cut is dropped whole. */
int output_text(const struct output *o, struct output_text *ret);
/* Gives up what is kept; the count of what was printed stays. */
void output_forget(struct output *o);
