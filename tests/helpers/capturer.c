#include "capturer.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/netfilter_ipv4.h>

#include <cordon/fd.h>

#include "../../supervisor/plan_build.h"

#define ATTEMPTS  16
#define ANSWER_MS 60000
/* linux/netfilter_ipv6/ip6_tables.h does not compile beside netinet/in.h. */
#define IP6T_SO_ORIGINAL_DST 80

struct capturer capturer;

static void
copy_client(void)
{
	char data[65536];
	const int from = open(CAPTURE_CLIENT, O_RDONLY | O_CLOEXEC);
	const int to = open(capturer.client, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t got;

	cr_assert(from >= 0 && to >= 0);
	while ((got = read(from, data, sizeof(data))) > 0)
		cr_assert(write(to, data, (size_t)got) == got);
	close(from);
	close(to);
}

static void
make_streams(void)
{
	int ends[2];

	cr_assert(pipe2(ends, O_CLOEXEC) == 0);
	cordon_fd_close_p(&capturer.liar.streams[1]); /* [2] is the same */
	capturer.output = ends[0];
	capturer.liar.streams[1] = capturer.liar.streams[2] = ends[1];
}

void
capturer_make(void)
{
	struct cordon_error err = { 0 };

	cordon_fd_raise_limit();
	liar_scene_make();
	liar_start(&capturer.liar);
	make_streams();
	cr_assert(plan_capture(&capturer.liar.plan, &err) == 0, "%s", err.text);
	snprintf(capturer.client, sizeof(capturer.client), "%s/client",
		capturer.liar.launch.workspace);
	copy_client();
}

void
capturer_drop(void)
{
	cordon_launch_event_finish(&capturer.started);
	while (capturer.held_count > 0)
		close(capturer.held[--capturer.held_count]);
	cordon_fd_close_p(&capturer.output);
	liar_finish(&capturer.liar);
	(void)unlink(capturer.client);
	liar_scene_drop();
}

static void
receive(struct cordon_launch_event *event)
{
	struct pollfd p = { .fd = capturer.liar.link, .events = POLLIN };
	struct cordon_error err = { 0 };

	cr_assert(poll(&p, 1, ANSWER_MS) == 1, "the launcher does not answer");
	cr_assert(cordon_launch_receive(capturer.liar.link, event, &err) == 1, "%s", err.text);
}

void
capturer_launch(const char *first, ...)
{
	static char *argv[ATTEMPTS + 2];
	struct cordon_error err = { 0 };
	struct stat st;
	va_list more;
	int count = 0;

	argv[count++] = capturer.client;
	va_start(more, first);
	for (const char *a = first; a != NULL && count <= ATTEMPTS; a = va_arg(more, const char *))
		argv[count++] = (char *)(uintptr_t)a;
	va_end(more);
	argv[count] = NULL;
	cr_assert(stat(capturer.client, &st) == 0);
	capturer.liar.launch.argv = argv;
	capturer.liar.launch.exe = capturer.client;
	capturer.liar.launch.exe_identity = (struct cordon_identity){ st.st_dev, st.st_ino };
	capturer.liar.launch.script = 0;
	cr_assert(cordon_launch_send_launch(capturer.liar.link, &capturer.liar.launch,
			  capturer.liar.streams, 3, &err) == 0,
		"%s", err.text);
	cordon_fd_close_p(&capturer.liar.streams[1]);
	receive(&capturer.started);
	cr_assert(capturer.started.message == CORDON_LAUNCH_STARTED, "%s",
		capturer.started.failure.text);
}

void
capturer_greet(void)
{
	struct cordon_error err = { 0 };

	liar_hello(&capturer.liar);
	cr_assert(cordon_launch_send_plan(capturer.liar.link, 1, &capturer.liar.plan, &err) == 0,
		"%s", err.text);
}

static void
note(const char *what, const void *address, int family, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];
	const size_t used = strlen(capturer.seen);

	cr_assert(inet_ntop(family, address, text, sizeof(text)) != NULL);
	if (used < sizeof(capturer.seen) - 128)
		snprintf(capturer.seen + used, sizeof(capturer.seen) - used, "%s:%s:%u ", what,
			text, ntohs(port));
}

/* The destination that was asked for. */
static void
note_original(int s, int family)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	socklen_t size = sizeof(in), size6 = sizeof(in6);

	if (family == AF_INET) {
		cr_assert(getsockopt(s, SOL_IP, SO_ORIGINAL_DST, &in, &size) == 0, "%s",
			strerrordesc_np(errno));
		note("tcp", &in.sin_addr, AF_INET, in.sin_port);
	} else {
		cr_assert(getsockopt(s, SOL_IPV6, IP6T_SO_ORIGINAL_DST, &in6, &size6) == 0, "%s",
			strerrordesc_np(errno));
		note("tcp", &in6.sin6_addr, AF_INET6, in6.sin6_port);
	}
}

