/* What the guard is measured beside: net_relay PORT ADDRESS PORT accepts at 127.0.0.1, connects there, and passes on both
 * ways; no more than that. A direction is copied through one buffer that all share, and spliced through a pipe
 * once it has carried much. Says "ready" and serves until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/text.h>

#define EVENTS 64
#define BUFFER (64u * 1024)
#define BULK   (256u * 1024) /* bytes after which a pipe pays */
#define PIPE   (1024 * 1024)

struct way { /* one direction */
	int from, to, pipe[2];
	size_t in_pipe;
	uint64_t carried;
	char *rest; /* what the other side did not take yet */
	size_t rest_at, rest_size;
	int ended, finished;
};

struct tunnel;

struct side {
	struct tunnel *tunnel;
	int fd;
};

struct tunnel {
	struct side sides[2];
	struct way ways[2];
	int connected, dead;
};

struct relay {
	int poll, listener;
	struct sockaddr_in server;
	char buffer[BUFFER];
};

static void
drop(struct tunnel *t)
{
	for (int i = 0; i < 2; i++) {
		cordon_fd_close_p(&t->sides[i].fd);
		cordon_fd_close_p(&t->ways[i].pipe[0]);
		cordon_fd_close_p(&t->ways[i].pipe[1]);
		free(t->ways[i].rest);
	}
	free(t);
}

static int
would_block(ssize_t result)
{
	return result < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Returns 1 when it has to wait, 0 at the end, -1 when it is broken. */
static int
splice_on(struct way *w)
{
	for (;;) {
		const ssize_t got = w->in_pipe > 0 || w->ended
					    ? 0
					    : splice(w->from, NULL, w->pipe[1], NULL, PIPE,
						      SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		ssize_t put;

		if (would_block(got))
			return 1;
		if (got < 0)
			return -1;
		w->ended |= got == 0 && w->in_pipe == 0;
		w->in_pipe += (size_t)got;
		if (w->in_pipe == 0)
			return 0;
		put = splice(w->pipe[0], NULL, w->to, NULL, w->in_pipe,
			SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (would_block(put))
			return 1;
		if (put <= 0)
			return -1;
		w->in_pipe -= (size_t)put;
	}
}

static int
keep_rest(struct way *w, const char *data, size_t size)
{
	w->rest = malloc(size);
	if (w->rest == NULL)
		return -1;
	memcpy(w->rest, data, size);
	w->rest_at = 0;
	w->rest_size = size;
	return 1;
}

static int
send_rest(struct way *w)
{
	while (w->rest_at < w->rest_size) {
		const ssize_t put =
			send(w->to, w->rest + w->rest_at, w->rest_size - w->rest_at, MSG_NOSIGNAL);

		if (would_block(put))
			return 1;
		if (put < 0)
			return -1;
		w->rest_at += (size_t)put;
	}
	free(w->rest);
	w->rest = NULL;
	w->rest_at = w->rest_size = 0;
	return 0;
}

static int
copy_on(struct relay *r, struct way *w)
{
	int waits = w->rest != NULL ? send_rest(w) : 0;

	while (waits == 0) {
		const ssize_t got = recv(w->from, r->buffer, sizeof(r->buffer), 0);
		ssize_t put;

		if (would_block(got))
			return 1;
		if (got <= 0)
			return (int)got;
		w->carried += (uint64_t)got;
		put = send(w->to, r->buffer, (size_t)got, MSG_NOSIGNAL);
		if (put < 0 && !would_block(put))
			return -1;
		put = put < 0 ? 0 : put;
		if (put < got)
			waits = keep_rest(w, r->buffer + put, (size_t)(got - put));
		else if (w->carried > BULK)
			return 1; /* what comes next is spliced */
	}
	return waits;
}

static void
carry(struct relay *r, struct tunnel *t, struct way *w)
{
	int result;

	if (w->finished || t->dead)
		return;
	result = w->pipe[0] >= 0 ? splice_on(w) : copy_on(r, w);
	if (result == 1 && w->carried > BULK && w->rest == NULL && w->pipe[0] < 0 &&
		pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) == 0) {
		(void)fcntl(w->pipe[1], F_SETPIPE_SZ, PIPE);
		result = splice_on(w); /* edges are told once */
	}
	if (result == 0) {
		w->finished = 1;
		(void)shutdown(w->to, SHUT_WR);
	}
	t->dead |= result < 0;
}

static int
watch(const struct relay *r, int fd, void *who)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = who };

	return epoll_ctl(r->poll, EPOLL_CTL_ADD, fd, &event);
}

