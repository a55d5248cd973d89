/* Bytes of the caller to lines, one line at a time and never more than a bound. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LINE_MAX_BYTES (16u << 20)
#define LINE_READ      (64u * 1024)
#define LINE_MS \
	60000 /* in which a line has to be whole, and a second more for each LINE_READ of it */

struct lines {
	char *data; /* owned */
	size_t capacity;
	size_t start, end; /* what was read and not yet taken */
	size_t scanned; /* up to here there is no line end */
	size_t max;
};

/* max: bytes of a line, without its end. */
void lines_init(struct lines *l, size_t max);
void lines_finish(struct lines *l);
/* Frees the buffer, when it is empty. Returns whether it is. */
int lines_give_back(struct lines *l);
/* How long the line whose begin is there may take in all; 0: there is none. */
uint64_t lines_patience_ms(const struct lines *l);
/* Room for up to LINE_READ more bytes. NULL without memory. */
char *lines_room(struct lines *l, size_t *ret_room);
/* So many were put into the room. */
void lines_added(struct lines *l, size_t count);

enum lines_answer { LINES_NONE, LINES_ONE, LINES_TOO_LONG };
/* The next whole line, without "\n"; it stays valid until lines_room or lines_give_back. After LINES_TOO_LONG there is
 * nothing more to be had. */
enum lines_answer lines_next(struct lines *l, const char **ret_line, size_t *ret_size);
