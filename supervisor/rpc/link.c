/* calls: none */
#include "link.h"

#include <errno.h>
#include <stdlib.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#include "from_monitor.h"
#include "rpc.h"

#define PACKETS 64 /* taken in one go, so that the caller gets its turn */

struct link_packet {
	struct link_packet *next;
	uint16_t number;
	uint8_t *body; /* owned */
	size_t size;
};

/* Returns 1 when it was sent, 0 when it has to wait. A broken link stops the loop. */
static int
try_send(struct link *l, uint16_t number, const void *body, size_t size)
{
	struct cordon_error err;

	if (cordon_link_send(l->fd, number, body, size, NULL, 0, &err) == 0)
		return 1;
	if (err.code == CORDON_ESYS && err.sys == EAGAIN)
		return 0;
	rpc_stop(l->rpc);
	return 1;
}

static void
send_queued(struct link *l)
{
	while (l->first != NULL) {
		struct link_packet *p = l->first;

		if (!try_send(l, p->number, p->body, p->size))
			return;
		l->first = p->next;
		if (l->first == NULL)
			l->last = NULL;
		l->queued -= p->size + sizeof(*p);
		free(p->body);
		free(p);
	}
	cordon_watch_set(l->watch, CORDON_LOOP_READ);
}

static void
receive(struct link *l)
{
	struct cordon_message m;
	struct cordon_error err;

	for (int i = 0; i < PACKETS; i++) {
		const int got = cordon_link_receive(l->fd, &m, &err);

		if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
			return;
		/* The monitor has gone, or is no monitor. */
		if (got <= 0 || from_monitor(l->rpc, &m) < 0) {
			if (got > 0)
				cordon_message_finish(&m);
			rpc_stop(l->rpc);
			return;
		}
		cordon_message_finish(&m);
	}
}

static void
on_ready(void *context, unsigned events)
{
	struct link *l = context;

	if ((events & CORDON_LOOP_WRITE) != 0)
		send_queued(l);
	if ((events & CORDON_LOOP_READ) != 0)
		receive(l);
	runs_watch_fresh(l->rpc);
	rpc_settle(l->rpc);
}

int
link_open(struct link *l, struct rpc *rpc, int fd, struct cordon_error *err)
{
	*l = (struct link){ .rpc = rpc, .fd = fd };
	if (cordon_fd_nonblock(fd, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not take the link");
	l->watch = cordon_loop_watch(rpc->loop, fd, CORDON_LOOP_READ, on_ready, l, err);
	return l->watch == NULL ? -1 : 0;
}

void
link_finish(struct link *l)
{
	while (l->first != NULL) {
		struct link_packet *p = l->first;

		l->first = p->next;
		free(p->body);
		free(p);
	}
	l->last = NULL;
	cordon_watch_remove(l->watch);
	l->watch = NULL;
}

int
link_send(struct link *l, uint16_t number, struct cordon_writer *w)
{
	struct link_packet *p;

	if (w->failed) {
		cordon_writer_finish(w);
		return -1;
	}
	if (l->first == NULL && try_send(l, number, w->data, w->size)) {
		cordon_writer_finish(w);
		return 0;
	}
	p = cordon_array(1, sizeof(*p));
	if (p == NULL) {
		cordon_writer_finish(w);
		return -1;
	}
	*p = (struct link_packet){ .number = number, .body = w->data, .size = w->size };
	*w = (struct cordon_writer){ 0 };
	if (l->first == NULL) {
		l->first = p;
		cordon_watch_set(l->watch, CORDON_LOOP_READ | CORDON_LOOP_WRITE);
	} else {
		l->last->next = p;
	}
	l->last = p;
	l->queued += p->size + sizeof(*p);
	return 0;
}

void
link_order(struct link *l, uint16_t number, uint64_t run, uint32_t what)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	rpc_order_encode(run, what, &w);
	if (link_send(l, number, &w) < 0)
		rpc_stop(l->rpc); /* an order that is lost would leave a run alone */
}
