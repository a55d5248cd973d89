/* Lines to the caller: a queue, written as far as the caller's side takes it without waiting. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>
#include <cordon/json.h>
#include <cordon/loop.h>

#define OUT_ROOM (4u << 20) /* bytes that wait before results are held back */
#define OUT_HARD (5u << 20) /* before nothing more is read */

struct rpc;
struct out_line;

enum out_way {
	OUT_OWN, /* a non-blocking description of our own */
	OUT_SOCKET,
	OUT_FILE, /* always ready */
	OUT_SHARED, /* others use the description, too: asked first, and little at a time */
};

struct out {
	struct rpc *rpc;
	int fd;
	enum out_way way;
	struct cordon_watch *watch;
	int waiting; /* the watch is on */
	struct out_line *first, *last;
	size_t queued; /* bytes of memory */
};

/* Takes descriptor fd for writing; it may be opened anew, so this is for before lock-down. */
int out_open(struct out *o, struct rpc *rpc, struct cordon_loop *loop, int fd,
	struct cordon_error *err) CORDON_CHECKED;
void out_finish(struct out *o);
static inline int
out_has_room(const struct out *o)
{
	return o->queued < OUT_ROOM;
}
/* Queues the finished text of j as a line; j is taken. Returns 0, or -1 when it is not finished or there
 * is no memory. */
int out_put(struct out *o, struct cordon_json *j) CORDON_CHECKED;
/* Writes what is taken now. Returns -1 when the other side has gone. */
int out_flush(struct out *o) CORDON_CHECKED;
