/* A service of the host's that a run must not reach: accepts connections, or takes datagrams, answers
 * "h", and makes REACHED the first time.
 *
 * usage: listener stream|datagram|seqpacket|tcp NAME REACHED
 * NAME is a path, "@name" for an abstract one, or a port on 127.0.0.1 (0: any). Prints "ready PORT" when
 * it listens; ends with its standard input. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
listen_at(const char *type, const char *name)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct sockaddr_in port = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(port);
	int s;

	if (strcmp(type, "tcp") == 0) {
		port.sin_port = htons((uint16_t)atoi(name));
		s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(s, (struct sockaddr *)&port, size) < 0 || listen(s, 64) < 0 ||
			getsockname(s, (struct sockaddr *)&port, &size) < 0)
			return -1;
		printf("ready %d\n", ntohs(port.sin_port));
		return s;
	}
	if (strlen(name) >= sizeof(path.sun_path))
		return -1;
	strcpy(path.sun_path, name);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) +
			   (name[0] != '@'));
	if (name[0] == '@')
		path.sun_path[0] = '\0';
	s = socket(AF_UNIX,
		SOCK_CLOEXEC | (strcmp(type, "stream") == 0            ? SOCK_STREAM
				       : strcmp(type, "datagram") == 0 ? SOCK_DGRAM
								       : SOCK_SEQPACKET),
		0);
	if (bind(s, (struct sockaddr *)&path, size) < 0)
		return -1;
	/* Whoever comes may: it is the sandbox that has to hold, not the file's mode. */
	if (name[0] != '@' && chmod(name, 0666) < 0)
		return -1;
	if (strcmp(type, "datagram") != 0 && listen(s, 64) < 0)
		return -1;
	printf("ready 0\n");
	return s;
}

int
main(int argc, char **argv)
{
	int s;
	char c;

	if (argc != 4)
		return 2;
	s = listen_at(argv[1], argv[2]);
	if (s < 0) {
		perror(argv[2]);
		return 1;
	}
	fflush(stdout);
	for (;;) {
		struct pollfd p[] = { { .fd = 0, .events = POLLIN },
			{ .fd = s, .events = POLLIN } };
		int peer;

		if (poll(p, 2, -1) <= 0)
			continue;
		if (p[0].revents != 0)
			return 0;
		close(open(argv[3], O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		if (strcmp(argv[1], "datagram") == 0) {
			(void)!recv(s, &c, 1, 0);
			continue;
		}
		peer = accept4(s, NULL, NULL, SOCK_CLOEXEC);
		if (peer >= 0) {
			(void)!send(peer, "h", 1, MSG_NOSIGNAL);
			close(peer);
		}
	}
}
