/* The link to the monitor: what is sent waits in a queue while the monitor's side is full. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/loop.h>
#include <cordon/wire.h>

#define LINK_QUEUED (8u << 20) /* bytes that wait before a new request is refused */

struct rpc;
struct link_packet;

struct link {
	struct rpc *rpc;
	int fd;
	struct cordon_watch *watch;
	struct link_packet *first, *last;
	size_t queued;
	int welcomed;
};

int link_open(struct link *l, struct rpc *rpc, int fd, struct cordon_error *err) CORDON_CHECKED;
void link_finish(struct link *l);
/* True while the monitor takes what it is told. */
static inline int
link_has_room(const struct link *l)
{
	return l->queued < LINK_QUEUED;
}
/* Sends the finished body, or queues it; w is emptied in any case. Returns -1 when the body is too large or
 * there is no memory; nothing was sent then. A broken link stops the loop. */
int link_send(struct link *l, uint16_t number, struct cordon_writer *w) CORDON_CHECKED;
/* SIGNAL and KILL. */
void link_order(struct link *l, uint16_t number, uint64_t run, uint32_t what);
