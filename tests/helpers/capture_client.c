/* What a run tries with its network: each argument is one attempt, each is answered by one line.
 *
 *	tcp ADDRESS PORT [SOURCE PORT]   connects, reads what is said: "connected TEXT", or an errno
 *	udp ADDRESS PORT [SOURCE PORT]   asks, and waits for an answer from there: "answered TEXT", or an errno
 *	loop ADDRESS, uloop ADDRESS      a server of its own at that address, TCP or UDP: "ok"
 *	socket FAMILY TYPE PROTOCOL      "made", or an errno
 *	bind TYPE ADDRESS PORT           "bound", or an errno
 *	source ADDRESS                   the address that a connection there has at this end
 *	unroute                          takes the default routes away: an errno of the kernel's answer
 *	many PROCESSES EACH              that many connections at once: how many there were
 *	flood PROCESSES SECONDS          begins as many connections as it can, and ends them: "over"
 *	mptcp ADDRESS PORT               the same as tcp, with MPTCP
 *	fastopen ADDRESS PORT            the same as tcp, with data in the first segment
 *	udplite ADDRESS PORT             one datagram of UDP-Lite: "sent", or an errno
 *	same COUNT                       from one port to that many addresses: how many there were
 *	fds                              the descriptors it has but for its streams
 *	cat FILE                         its lines */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static void
say_errno(void)
{
	printf("%s\n", strerrorname_np(errno));
}

static socklen_t
address_of(const char *text, int port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
		exit(2);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return sizeof(*in6);
}

/* A socket that gives up after some seconds. */
static int
make(int family, int type)
{
	const struct timeval patience = { .tv_sec = 10 };
	const int on = 1;
	int s = socket(family, type | SOCK_CLOEXEC, 0);

	if (s >= 0) {
		(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		(void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		(void)setsockopt(s, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	}
	return s;
}

/* Returns a connected socket, or -1. */
static int
connected(int type, const char *to, int port, const char *from, int from_port)
{
	struct sockaddr_storage a;
	socklen_t size = address_of(to, port, &a);
	int s = make(a.ss_family, type);

	if (s >= 0 && from != NULL) {
		struct sockaddr_storage b;
		const socklen_t from_size = address_of(from, from_port, &b);

		if (bind(s, (struct sockaddr *)&b, from_size) < 0)
			return -1;
	}
	return s < 0 || connect(s, (struct sockaddr *)&a, size) < 0 ? -1 : s;
}

static void
try_tcp(const char *to, int port, const char *from, int from_port)
{
	char text[64] = "";
	int s = connected(SOCK_STREAM, to, port, from, from_port);

	if (s < 0 || read(s, text, sizeof(text) - 1) < 0)
		say_errno();
	else
		printf("connected %s\n", text);
	close(s);
}

static void
try_udp(const char *to, int port, const char *from, int from_port)
{
	char text[64] = "";
	int s = connected(SOCK_DGRAM, to, port, from, from_port);

	if (s < 0 || send(s, "ask", 3, 0) < 0 || recv(s, text, sizeof(text) - 1, 0) < 0)
		say_errno();
	else
		printf("answered %s\n", text);
	close(s);
}

/* What is connected waits already. */
static int
accept_soon(int s)
{
	struct pollfd p = { .fd = s, .events = POLLIN };

	if (poll(&p, 1, 500) == 1)
		return accept(s, NULL, NULL);
	errno = ETIMEDOUT;
	return -1;
}

static void
try_loop(int type, const char *address)
{
	struct sockaddr_storage a;
	socklen_t size = address_of(address, 0, &a);
	int s = make(a.ss_family, type), c = make(a.ss_family, type), peer = s;
	char byte = 0;

	if (s < 0 || c < 0 || bind(s, (struct sockaddr *)&a, size) < 0 ||
		getsockname(s, (struct sockaddr *)&a, &size) < 0 ||
		(type == SOCK_STREAM && listen(s, 1) < 0) ||
		connect(c, (struct sockaddr *)&a, size) < 0 || send(c, "x", 1, 0) != 1)
		say_errno();
	else if ((type == SOCK_STREAM && (peer = accept_soon(s)) < 0) ||
		 recv(peer, &byte, 1, 0) != 1 || byte != 'x')
		say_errno();
	else
		puts("ok");
}

static void
try_source(const char *to)
{
	struct sockaddr_storage a;
	socklen_t size = sizeof(a);
	char text[64] = "";
	int s = connected(SOCK_DGRAM, to, 53, NULL, 0);

	if (s < 0 || getsockname(s, (struct sockaddr *)&a, &size) < 0) {
		say_errno();
		return;
	}
	puts(inet_ntop(a.ss_family,
		a.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&a)->sin_addr
				       : (void *)&((struct sockaddr_in6 *)&a)->sin6_addr,
		text, sizeof(text)));
}

static void
try_bind(int type, const char *address, int port)
{
	struct sockaddr_storage a;
	socklen_t size = address_of(address, port, &a);
	int s = make(a.ss_family, type);

	if (s < 0 || bind(s, (struct sockaddr *)&a, size) < 0)
		say_errno();
	else
		puts("bound");
}

static void
try_unroute(void)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg body;
	} request = { .header = { .nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_DELROUTE,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.body = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_LOCAL } };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		char room[512];
	} answer;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (s < 0 || send(s, &request, sizeof(request), 0) < 0 ||
		recv(s, &answer, sizeof(answer), 0) < 0) {
		say_errno();
		return;
	}
	errno = -answer.body.error;
	if (errno == 0)
		puts("done");
	else
		say_errno();
}

