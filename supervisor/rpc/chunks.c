/* calls: none */
#include "chunks.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define COST(room) (sizeof(struct chunk) + (room))

void
chunks_init(struct chunks *c, size_t max, struct budget *budget)
{
	*c = (struct chunks){ .budget = budget, .max = max, .first = 1 };
}

static struct chunk **
place(const struct chunks *c, uint64_t seq)
{
	return &c->ring[seq & (c->capacity - 1)];
}

static void
drop_first(struct chunks *c)
{
	struct chunk **at = place(c, c->first), *k = *at;

	if (k != NULL) {
		c->size -= k->size;
		if (k->seq > c->seen)
			c->unread -= k->size;
		budget_give(c->budget, COST(k->room));
		free(k);
		*at = NULL;
	}
	c->first++;
}

void
chunks_drop(struct chunks *c)
{
	while (c->first <= c->last)
		drop_first(c);
}

void
chunks_finish(struct chunks *c)
{
	chunks_drop(c);
	free(c->ring);
	*c = (struct chunks){ 0 };
}

int
chunks_have_room(const struct chunks *c)
{
	const uint64_t begin = c->first > c->seen + 1 ? c->first : c->seen + 1;

	return c->unread + CHUNK_BYTES <= c->max && c->last + 1 - begin < CHUNKS_COUNT;
}

/* A small piece that nobody has seen yet grows. Returns 1 when it did. */
static int
join_newest(struct chunks *c, int stream, const void *data, size_t size)
{
	struct chunk *k = c->first <= c->last ? *place(c, c->last) : NULL, *grown;
	size_t room;

	if (k == NULL || k->seq <= c->seen || k->stream != stream || k->size + size > CHUNK_BYTES)
		return 0;
	for (room = k->room; k->size + size > room;)
		room *= 2;
	if (room > k->room) {
		if (budget_take(c->budget, room - k->room) < 0)
			return 0;
		grown = realloc(k, COST(room));
		if (grown == NULL) {
			budget_give(c->budget, room - k->room);
			return 0;
		}
		grown->room = room;
		*place(c, c->last) = k = grown;
	}
	memcpy(k->data + k->size, data, size);
	k->size += size;
	c->size += size;
	c->unread += size;
	return 1;
}

/* A place for number last + 1. */
static int
make_place(struct chunks *c)
{
	const size_t count = (size_t)(c->last + 1 - c->first);
	struct chunks larger = *c;

	if (count == CHUNKS_COUNT)
		drop_first(c);
	if (count < c->capacity)
		return 0;
	larger.capacity = c->capacity == 0 ? 16 : c->capacity * 2;
	larger.ring = cordon_array(larger.capacity, sizeof(*larger.ring));
	if (larger.ring == NULL)
		return -1;
	for (uint64_t seq = c->first; seq <= c->last; seq++)
		*place(&larger, seq) = *place(c, seq);
	free(c->ring);
	c->ring = larger.ring;
	c->capacity = larger.capacity;
	return 0;
}

/* The bytes of a piece, or NULL when others cannot be given up for it. */
static struct chunk *
make_chunk(struct chunks *c, size_t room)
{
	struct chunk *k;

	while (budget_take(c->budget, COST(room)) < 0) {
		if (c->first <= c->last) {
			drop_first(c);
			continue;
		}
		if (!c->must_keep)
			return NULL;
		budget_force(c->budget, COST(room));
		break;
	}
	k = malloc(COST(room));
	if (k == NULL)
		budget_give(c->budget, COST(room));
	return k;
}

void
chunks_add(struct chunks *c, int stream, const void *data, size_t size)
{
	const size_t room = size < 256 ? 256 : size;
	struct chunk *k;

	if (size == 0)
		return;
	while (c->first <= c->last && c->size + size > c->max)
		drop_first(c);
	if (join_newest(c, stream, data, size))
		return;
	k = make_chunk(c, room);
	if (make_place(c) < 0) {
		chunks_drop(c);
		c->first = ++c->last + 1;
		if (k != NULL)
			budget_give(c->budget, COST(room));
		free(k);
		return;
	}
	*place(c, ++c->last) = k;
	if (k == NULL)
		return;
	*k = (struct chunk){ .seq = c->last, .stream = stream, .size = size, .room = room };
	memcpy(k->data, data, size);
	c->size += size;
	c->unread += size;
}

const struct chunk *
chunks_after(const struct chunks *c, uint64_t seq)
{
	uint64_t at = seq < c->first ? c->first : seq + 1;

	if (seq >= c->last)
		return NULL;
	while (at <= c->last && *place(c, at) == NULL)
		at++;
	return at <= c->last ? *place(c, at) : NULL;
}

void
chunks_seen(struct chunks *c, uint64_t seq)
{
	uint64_t at = c->seen < c->first ? c->first : c->seen + 1;

	if (seq > c->last)
		seq = c->last;
	for (; at <= seq; at++) {
		const struct chunk *k = *place(c, at);

		if (k != NULL)
			c->unread -= k->size;
	}
	if (seq > c->seen)
		c->seen = seq;
}
