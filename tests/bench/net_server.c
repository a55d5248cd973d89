/* The server of scripts/bench net: net_server ADDRESS PORT. Says "ready" and serves until it is killed, bulk
 * transfers one at a time. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/text.h>

#include "net.h"

#define EVENTS 64

static int
listen_at(const char *address, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4096) < 0)
		return -1;
	return fd;
}

/* Bulk blocks: nothing else is measured meanwhile. */
static uint64_t
read_size(int fd)
{
	unsigned char number[8] = { 0 };
	uint64_t size = 0;

	if (cordon_fd_read_full(fd, number, sizeof(number)) < 0)
		return 0;
	for (int i = 7; i >= 0; i--)
		size = size << 8 | number[i];
	return size;
}

static void
send_down(int fd)
{
	static const char chunk[NET_CHUNK];

	for (uint64_t left = read_size(fd); left > 0;) {
		const size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		const ssize_t sent = send(fd, chunk, want, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		left -= (uint64_t)sent;
	}
}

static void
take_up(int fd)
{
	static char chunk[NET_CHUNK];

	for (uint64_t left = read_size(fd); left > 0;) {
		const ssize_t got = recv(fd, chunk, sizeof(chunk), 0);

		if (got <= 0)
			return;
		left -= (uint64_t)got;
	}
	(void)send(fd, "u", 1, MSG_NOSIGNAL);
}

static void
serve(int fd)
{
	char what;

	if (recv(fd, &what, 1, 0) != 1) {
		close(fd);
	} else if (what == NET_BYTE) {
		(void)send(fd, &what, 1, MSG_NOSIGNAL);
	} else {
		if (what == NET_DOWN)
			send_down(fd);
		else if (what == NET_UP)
			take_up(fd);
		close(fd);
	}
}

static int
watch(int poll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void
accept_all(int poll, int listener)
{
	const int yes = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		if (watch(poll, fd) < 0)
			close(fd);
	}
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct cordon_error err;
	uint32_t port = 0;
	int listener, poll;

	if (argc != 3 || cordon_parse_u32(argv[2], 1, 65535, &port, &err) < 0) {
		fputs("usage: net_server ADDRESS PORT\n", stderr);
		return 2;
	}
	cordon_fd_raise_limit();
	listener = listen_at(argv[1], (uint16_t)port);
	poll = epoll_create1(EPOLL_CLOEXEC);
	if (listener < 0 || poll < 0 || watch(poll, listener) < 0) {
		perror("net_server");
		return 1;
	}
	puts("ready");
	(void)fflush(stdout);
	for (;;) {
		const int count = epoll_wait(poll, events, EVENTS, -1);

		for (int i = 0; i < count; i++)
			if (events[i].data.fd == listener)
				accept_all(poll, listener);
			else
				serve(events[i].data.fd);
	}
}