/* Holds each of them until all are there: says how many it has, and waits for the other end to close. */
static void
connect_some(int each, int process, const int done[2], const int go[2])
{
	char to[32], byte;
	int count = 0;

	for (int i = 0; i < each; i++) {
		snprintf(to, sizeof(to), "10.%d.%d.%d", process, i / 250, i % 250 + 1);
		count += connected(SOCK_STREAM, to, 443, NULL, 0) >= 0;
	}
	close(go[1]);
	(void)!write(done[1], &count, sizeof(count));
	(void)!read(go[0], &byte, 1);
	_exit(0);
}

static void
try_many(int processes, int each)
{
	int good = 0, count, done[2], go[2];

	if (pipe2(done, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		exit(2);
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			connect_some(each, i, done, go);
	for (int i = 0; i < processes && read(done[0], &count, sizeof(count)) == sizeof(count); i++)
		good += count;
	close(go[1]);
	while (wait(NULL) > 0)
		;
	printf("%d\n", good);
}

static void
try_flood(int processes, int seconds)
{
	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			const time_t end = time(NULL) + seconds;

			while (time(NULL) < end)
				close(connected(SOCK_STREAM, "1.2.3.4", 443, NULL, 0));
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	puts("over");
}

static void
try_special(int type, int protocol, int flags, const char *to, int port)
{
	struct sockaddr_storage a;
	const socklen_t size = address_of(to, port, &a);
	char text[64] = "";
	int s = socket(a.ss_family, type | SOCK_CLOEXEC, protocol);

	if (s < 0)
		say_errno();
	else if ((flags == 0 && connect(s, (struct sockaddr *)&a, size) < 0) ||
		 sendto(s, "data", 4, flags, flags == 0 ? NULL : (struct sockaddr *)&a,
			 flags == 0 ? 0 : size) < 0)
		say_errno();
	else if (type == SOCK_DGRAM)
		puts("sent");
	else if (read(s, text, sizeof(text) - 1) < 0)
		say_errno();
	else
		printf("connected %s\n", text);
}

static void
try_same(int count)
{
	char to[32];
	int good = 0;

	for (int i = 0; i < count; i++) {
		snprintf(to, sizeof(to), "10.9.0.%d", i + 1);
		good += connected(SOCK_STREAM, to, 443, "10.0.0.9", 40000) >= 0;
	}
	printf("%d\n", good);
}

static void
list_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	int found = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		found += e->d_name[0] != '.' && strtol(e->d_name, NULL, 10) > 2 &&
			 strtol(e->d_name, NULL, 10) != dirfd(d);
	printf("%d\n", found);
}

static void
show(const char *path)
{
	char text[512];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (got < 0)
		say_errno();
	else
		fwrite(text, 1, (size_t)got, stdout);
}

static int
number(char *const *words, int i)
{
	return words[i] == NULL ? 0 : (int)strtol(words[i], NULL, 0);
}

static void
attempt(char *const *w)
{
	if (strcmp(w[0], "tcp") == 0)
		try_tcp(w[1], number(w, 2), w[3], w[3] == NULL ? 0 : number(w, 4));
	else if (strcmp(w[0], "udp") == 0)
		try_udp(w[1], number(w, 2), w[3], w[3] == NULL ? 0 : number(w, 4));
	else if (strcmp(w[0], "loop") == 0)
		try_loop(SOCK_STREAM, w[1]);
	else if (strcmp(w[0], "uloop") == 0)
		try_loop(SOCK_DGRAM, w[1]);
	else if (strcmp(w[0], "source") == 0)
		try_source(w[1]);
	else if (strcmp(w[0], "bind") == 0)
		try_bind(number(w, 1), w[2], number(w, 3));
	else if (strcmp(w[0], "unroute") == 0)
		try_unroute();
	else if (strcmp(w[0], "many") == 0)
		try_many(number(w, 1), number(w, 2));
	else if (strcmp(w[0], "flood") == 0)
		try_flood(number(w, 1), number(w, 2));
	else if (strcmp(w[0], "mptcp") == 0)
		try_special(SOCK_STREAM, IPPROTO_MPTCP, 0, w[1], number(w, 2));
	else if (strcmp(w[0], "fastopen") == 0)
		try_special(SOCK_STREAM, 0, MSG_FASTOPEN, w[1], number(w, 2));
	else if (strcmp(w[0], "udplite") == 0)
		try_special(SOCK_DGRAM, IPPROTO_UDPLITE, 0, w[1], number(w, 2));
	else if (strcmp(w[0], "same") == 0)
		try_same(number(w, 1));
	else if (strcmp(w[0], "fds") == 0)
		list_fds();
	else if (strcmp(w[0], "cat") == 0)
		show(w[1]);
	else if (socket(number(w, 1), number(w, 2), number(w, 3)) < 0)
		say_errno();
	else
		puts("made");
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *words[8] = { NULL }, *rest = argv[i];

		for (int k = 0; k < 7 && (words[k] = strsep(&rest, " ")) != NULL; k++)
			;
		attempt(words);
		fflush(stdout);
	}
	return 0;
}
