/* Names by TCP (RFC 7766): one answer after the other, in the order of the queries. A connection that says nothing for a
 * while, sends what is no query, or does not take its answers, is closed.
 *
 * calls: accept4 recvfrom sendto close */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "dns_serve_parts.h"

struct dns_serve_tcp_end {
	struct dns_serve *serve;
	int fd;
	struct cordon_watch *watch;
	struct cordon_timer *idle;
	uint8_t in[2 + DNS_QUERY_MAX];
	size_t in_size;
	uint8_t out[2 + DNS_ANSWER_MAX]; /* one answer: the next query waits until it has gone */
	size_t out_size, out_sent;
};

/* Listens to new ones while there is room. */
static void
listen_again(struct dns_serve *s)
{
	for (unsigned i = 0; i < s->socket_count; i++)
		if (s->sockets[i].listens)
			cordon_watch_set(s->sockets[i].watch,
				s->end_count < DNS_SERVE_CONNECTIONS ? CORDON_LOOP_READ : 0);
}

static void
close_end(struct dns_serve_tcp_end *e)
{
	struct dns_serve *s = e->serve;

	for (unsigned i = 0; i < s->end_count; i++)
		if (s->ends[i] == e) {
			s->ends[i] = s->ends[--s->end_count];
			break;
		}
	cordon_watch_remove(e->watch);
	cordon_timer_remove(e->idle);
	cordon_fd_close_p(&e->fd);
	free(e);
	listen_again(s);
}

void
dns_serve_end_all(struct dns_serve *s)
{
	while (s->end_count > 0)
		close_end(s->ends[0]);
}

static void
idle(void *context)
{
	close_end(context);
}

static int
restart_clock(struct dns_serve_tcp_end *e)
{
	struct cordon_error err;

	cordon_timer_remove(e->idle);
	e->idle = cordon_loop_timer(e->serve->loop, DNS_SERVE_IDLE_MS, 0, idle, e, &err);
	return e->idle == NULL ? -1 : 0;
}

/* Answers the first query of what has come, if it is whole. Returns 1, 0 when there is none, or -1. */
static int
answer_next(struct dns_serve_tcp_end *e)
{
	const uint8_t *message;
	size_t size, answer;

	switch (dns_stream_next(e->in, e->in_size, &message, &size)) {
	case DNS_STREAM_MORE:
		return 0;
	case DNS_STREAM_REFUSED:
		return -1;
	case DNS_STREAM_ONE:
		break;
	}
	answer = dns_serve_message(e->serve->names, &e->serve->policy, message, size, 0, e->out + 2,
		sizeof(e->out) - 2);
	if (answer == 0)
		return -1;
	e->in_size -= 2 + size;
	memmove(e->in, e->in + 2 + size, e->in_size);
	e->out[0] = (uint8_t)(answer >> 8);
	e->out[1] = (uint8_t)answer;
	e->out_size = 2 + answer;
	e->out_sent = 0;
	return restart_clock(e) < 0 ? -1 : 1;
}

/* Returns 1 when all has gone, 0 when the other end has to read first, or -1. */
static int
send_out(struct dns_serve_tcp_end *e)
{
	while (e->out_sent < e->out_size) {
		const ssize_t sent =
			send(e->fd, e->out + e->out_sent, e->out_size - e->out_sent, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -1;
		e->out_sent += (size_t)sent;
	}
	return 1;
}

/* Returns 1 when something has come, 0 when nothing is there, or -1 at the end. */
static int
receive(struct dns_serve_tcp_end *e)
{
	const ssize_t got = recv(e->fd, e->in + e->in_size, sizeof(e->in) - e->in_size, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (got == 0)
		return -1;
	e->in_size += (size_t)got;
	return 1;
}

/* in has room for a whole query, so what is in there is answered before it is full. */
static int
turn(struct dns_serve_tcp_end *e, unsigned events)
{
	int result = send_out(e);

	if (result > 0 && (events & CORDON_LOOP_READ) != 0)
		result = receive(e) < 0 ? -1 : 1;
	while (result > 0) {
		const int answered = answer_next(e);

		if (answered <= 0) {
			result = answered < 0 ? -1 : 1;
			break;
		}
		result = send_out(e);
	}
	return result;
}

static void
ready(void *context, unsigned events)
{
	struct dns_serve_tcp_end *e = context;
	const int result = turn(e, events);

	if (result < 0)
		close_end(e);
	else
		cordon_watch_set(e->watch, result == 0 ? CORDON_LOOP_WRITE : CORDON_LOOP_READ);
}

static int
take_end(struct dns_serve *s, int fd)
{
	struct dns_serve_tcp_end *e = cordon_array(1, sizeof(*e));
	struct cordon_error err;

	if (e == NULL)
		return -1;
	e->serve = s;
	e->fd = fd;
	e->watch = cordon_loop_watch(s->loop, fd, CORDON_LOOP_READ, ready, e, &err);
	if (e->watch == NULL || restart_clock(e) < 0) {
		cordon_watch_remove(e->watch);
		free(e);
		return -1;
	}
	s->ends[s->end_count++] = e;
	listen_again(s);
	return 0;
}

static void
connected(void *context, unsigned events)
{
	struct dns_serve_socket *socket = context;
	struct dns_serve *s = socket->serve;
	CORDON_CLOSE int fd = -1;

	(void)events;
	if (s->end_count == DNS_SERVE_CONNECTIONS)
		return;
	fd = accept4(socket->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0 && take_end(s, fd) == 0)
		(void)cordon_fd_take(&fd);
}

int
dns_serve_tcp(struct dns_serve *s, int fd, struct cordon_error *err)
{
	return dns_serve_add(s, fd, 1, connected, err);
}
