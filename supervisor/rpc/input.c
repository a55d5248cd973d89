/* calls: none */
#include "input.h"

#include <stdlib.h>

#include <cordon/mem.h>

int
input_add(struct input *in, struct request *asker, uint8_t *data, size_t size)
{
	struct input_piece *p = cordon_array(1, sizeof(*p));

	if (p == NULL || budget_take(in->budget, size) < 0) {
		free(p);
		free(data);
		return -1;
	}
	*p = (struct input_piece){ .asker = asker, .data = data, .size = size, .room = size };
	if (in->last == NULL)
		in->first = p;
	else
		in->last->next = p;
	in->last = p;
	in->queued += size;
	return 0;
}

struct request *
input_shift(struct input *in)
{
	struct input_piece *p = in->first;
	struct request *asker = p->asker;

	in->first = p->next;
	if (in->first == NULL)
		in->last = NULL;
	in->queued -= p->size - p->sent;
	budget_give(in->budget, p->room);
	free(p->data);
	free(p);
	return asker;
}

struct input_piece *
input_find(struct input *in, const struct request *asker)
{
	struct input_piece *p = in->first;

	while (p != NULL && p->asker != asker)
		p = p->next;
	return p;
}
