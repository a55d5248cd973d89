/* A08, A39: sockets of the host, by path or by abstract name, stream, datagram and seqpacket, are not
 * reached, also where a profile has sockets among the run's own processes. Red when socket(AF_UNIX) is
 * allowed in `pair`, when connect(2) is continued in `inside`, when datagram pairs are allowed, and
 * (abstract names) without the network namespace. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

/* "@name" is an abstract one. */
static socklen_t
address_of(const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(name) >= sizeof(ret->sun_path))
		broken("'%s' is too long for a socket", name);
	strcpy(ret->sun_path, name);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) +
			   (name[0] != '@'));
}

static _Noreturn void
talk_to(char **argv, int type)
{
	const char *name = argument(argv, 1);
	struct sockaddr_un address;
	socklen_t size = address_of(name, &address);
	int s = socket(AF_UNIX, type, 0);

	if (s < 0)
		held_by_errno("socket");
	if (type != SOCK_DGRAM)
		verdict(connect(s, (struct sockaddr *)&address, size),
			"connecting to a socket of the host");
	if (connect(s, (struct sockaddr *)&address, size) == 0 && send(s, "x", 1, 0) == 1)
		escaped("a datagram through a connected socket");
	verdict(sendto(s, "x", 1, 0, (struct sockaddr *)&address, size), "sendto");
}

void
attack_unix_stream(char **argv)
{
	talk_to(argv, SOCK_STREAM);
}

void
attack_unix_datagram(char **argv)
{
	talk_to(argv, SOCK_DGRAM);
}

void
attack_unix_seqpacket(char **argv)
{
	talk_to(argv, SOCK_SEQPACKET);
}

/* One end of a pair can be sent to anyone, when it is a datagram one; a stream one must not. */
void
attack_unix_pair_datagram(char **argv)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM };
	struct sockaddr_un address;
	socklen_t size = address_of(argument(argv, 1), &address);
	int pair[2];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (socketpair(AF_UNIX, types[i], 0, pair) < 0)
			continue;
		if (sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, size) == 1 &&
			types[i] == SOCK_DGRAM)
			escaped("a datagram from one end of a pair");
		if (connect(pair[0], (struct sockaddr *)&address, size) == 0)
			escaped("one end of a pair was connected");
	}
	held_by_errno("pairs");
}

/* No attack: what a profile with sockets inside is for. A child connects to our own listener. */
void
attack_unix_own_listener(char **argv)
{
	struct sockaddr_un address;
	socklen_t size = address_of(argument(argv, 1), &address);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), status, s;
	char c = 0;
	pid_t pid;

	if (listener < 0)
		held_by_errno("socket");
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4) < 0)
		held_by_errno("bind and listen");
	pid = fork();
	if (pid == 0) {
		s = socket(AF_UNIX, SOCK_STREAM, 0);
		_exit(connect(s, (struct sockaddr *)&address, size) == 0 && send(s, "x", 1, 0) == 1
				? 0
				: errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		broken("fork");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		errno = WEXITSTATUS(status);
		held_by_errno("connect to the run's own listener");
	}
	s = accept(listener, NULL, NULL);
	if (s < 0 || recv(s, &c, 1, 0) != 1 || c != 'x')
		held_by_errno("accept");
	escaped("the run's own listener was reached");
}

/* SOCKET of the host's, with a listener of our own on another file system, where inodes are numbered one
 * after the other, whose file has the same number. */
void
attack_unix_same_inode(char **argv)
{
	struct sockaddr_un host, own;
	socklen_t size = address_of(argument(argv, 1), &host);
	socklen_t own_size = address_of("/tmp/same-inode", &own);
	struct stat st, mine = { 0 };
	int listener = -1;

	if (stat(argv[1], &st) < 0)
		held_by_errno(argv[1]);
	while (mine.st_ino + 1 < st.st_ino) {
		int fd = open(own.sun_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

		if (fd < 0 || fstat(fd, &mine) < 0 || unlink(own.sun_path) < 0)
			broken("no files can be made");
		close(fd);
	}
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&own, own_size) < 0 ||
		listen(listener, 4) < 0 || stat(own.sun_path, &mine) < 0)
		broken("no listener of our own");
	if (mine.st_ino != st.st_ino)
		broken("there is inode %lu instead of %lu", mine.st_ino, st.st_ino);
	verdict(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&host, size),
		"connecting to a socket of the host");
}

/* Waits until a process sleeps or has ended. */
static void
await_rest(pid_t pid)
{
	char path[64], text[512], state = 'R';

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'S' && state != 'Z') {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (got <= 0)
			broken("%s", path);
		close(fd);
		text[got] = '\0';
		sscanf(strrchr(text, ')') + 1, " %c", &state);
	}
}

/* No attack: connects that wait for a listener's queue keep no other from being made. */
void
attack_unix_full_queue(char **argv)
{
	struct sockaddr_un full, other;
	socklen_t size = address_of(argument(argv, 1), &full);
	socklen_t other_size = address_of(argument(argv, 2), &other);
	int slow = socket(AF_UNIX, SOCK_STREAM, 0), quick = socket(AF_UNIX, SOCK_STREAM, 0);
	int waiting = 0, status;

	if (slow < 0 || quick < 0)
		held_by_errno("socket");
	if (bind(slow, (struct sockaddr *)&full, size) < 0 || listen(slow, 0) < 0 ||
		bind(quick, (struct sockaddr *)&other, other_size) < 0 || listen(quick, 8) < 0)
		held_by_errno("bind and listen");
	for (; waiting < 3; waiting++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&full,
				      size) == 0
					? 0
					: errno);
		await_rest(pid); /* the first is in the queue, the others wait */
	}
	alarm(10);
	if (connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&other, other_size) < 0)
		held_by_errno("connect");
	for (; waiting > 0; waiting--)
		if (accept(slow, NULL, NULL) < 0 || wait(&status) < 0 || status != 0)
			held("a connect that waited ended with 0x%x", (unsigned)status);
	escaped("all were connected");
}
