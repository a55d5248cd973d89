/* What the caller wrote to a run and the run has not taken yet. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "budget.h"

#define INPUT_MAX (1u << 20) /* bytes that wait for a run, from process/write */
#define INPUT_ALL (64u << 20) /* bytes that wait for all runs */

struct request;

struct input_piece {
	struct input_piece *next;
	struct request *asker; /* is answered when it was taken; NULL: nobody */
	uint8_t *data; /* owned */
	size_t size, sent;
	size_t room; /* of the budget; size shrinks when it is cancelled */
};

struct input {
	struct budget *budget;
	struct input_piece *first, *last;
	size_t queued;
	int is_open; /* more may come */
	int is_gone; /* nobody reads it */
};

/* data is taken, also when it does not fit (-1). */
int input_add(struct input *in, struct request *asker, uint8_t *data, size_t size);
/* Forgets the first piece; returns who asked for it. */
struct request *input_shift(struct input *in);
/* The piece of asker, or NULL. */
struct input_piece *input_find(struct input *in, const struct request *asker);