static void
begin(struct relay *r, int accepted)
{
	struct tunnel *t = calloc(1, sizeof(*t));
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

	if (t == NULL || fd < 0) {
		free(t);
		close(accepted);
		return;
	}
	(void)setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	for (int i = 0; i < 2; i++) {
		t->sides[i] = (struct side){ t, i == 0 ? accepted : fd };
		t->ways[i] = (struct way){ .from = i == 0 ? accepted : fd,
			.to = i == 0 ? fd : accepted,
			.pipe = { -1, -1 } };
	}
	if ((connect(fd, (struct sockaddr *)&r->server, sizeof(r->server)) < 0 &&
		    errno != EINPROGRESS) ||
		watch(r, accepted, &t->sides[0]) < 0 || watch(r, fd, &t->sides[1]) < 0)
		drop(t);
}

static void
handle(struct relay *r, const struct epoll_event *event)
{
	struct side *side = event->data.ptr;
	struct tunnel *t = side->tunnel;
	const int is_server = side == &t->sides[1];

	t->connected |= is_server && (event->events & EPOLLOUT) != 0;
	t->dead |= (event->events & EPOLLERR) != 0;
	if (t->connected) {
		carry(r, t, &t->ways[0]);
		carry(r, t, &t->ways[1]);
	}
}

/* Both ends of a tunnel may have an event in one batch: it goes after the batch. */
static void
serve(struct relay *r)
{
	struct epoll_event events[EVENTS];
	const int count = epoll_wait(r->poll, events, EVENTS, -1);

	for (int i = 0; i < count; i++)
		if (events[i].data.ptr != r)
			handle(r, &events[i]);
	for (int i = 0; i < count; i++) {
		struct side *side = events[i].data.ptr;
		struct tunnel *t;

		if (events[i].data.ptr == r || side == NULL)
			continue;
		t = side->tunnel;
		if (!t->dead && !(t->ways[0].finished && t->ways[1].finished))
			continue;
		for (int k = i; k < count; k++)
			if (events[k].data.ptr == &t->sides[0] ||
				events[k].data.ptr == &t->sides[1])
				events[k].data.ptr = NULL;
		drop(t);
	}
	for (int i = 0; i < count; i++)
		for (int fd;
			events[i].data.ptr == r &&
			(fd = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
			begin(r, fd);
}

static int
start(struct relay *r, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = r };
	const int yes = 1;

	r->poll = epoll_create1(EPOLL_CLOEXEC);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->poll < 0 || r->listener < 0 ||
		setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		bind(r->listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		listen(r->listener, 4096) < 0)
		return -1;
	return epoll_ctl(r->poll, EPOLL_CTL_ADD, r->listener, &event);
}

int
main(int argc, char **argv)
{
	static struct relay r = { .server.sin_family = AF_INET };
	struct cordon_error err;
	uint32_t port = 0, to = 0;

	if (argc != 4 || cordon_parse_u32(argv[1], 1, 65535, &port, &err) < 0 ||
		inet_pton(AF_INET, argv[2], &r.server.sin_addr) != 1 ||
		cordon_parse_u32(argv[3], 1, 65535, &to, &err) < 0) {
		fputs("usage: net_relay PORT ADDRESS PORT\n", stderr);
		return 2;
	}
	r.server.sin_port = htons((uint16_t)to);
	cordon_fd_raise_limit();
	if (start(&r, (uint16_t)port) < 0) {
		perror("net_relay");
		return 1;
	}
	puts("ready");
	(void)fflush(stdout);
	for (;;)
		serve(&r);
}