/* What the kernel remembers of the run's connections, a line each. */
static void
read_tracked(void)
{
	char path[64];
	int fd;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/net/nf_conntrack", capturer.started.started.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, capturer.tracked, sizeof(capturer.tracked) - 1);
	capturer.tracked[got < 0 ? 0 : got] = '\0';
	cordon_fd_close_p(&fd);
}

static void
serve_tcp(int which)
{
	const int family = which < CORDON_CAPTURE_IPV4 ? AF_INET : AF_INET6;
	const int dns = which == CORDON_CAPTURE_DNS_TCP || which == CORDON_CAPTURE_DNS_TCP6;
	int s = accept4(capturer.started.captured[which], NULL, NULL, SOCK_CLOEXEC);

	if (s < 0) {
		const int why = errno;

		cr_assert(why == EAGAIN || why == ECONNABORTED, "%s", strerrordesc_np(why));
		return;
	}
	capturer.accepted[which]++;
	if (dns)
		strcat(capturer.seen, family == AF_INET ? "dns-tcp4 " : "dns-tcp6 ");
	else if (capturer.mode == NOTE)
		note_original(s, family);
	if (strstr(capturer.seen, CAPTURER_LOOK) != NULL)
		read_tracked();
	(void)!send(s, "hello", 5, MSG_NOSIGNAL); /* who does not wait for it may be gone */
	if (capturer.mode == KEEP)
		capturer.held[capturer.held_count++] = s;
	else
		close(s);
}

/* Answers from the address that was asked, as <cordon/capture.h> says. */
static void
serve_dns(int which)
{
	char text[64], control[256];
	struct sockaddr_storage from;
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr m = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	cr_assert(recvmsg(capturer.started.captured[which], &m, 0) > 0);
	c = CMSG_FIRSTHDR(&m);
	cr_assert(c != NULL);
	capturer.accepted[which]++;
	if (c->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		note("dns", &info.ipi_addr, AF_INET, 0);
		info.ipi_spec_dst = info.ipi_addr;
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		note("dns", &info.ipi6_addr, AF_INET6, 0);
		info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	iov = (struct iovec){ .iov_base = (void *)(uintptr_t) "reply", .iov_len = 5 };
	cr_assert(sendmsg(capturer.started.captured[which], &m, MSG_NOSIGNAL) == 5, "%s",
		strerrordesc_np(errno));
}

static void
hear_output(void)
{
	const size_t used = strlen(capturer.said);
	const ssize_t got =
		read(capturer.output, capturer.said + used, sizeof(capturer.said) - used - 1);

	cr_assert(got >= 0);
	if (got == 0)
		cordon_fd_close_p(&capturer.output);
	capturer.said[used + (size_t)got] = '\0';
}

unsigned
capturer_arrived(void)
{
	unsigned all = 0;

	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		all += capturer.accepted[i];
	return all;
}

void
capturer_serve(void)
{
	enum { LINK = CORDON_CAPTURE_SOCKETS, OUTPUT, POLLED };
	struct cordon_launch_event event = { .message = CORDON_LAUNCH_STARTED };

	while (event.message != CORDON_LAUNCH_EXITED) {
		struct pollfd p[POLLED];

		for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
			p[i] = (struct pollfd){ .fd = capturer.started.captured[i],
				.events = POLLIN };
		p[LINK] = (struct pollfd){ .fd = capturer.liar.link, .events = POLLIN };
		p[OUTPUT] = (struct pollfd){ .fd = capturer.output, .events = POLLIN };
		cr_assert(
			poll(p, POLLED, ANSWER_MS) > 0, "nothing happens; said: %s", capturer.said);
		for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++) {
			if (p[i].revents == 0)
				continue;
			if (i == CORDON_CAPTURE_DNS || i == CORDON_CAPTURE_DNS6)
				serve_dns(i);
			else
				serve_tcp(i);
		}
		if (p[OUTPUT].revents != 0)
			hear_output();
		if (p[LINK].revents != 0)
			receive(&event);
	}
	while (capturer.output >= 0)
		hear_output();
	/* What was begun and not waited for is there still. */
	for (unsigned before = UINT_MAX;
		capturer.started.started.captured != 0 && before != capturer_arrived();) {
		before = capturer_arrived();
		serve_tcp(CORDON_CAPTURE_TCP);
	}
	cr_expect(event.exited.status == 0, "the client ended with 0x%x", event.exited.status);
}
