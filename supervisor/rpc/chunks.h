/* The output of a long-lived run: numbered pieces, of which the newest are kept. A piece is unread until it
 * has been given to the caller (chunks_seen). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "budget.h"

#define CHUNK_BYTES  65536u /* of one piece */
#define CHUNKS_BYTES (1u << 20) /* kept of a run */
#define CHUNKS_COUNT 4096u /* pieces kept of a run, a power of two */

struct chunk {
	uint64_t seq;
	int stream; /* 1 or 2 */
	size_t size, room;
	char data[];
};

struct chunks {
	struct budget *budget;
	struct chunk *
		*ring; /* owned; seq is at seq % capacity, NULL is one that could not be kept */
	size_t capacity;
	uint64_t first, last; /* numbers of the oldest place that is kept and of the newest piece */
	size_t size, max; /* bytes kept, and at most */
	uint64_t seen; /* up to this one they have been given to the caller */
	size_t unread; /* bytes */
	int must_keep; /* a piece is kept even without budget when it is the only one */
};

void chunks_init(struct chunks *c, size_t max, struct budget *budget);
void chunks_finish(struct chunks *c);
/* Adds at most CHUNK_BYTES. What does not fit makes the oldest ones go, unread or not; without budget or
 * memory it is this one that is missing. Only numbers show it. */
void chunks_add(struct chunks *c, int stream, const void *data, size_t size);
/* True when a further piece would not push out an unread one. */
int chunks_have_room(const struct chunks *c);
/* The first kept one behind seq, or NULL. */
const struct chunk *chunks_after(const struct chunks *c, uint64_t seq);
/* Everything up to seq has been given to the caller. */
void chunks_seen(struct chunks *c, uint64_t seq);
/* Forgets what is kept. */
void chunks_drop(struct chunks *c);
