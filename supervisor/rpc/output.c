/* calls: none */
#include "output.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/text.h>

#define FIRST_ROOM 4096

void
output_init_halves(struct output *o, size_t limit, struct budget *budget)
{
	*o = (struct output){
		.budget = budget, .head_max = limit - limit / 2, .tail_max = limit / 2
	};
}

void
output_init_first(struct output *o, size_t limit, struct budget *budget)
{
	*o = (struct output){ .budget = budget, .head_max = limit };
}

void
output_init_newest(struct output *o, size_t limit, struct budget *budget)
{
	*o = (struct output){ .budget = budget, .tail_max = limit };
}

void
output_finish(struct output *o)
{
	free(o->head);
	free(o->tail);
	if (o->budget != NULL)
		budget_give(o->budget, o->head_room + o->tail_room);
	*o = (struct output){ 0 };
}

/* Makes room for need bytes if max, budget and memory let. Where they do not, what is there is the
 * maximum from now on. */
static void
make_room(struct output *o, uint8_t **data, size_t *room, size_t *max, size_t need)
{
	size_t wanted = *room < FIRST_ROOM ? FIRST_ROOM : *room;
	uint8_t *grown;

	if (need > *max)
		need = *max;
	if (need <= *room)
		return;
	while (wanted < need)
		wanted *= 2;
	if (wanted > *max)
		wanted = *max;
	if (budget_take(o->budget, wanted - *room) < 0) {
		*max = *room;
		return;
	}
	grown = realloc(*data, wanted);
	if (grown == NULL) {
		budget_give(o->budget, wanted - *room);
		*max = *room;
		return;
	}
	*data = grown;
	*room = wanted;
}

static void
add_to_tail(struct output *o, const uint8_t *data, size_t size)
{
	make_room(o, &o->tail, &o->tail_room, &o->tail_max, o->tail_size + size);
	if (o->tail_room == 0)
		return;
	if (size > o->tail_room) {
		data += size - o->tail_room;
		size = o->tail_room;
	}
	while (size > 0) {
		const size_t end = (o->tail_start + o->tail_size) % o->tail_room;
		const size_t piece = size < o->tail_room - end ? size : o->tail_room - end;

		memcpy(o->tail + end, data, piece);
		o->tail_size += piece;
		if (o->tail_size > o->tail_room) { /* it went over the oldest */
			o->tail_start =
				(o->tail_start + o->tail_size - o->tail_room) % o->tail_room;
			o->tail_size = o->tail_room;
		}
		data += piece;
		size -= piece;
	}
}

void
output_add(struct output *o, const void *data, size_t size)
{
	const uint8_t *at = data;
	size_t piece;

	o->bytes += size;
	/* Once something went to the tail, nothing more goes to the head. */
	if (o->tail_size == 0 && o->head_size < o->head_max) {
		make_room(o, &o->head, &o->head_room, &o->head_max, o->head_size + size);
		piece = o->head_room - o->head_size < size ? o->head_room - o->head_size : size;
		if (piece > 0)
			memcpy(o->head + o->head_size, at, piece);
		o->head_size += piece;
		at += piece;
		size -= piece;
	}
	if (size > 0)
		add_to_tail(o, at, size);
}

int
output_text(const struct output *o, struct output_text *ret)
{
	const size_t first = o->tail_room - o->tail_start < o->tail_size
				     ? o->tail_room - o->tail_start
				     : o->tail_size;
	size_t head = o->head_size, skip = 0;
	char *text = malloc(o->head_size + o->tail_size + 1);

	if (text == NULL)
		return -1;
	if (head > 0)
		memcpy(text, o->head, head);
	if (first > 0)
		memcpy(text + head, o->tail + o->tail_start, first);
	if (o->tail_size > first)
		memcpy(text + head + first, o->tail, o->tail_size - first);
	if (o->bytes > o->head_size + o->tail_size) {
		const size_t whole = cordon_text_whole(text, head);

		skip = cordon_text_inside(text + head, o->tail_size);
		memmove(text + whole, text + head + skip, o->tail_size - skip);
		head = whole;
	}
	ret->data = text;
	ret->size = head + o->tail_size - skip;
	text[ret->size] = '\0';
	ret->dropped = o->bytes - ret->size;
	ret->gap_at = head;
	return 0;
}

void
output_forget(struct output *o)
{
	struct output empty = { .budget = o->budget, .bytes = o->bytes };

	output_finish(o);
	*o = empty;
}
