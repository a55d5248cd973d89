/* The client of scripts/bench net: net_client ADDRESS PORT [PROXY-PORT]. With a PROXY-PORT it asks the HTTP proxy at
 * 127.0.0.1 for a tunnel first (RFC 9110, 9.3.6). It says "ready", does what it is told, line by line, and answers each with one line:
 *	connect N      N times one after another: connect, a byte there and back, close; microseconds of each
 *	down BYTES     one connection; its microseconds
 *	up BYTES
 *	idle N         N connections more that stay, after a byte each; "idle"
 *	drop           ends those; "dropped" */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/text.h>

#include "net.h"

/* The capture lets a run begin 256 connections a second; all kinds are measured at that pace. */
#define PACE_US  5000u
#define IDLE_MAX 16384

struct client {
	struct sockaddr_in server, proxy;
	const char *address;
	int by_proxy;
	int idle[IDLE_MAX];
	size_t idle_count;
};

static uint64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What a proxy says before the tunnel begins. */
static int
ask_proxy(const struct client *c, int fd)
{
	char text[128], end[4] = "";
	const int size = snprintf(text, sizeof(text),
		"CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", c->address,
		ntohs(c->server.sin_port), c->address, ntohs(c->server.sin_port));

	if (send(fd, text, (size_t)size, MSG_NOSIGNAL) != size)
		return -1;
	for (size_t i = 0; memcmp(end, "\r\n\r\n", 4) != 0; i++) {
		memmove(end, end + 1, 3);
		if (i > 4096 || recv(fd, &end[3], 1, 0) != 1)
			return -1;
	}
	return 0;
}

static int
reach(const struct client *c)
{
	CORDON_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in *to = c->by_proxy ? &c->proxy : &c->server;
	const int yes = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) < 0 ||
		connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 ||
		(c->by_proxy && ask_proxy(c, fd) < 0))
		return -1;
	return cordon_fd_take(&fd);
}

/* Connects, and a byte goes there and back. */
static int
greet(const struct client *c)
{
	CORDON_CLOSE int fd = reach(c);
	char byte = NET_BYTE;

	if (fd < 0 || send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
		return -1;
	return cordon_fd_take(&fd);
}

static void
wait_until(uint64_t when_us)
{
	const struct timespec t = { (time_t)(when_us / 1000000u),
		(long)(when_us % 1000000u) * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int
do_connect(struct client *c, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		const uint64_t paced = now_us() + PACE_US, begin = now_ns();
		const int fd = greet(c);

		if (fd < 0)
			return -1;
		close(fd);
		printf("%s%.1f", i == 0 ? "" : " ", (double)(now_ns() - begin) / 1000.0);
		wait_until(paced);
	}
	puts("");
	return 0;
}

/* Connects and says what is to be done, with how much. */
static int
begin_bulk(const struct client *c, char what, uint64_t bytes)
{
	CORDON_CLOSE int fd = reach(c);
	unsigned char ask[9] = { (unsigned char)what };

	for (int i = 0; i < 8; i++)
		ask[1 + i] = (unsigned char)(bytes >> (8 * i));
	if (fd < 0 || send(fd, ask, sizeof(ask), MSG_NOSIGNAL) != sizeof(ask))
		return -1;
	return cordon_fd_take(&fd);
}

static int
do_down(struct client *c, uint64_t bytes)
{
	static char chunk[NET_CHUNK];
	const uint64_t begin = now_us();
	CORDON_CLOSE int fd = begin_bulk(c, NET_DOWN, bytes);
	uint64_t got = 0;
	ssize_t more = -1;

	while (fd >= 0 && (more = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		got += (uint64_t)more;
	if (more < 0 || got != bytes)
		return -1;
	printf("%" PRIu64 "\n", now_us() - begin);
	return 0;
}

static int
do_up(struct client *c, uint64_t bytes)
{
	static const char chunk[NET_CHUNK];
	const uint64_t begin = now_us();
	CORDON_CLOSE int fd = begin_bulk(c, NET_UP, bytes);
	char byte;

	for (uint64_t left = bytes; fd >= 0 && left > 0;) {
		const size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		const ssize_t sent = send(fd, chunk, want, MSG_NOSIGNAL);

		if (sent <= 0)
			return -1;
		left -= (uint64_t)sent;
	}
	if (fd < 0 || recv(fd, &byte, 1, 0) != 1)
		return -1;
	printf("%" PRIu64 "\n", now_us() - begin);
	return 0;
}

static int
do_idle(struct client *c, uint64_t count)
{
	for (uint64_t i = 0; i < count && c->idle_count < IDLE_MAX; i++) {
		const uint64_t paced = now_us() + PACE_US;
		const int fd = greet(c);

		if (fd < 0)
			return -1;
		c->idle[c->idle_count++] = fd;
		wait_until(paced);
	}
	puts("idle");
	return 0;
}

static int
do_drop(struct client *c, uint64_t none)
{
	(void)none;
	while (c->idle_count > 0)
		close(c->idle[--c->idle_count]);
	puts("dropped");
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(struct client *c, uint64_t number);
} commands[] = { { "connect", do_connect }, { "down", do_down }, { "up", do_up },
	{ "idle", do_idle }, { "drop", do_drop } };

static int
do_line(struct client *c, char *line)
{
	char *number = line + strcspn(line, " \n");
	struct cordon_error err;
	uint64_t value = 0;

	number[strcspn(number, "\n")] = '\0';
	if (*number == ' ') {
		*number++ = '\0';
		if (cordon_parse_u64(number, 0, UINT64_MAX, &value, &err) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(line, commands[i].name) == 0)
			return commands[i].fn(c, value);
	return -1;
}

static int
place(const char *address, const char *port, struct sockaddr_in *ret)
{
	struct cordon_error err;
	uint32_t number = 0;

	if (cordon_parse_u32(port, 1, 65535, &number, &err) < 0)
		return -1;
	*ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
	return inet_pton(AF_INET, address, &ret->sin_addr) == 1 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct client c;
	char line[128];

	if (argc < 3 || argc > 4 || place(argv[1], argv[2], &c.server) < 0 ||
		(argc == 4 && place("127.0.0.1", argv[3], &c.proxy) < 0)) {
		fputs("usage: net_client ADDRESS PORT [PROXY-PORT]\n", stderr);
		return 2;
	}
	c.address = argv[1];
	c.by_proxy = argc == 4;
	cordon_fd_raise_limit();
	puts("ready");
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (do_line(&c, line) < 0) {
			fprintf(stderr, "net_client: %s: %s\n", line, strerrordesc_np(errno));
			return 1;
		}
		(void)fflush(stdout);
	}
	return 0;
}
