/* A program that links nothing and asks the DNS by itself: own_resolver SERVER NAME PORT.
 * Prints what an HTTP server there says of "/". Built statically, without sanitizers: it runs in sandboxes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int
fail(const char *what)
{
	fprintf(stderr, "own_resolver: %s: %s\n", what, strerror(errno));
	return 1;
}

/* RFC 1035, 4.1: one question of type A. */
static size_t
make_query(const char *name, unsigned char *out)
{
	static const unsigned char head[12] = { 0x4d, 0x21, 1, 0, 0, 1 };
	static const unsigned char tail[5] = { 0, 0, 1, 0, 1 };
	size_t at = sizeof(head);

	memcpy(out, head, sizeof(head));
	for (const char *label = name; *label != '\0';) {
		const size_t size = strcspn(label, ".");

		out[at++] = (unsigned char)size;
		memcpy(out + at, label, size);
		at += size;
		label += size + (label[size] == '.');
	}
	memcpy(out + at, tail, sizeof(tail));
	return at + sizeof(tail);
}

static size_t
skip_name(const unsigned char *data, size_t size, size_t at)
{
	while (at < size && data[at] != 0) {
		if (data[at] >= 0xc0)
			return at + 2;
		at += 1u + data[at];
	}
	return at + 1;
}

/* The first address of the answer; what it is worth is not for this program to say. */
static int
first_address(const unsigned char *data, size_t size, size_t at, struct in_addr *ret)
{
	while (at + 12 <= size) {
		const size_t body = skip_name(data, size, at) + 10;
		size_t length;

		if (body > size)
			return -1;
		length = (size_t)data[body - 2] << 8 | data[body - 1];
		if (data[body - 9] == 1 && length == 4 && body + 4 <= size) {
			memcpy(ret, data + body, 4);
			return 0;
		}
		at = body + length;
	}
	return -1;
}

static int
look_up(const char *server, const char *name, struct in_addr *ret)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };
	const struct timeval patience = { .tv_sec = 5 };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char query[512], answer[512];
	size_t size;
	ssize_t got;

	if (fd < 0 || inet_pton(AF_INET, server, &to.sin_addr) != 1 || strlen(name) > 253)
		return fail("socket");
	size = make_query(name, query);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		send(fd, query, size, 0) != (ssize_t)size)
		return fail("could not ask");
	got = recv(fd, answer, sizeof(answer), 0);
	close(fd);
	if (got < 12)
		return fail("no answer");
	if ((answer[3] & 15) != 0) {
		fprintf(stderr, "own_resolver: the answer is code %d\n", answer[3] & 15);
		return 1;
	}
	if (first_address(answer, (size_t)got, size, ret) < 0) {
		fputs("own_resolver: there is no address in the answer\n", stderr);
		return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char text[600];
	int fd, head = 1, size;
	ssize_t got;
	FILE *in;

	if (argc != 4)
		return 2;
	if (look_up(argv[1], argv[2], &to.sin_addr) != 0)
		return 1;
	to.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return fail("could not connect");
	size = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[2]);
	got = send(fd, text, (size_t)size, MSG_NOSIGNAL);
	if (got != size || (in = fdopen(fd, "r")) == NULL)
		return fail("could not send");
	while (fgets(text, sizeof(text), in) != NULL) {
		if (!head)
			fputs(text, stdout);
		head = head && strcmp(text, "\r\n") != 0;
	}
	if (ferror(in) || head)
		return fail("no answer of the server");
	return 0;
}
