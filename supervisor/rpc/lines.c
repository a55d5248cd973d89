/* calls: none */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

void
lines_init(struct lines *l, size_t max)
{
	*l = (struct lines){ .max = max };
}

void
lines_finish(struct lines *l)
{
	free(l->data);
	l->data = NULL;
	l->capacity = l->start = l->end = l->scanned = 0;
}

int
lines_give_back(struct lines *l)
{
	if (l->end > l->start)
		return 0;
	lines_finish(l);
	return 1;
}

uint64_t
lines_patience_ms(const struct lines *l)
{
	const size_t held = l->end - l->start;

	return held == 0 ? 0 : LINE_MS + (uint64_t)held * 1000 / LINE_READ;
}

char *
lines_room(struct lines *l, size_t *ret_room)
{
	const size_t held = l->end - l->start;

	if (l->start > 0 && (held == 0 || l->capacity - l->end < LINE_READ)) {
		memmove(l->data, l->data + l->start, held);
		l->scanned -= l->start;
		l->start = 0;
		l->end = held;
	}
	if (cordon_grow(&l->data, &l->capacity, l->end + LINE_READ, l->max + 2 * LINE_READ, 1) < 0)
		return NULL;
	*ret_room = LINE_READ;
	return l->data + l->end;
}

void
lines_added(struct lines *l, size_t count)
{
	l->end += count;
}

enum lines_answer
lines_next(struct lines *l, const char **ret_line, size_t *ret_size)
{
	const char *line = l->data + l->start, *end;

	if (l->scanned < l->start)
		l->scanned = l->start;
	end = l->end == l->scanned ? NULL : memchr(l->data + l->scanned, '\n', l->end - l->scanned);
	if (end == NULL) {
		l->scanned = l->end;
		return l->end - l->start > l->max ? LINES_TOO_LONG : LINES_NONE;
	}
	if ((size_t)(end - line) > l->max)
		return LINES_TOO_LONG;
	*ret_line = line;
	*ret_size = (size_t)(end - line);
	l->start += *ret_size + 1;
	l->scanned = l->start;
	return LINES_ONE;
}
