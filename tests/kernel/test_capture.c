/* What a run with a network sends arrives at sockets that its monitor has, and nowhere else; what has no place
 * there is refused; and the run cannot change that. We are the monitor, and serve the sockets. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cordon/capture.h>
#include <cordon/fd.h>

#include "../../sandbox/capture.h"
#include "../../sandbox/netns.h"
#include "../../supervisor/plan_build.h"
#include "../helpers/liar.h"

#define ATTEMPTS  16
#define ANSWER_MS 60000
#define LOOK      ":10.10.10.10:" /* who connects to it has us look at what is tracked */
/* linux/netfilter_ipv6/ip6_tables.h does not compile beside netinet/in.h. */
#define IP6T_SO_ORIGINAL_DST 80

static struct liar liar;
static char client[256]; /* the program that tries, in the workspace */
static int output; /* what it says; read end */
static struct cordon_launch_event started;

/* What arrived, one word each, in order; and what was said, one line each. */
static char seen[4096], said[4096], tracked[4096];
static unsigned accepted[CORDON_CAPTURE_SOCKETS];
static int held[4096]; /* connections that are kept open */
static unsigned held_count;
static enum { NOTE, KEEP, COUNT } mode;

static void
copy_client(void)
{
	char data[65536];
	const int from = open(CAPTURE_CLIENT, O_RDONLY | O_CLOEXEC);
	const int to = open(client, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
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
	cordon_fd_close_p(&liar.streams[1]); /* [2] is the same */
	output = ends[0];
	liar.streams[1] = liar.streams[2] = ends[1];
}

static void
prepare(void)
{
	struct cordon_error err = { 0 };

	cordon_fd_raise_limit();
	liar_scene_make();
	liar_start(&liar);
	make_streams();
	cr_assert(plan_capture(&liar.plan, &err) == 0, "%s", err.text);
	snprintf(client, sizeof(client), "%s/client", liar.launch.workspace);
	copy_client();
}

static void
finish(void)
{
	cordon_launch_event_finish(&started);
	while (held_count > 0)
		close(held[--held_count]);
	cordon_fd_close_p(&output);
	liar_finish(&liar);
	(void)unlink(client);
	liar_scene_drop();
}

TestSuite(capture, .init = prepare, .fini = finish, .timeout = 300);

static void
receive(struct cordon_launch_event *event)
{
	struct pollfd p = { .fd = liar.link, .events = POLLIN };
	struct cordon_error err = { 0 };

	cr_assert(poll(&p, 1, ANSWER_MS) == 1, "the launcher does not answer");
	cr_assert(cordon_launch_receive(liar.link, event, &err) == 1, "%s", err.text);
}

/* Starts the client with these attempts (NULL ends them), and receives the sockets. */
static void
launch(const char *first, ...)
{
	static char *argv[ATTEMPTS + 2];
	struct cordon_error err = { 0 };
	struct stat st;
	va_list more;
	int count = 0;

	argv[count++] = client;
	va_start(more, first);
	for (const char *a = first; a != NULL && count <= ATTEMPTS; a = va_arg(more, const char *))
		argv[count++] = (char *)(uintptr_t)a;
	va_end(more);
	argv[count] = NULL;
	cr_assert(stat(client, &st) == 0);
	liar.launch.argv = argv;
	liar.launch.exe = client;
	liar.launch.exe_identity = (struct cordon_identity){ st.st_dev, st.st_ino };
	liar.launch.script = 0;
	cr_assert(cordon_launch_send_launch(liar.link, &liar.launch, liar.streams, 3, &err) == 0,
		"%s", err.text);
	cordon_fd_close_p(&liar.streams[1]);
	receive(&started);
	cr_assert(started.message == CORDON_LAUNCH_STARTED, "%s", started.failure.text);
}

static void
greet(void)
{
	struct cordon_error err = { 0 };

	liar_hello(&liar);
	cr_assert(cordon_launch_send_plan(liar.link, 1, &liar.plan, &err) == 0, "%s", err.text);
}

static void
note(const char *what, const void *address, int family, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];
	const size_t used = strlen(seen);

	cr_assert(inet_ntop(family, address, text, sizeof(text)) != NULL);
	if (used < sizeof(seen) - 128)
		snprintf(seen + used, sizeof(seen) - used, "%s:%s:%u ", what, text, ntohs(port));
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

	snprintf(path, sizeof(path), "/proc/%d/net/nf_conntrack", started.started.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, tracked, sizeof(tracked) - 1);
	tracked[got < 0 ? 0 : got] = '\0';
	cordon_fd_close_p(&fd);
}

static void
serve_tcp(int which)
{
	const int family = which < CORDON_CAPTURE_IPV4 ? AF_INET : AF_INET6;
	const int dns = which == CORDON_CAPTURE_DNS_TCP || which == CORDON_CAPTURE_DNS_TCP6;
	int s = accept4(started.captured[which], NULL, NULL, SOCK_CLOEXEC);

	if (s < 0) {
		const int why = errno;

		cr_assert(why == EAGAIN || why == ECONNABORTED, "%s", strerrordesc_np(why));
		return;
	}
	accepted[which]++;
	if (dns)
		strcat(seen, family == AF_INET ? "dns-tcp4 " : "dns-tcp6 ");
	else if (mode == NOTE)
		note_original(s, family);
	if (strstr(seen, LOOK) != NULL)
		read_tracked();
	(void)!send(s, "hello", 5, MSG_NOSIGNAL); /* who does not wait for it may be gone */
	if (mode == KEEP)
		held[held_count++] = s;
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

	cr_assert(recvmsg(started.captured[which], &m, 0) > 0);
	c = CMSG_FIRSTHDR(&m);
	cr_assert(c != NULL);
	accepted[which]++;
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
	cr_assert(sendmsg(started.captured[which], &m, MSG_NOSIGNAL) == 5, "%s",
		strerrordesc_np(errno));
}

static void
hear_output(void)
{
	const size_t used = strlen(said);
	const ssize_t got = read(output, said + used, sizeof(said) - used - 1);

	cr_assert(got >= 0);
	if (got == 0)
		cordon_fd_close_p(&output);
	said[used + (size_t)got] = '\0';
}

static unsigned
arrived(void)
{
	unsigned all = 0;

	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		all += accepted[i];
	return all;
}

/* Serves until the run has ended. */
static void
serve(void)
{
	enum { LINK = CORDON_CAPTURE_SOCKETS, OUTPUT, POLLED };
	struct cordon_launch_event event = { .message = CORDON_LAUNCH_STARTED };

	while (event.message != CORDON_LAUNCH_EXITED) {
		struct pollfd p[POLLED];

		for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
			p[i] = (struct pollfd){ .fd = started.captured[i], .events = POLLIN };
		p[LINK] = (struct pollfd){ .fd = liar.link, .events = POLLIN };
		p[OUTPUT] = (struct pollfd){ .fd = output, .events = POLLIN };
		cr_assert(poll(p, POLLED, ANSWER_MS) > 0, "nothing happens; said: %s", said);
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
	while (output >= 0)
		hear_output();
	/* What was begun and not waited for is there still. */
	for (unsigned before = UINT_MAX; started.started.captured != 0 && before != arrived();) {
		before = arrived();
		serve_tcp(CORDON_CAPTURE_TCP);
	}
	cr_expect(eq(int, event.exited.status, 0));
}

Test(capture, control_a_plan_without_it_brings_nothing_and_reaches_nothing)
{
	liar.plan.flags &= ~(uint32_t)CORDON_PLAN_NETWORK;
	greet();
	launch("tcp 1.2.3.4 443", "tcp 2001:db8::1 80", "udp 8.8.8.8 53", "loop 127.0.0.1", NULL);
	serve();

	cr_expect(eq(u32, started.started.captured, 0));
	cr_expect(eq(str, said, "ENETUNREACH\nENETUNREACH\nENETUNREACH\nok\n"));
}

Test(capture, connections_to_any_address_arrive_with_the_destination_that_was_asked_for)
{
	greet();
	launch("tcp 1.2.3.4 443", "tcp 2001:db8::1 80", "tcp 10.0.0.1 22", "tcp 169.254.169.254 80",
		"tcp ::ffff:192.0.2.7 8080", "tcp 198.18.0.9 1", "tcp fe80::1 9", NULL);
	serve();

	cr_expect(eq(str, seen,
		"tcp:1.2.3.4:443 tcp:2001:db8::1:80 tcp:10.0.0.1:22 tcp:169.254.169.254:80 "
		"tcp:192.0.2.7:8080 tcp:198.18.0.9:1 "));
	/* The last needs an interface to be named. */
	cr_expect(eq(str, said,
		"connected hello\nconnected hello\nconnected hello\nconnected hello\n"
		"connected hello\nconnected hello\nEINVAL\n"));
}

Test(capture, sandboxes_that_were_made_ahead_have_it_too)
{
	const struct cordon_prepare p = { .plan = 1,
		.count = 1,
		.workspace = liar.launch.workspace,
		.workspace_identity = liar.launch.workspace_identity };
	struct cordon_writer w;

	greet();
	cordon_writer_init(&w, 8192);
	cordon_launch_encode_prepare(&p, &w);
	cr_assert(eq(int, liar_send(&liar, CORDON_LAUNCH_PREPARE, w.data, w.size, NULL, 0), 0));
	cordon_writer_finish(&w);
	(void)poll(NULL, 0, 1000); /* when it is not ready by then, the launch is cold */
	launch("tcp 1.2.3.4 443", "fds", NULL);
	serve();

	cr_expect(eq(int, started.started.ahead, 1));
	cr_expect(eq(str, seen, "tcp:1.2.3.4:443 "));
	cr_expect(eq(str, said, "connected hello\n0\n"));
}

Test(capture, loopback_stays_in_the_run)
{
	greet();
	launch("loop 127.0.0.1", "loop 127.1.2.3", "loop ::1", "uloop 127.0.0.1", "uloop ::1",
		"tcp 127.0.0.1 4444", "tcp ::1 4444", "udp 127.0.0.1 4444", "udp ::1 4444", NULL);
	serve();

	cr_expect(eq(str, said,
		"ok\nok\nok\nok\nok\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\n"));
	cr_expect(eq(u32, arrived(), 0));
}

/* A server of the run's at an address that is not loopback is not what is reached by that address. */
Test(capture, addresses_that_a_run_gives_itself_are_captured)
{
	greet();
	launch("loop 10.1.2.3", "loop 0.0.0.0", NULL);
	mode = KEEP;
	serve();

	cr_expect(eq(str, said, "ETIMEDOUT\nok\n"));
	cr_expect(eq(u32, accepted[CORDON_CAPTURE_TCP], 1));
}

Test(capture, questions_for_names_arrive_and_their_answers_are_accepted)
{
	greet();
	launch("udp 8.8.8.8 53", "udp 198.18.0.1 53", "udp 127.0.0.53 53",
		"udp 2001:4860:4860::8888 53", "udp ::1 53", "tcp 9.9.9.9 53", "tcp 2620:fe::fe 53",
		"tcp 127.0.0.1 53", "cat /etc/resolv.conf", "source 8.8.8.8", "source 2001:db8::1",
		NULL);
	serve();

	cr_expect(eq(str, seen,
		"dns:8.8.8.8:0 dns:198.18.0.1:0 dns:127.0.0.53:0 dns:2001:4860:4860::8888:0 "
		"dns:::1:0 dns-tcp4 dns-tcp6 dns-tcp4 "));
	cr_expect(eq(str, said,
		"answered reply\nanswered reply\nanswered reply\nanswered reply\nanswered reply\n"
		"connected hello\nconnected hello\nconnected hello\n"
		"nameserver 198.18.0.1\n127.0.0.1\n::1\n"));
}

/* In IPv4 it can have any address as its own: all of them are the run's. */
Test(capture, a_client_with_a_source_of_its_own_is_answered)
{
	greet();
	launch("udp 8.8.8.8 53 10.1.1.1 5000", "tcp 9.9.9.9 53 10.1.1.1 5000",
		"tcp 1.2.3.4 443 10.1.1.1 5001", NULL);
	serve();

	cr_expect(eq(str, said, "answered reply\nconnected hello\nconnected hello\n"));
}

Test(capture, other_datagrams_are_refused_at_once)
{
	greet();
	launch("udp 8.8.8.8 443", "udp 8.8.8.8 123", "udp 10.0.0.1 5000", "udp 2001:db8::1 443",
		"udp 224.0.0.251 5353", "udp 255.255.255.255 67", "udp 169.254.169.254 80",
		"udp 8.8.8.8 1", NULL);
	serve();

	cr_expect(eq(str, said, "EPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\n"));
	cr_expect(eq(u32, arrived(), 0));
}

Test(capture, the_listener_cannot_be_reached_by_its_own_address)
{
	greet();
	launch("tcp 127.0.0.1 1", "tcp ::1 1", "tcp ::ffff:127.0.0.1 1",
		"tcp 127.0.0.1 1 10.9.9.9 5000", "tcp 127.0.0.1 1 127.0.0.1 5001",
		"tcp 127.0.0.2 1", NULL);
	serve();

	cr_expect(eq(str, said,
		"ECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\n"
		"ECONNREFUSED\n"));
	cr_expect(eq(u32, arrived(), 0));
}

Test(capture, a_run_cannot_take_the_place_of_a_socket_of_ours)
{
	greet();
	launch("bind 1 127.0.0.1 1", "bind 1 0.0.0.0 1", "bind 1 ::1 1", "bind 2 8.8.8.8 53",
		"bind 2 :: 53", "bind 1 9.9.9.9 53", "bind 1 1.2.3.4 443", "bind 1 1.2.3.4 4430",
		NULL);
	serve();

	cr_expect(eq(str, said, "EACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nbound\n"));
}

Test(capture, other_protocols_have_no_socket_and_the_rules_stay)
{
	greet();
	launch("socket 2 1 132", "socket 2 3 1", "socket 10 3 58", "socket 2 3 255",
		"socket 17 3 768", "socket 16 3 12", "socket 2 2 1", "unroute", "tcp 1.2.3.4 443",
		NULL);
	serve();

	/* SCTP; raw ICMP, IPv4 and IPv6, and any; packet; netlink netfilter; ping. */
	cr_expect(ne(ptr,
			  strstr(said, "\nEPERM\nEPERM\nEPERM\nEAFNOSUPPORT\nEAFNOSUPPORT\nEACCES\n"
				       "EPERM\nconnected hello\n"),
			  NULL),
		"%s", said);
	cr_expect(eq(int, strncmp(said, "EPROTONOSUPPORT", 15), 0), "%s", said);
}

Test(capture, two_thousand_connections_at_once)
{
	mode = KEEP;
	greet();
	launch("many 8 250", NULL);
	serve();

	cr_expect(eq(str, said, "2000\n"));
	cr_expect(eq(u32, accepted[CORDON_CAPTURE_TCP], 2000));
	cr_expect(eq(u32, held_count, 2000));
}

/* Redirected, they would be the same connection. */
Test(capture, connections_from_one_port_to_many_addresses_are_told_apart)
{
	greet();
	launch("same 50", NULL);
	serve();

	cr_expect(eq(str, said, "50\n"));
	cr_expect(ne(ptr, strstr(seen, "tcp:10.9.0.1:443 "), NULL));
	cr_expect(ne(ptr, strstr(seen, "tcp:10.9.0.50:443 "), NULL));
	cr_expect(eq(u32, accepted[CORDON_CAPTURE_TCP], 50));
}

/* A run's own traffic costs it nothing, and cannot fill the table; nor can questions for names. Only root can look, where
 * the kernel shows it. */
Test(capture, m10_only_redirected_connections_are_remembered)
{
	if (geteuid() != 0 || access("/proc/self/net/nf_conntrack", R_OK) < 0)
		return;
	greet();
	launch("loop 127.0.0.1", "loop ::1", "uloop 127.0.0.1", "uloop ::1", "udp 8.8.8.8 53",
		"udp 8.8.8.8 443", "tcp 10.10.10.10 443", NULL);
	serve();

	cr_expect(ne(ptr, strstr(tracked, "dst=10.10.10.10 "), NULL), "%s", tracked);
	cr_expect(eq(ptr, strchr(tracked, '\n'), strrchr(tracked, '\n')), "%s", tracked);
}

/* Two minutes of it are remembered by the kernel, in memory that is nobody's. */
Test(capture, m10_only_so_many_connections_are_begun_in_a_second)
{
	mode = COUNT;
	greet();
	launch("flood 4 4", NULL);
	serve();

	cr_expect(eq(str, said, "over\n"));
	cr_expect(gt(u32, accepted[CORDON_CAPTURE_TCP], 100));
	cr_expect(lt(u32, accepted[CORDON_CAPTURE_TCP], 4096 + 256 * 8));
}

Test(capture, other_ways_to_begin_a_connection_arrive_too)
{
	greet();
	launch("fastopen 1.2.3.4 443", "udplite 8.8.8.8 53", "udplite 127.0.0.1 5000",
		"mptcp 10.0.0.1 80", NULL);
	serve();

	cr_expect(eq(int, strncmp(said, "connected hello\nEPERM\nEPERM\n", 28), 0), "%s", said);
	/* Where the kernel has MPTCP. */
	cr_expect(ne(int, strstr(said, "EPROTONOSUPPORT") != NULL,
			  strstr(seen, "tcp:10.0.0.1:80 ") != NULL),
		"%s %s", said, seen);
	cr_expect(ne(ptr, strstr(seen, "tcp:1.2.3.4:443 "), NULL));
}

static unsigned
sockets_of(pid_t pid)
{
	unsigned found = 0;

	for (int fd = 0; fd < 64; fd++) {
		char path[64], text[64];
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		length = readlink(path, text, sizeof(text) - 1);
		text[length < 0 ? 0 : length] = '\0';
		found += strncmp(text, "socket:", 7) == 0;
	}
	return found;
}

/* Who is not root cannot look into either. */
Test(capture, nobody_else_keeps_a_socket)
{
	const struct cordon_launch_event *e = &started;
	unsigned launcher;

	if (geteuid() != 0)
		return;
	greet();
	launch("tcp 1.2.3.4 443", "fds", NULL);
	cr_expect(eq(u32, sockets_of(e->started.pid), 1), "pid 1 has more than its link");
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++) {
		cr_expect(eq(int, fcntl(e->captured[i], F_GETFD), FD_CLOEXEC));
		cr_expect(ne(int, fcntl(e->captured[i], F_GETFL) & O_NONBLOCK, 0));
	}
	serve();
	launcher = 0;
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		launcher += accepted[i];
	cr_expect(eq(u32, launcher, 1));
	cr_expect(eq(str, said, "connected hello\n0\n"));
}

/* The children of a process, as words. */
static void
read_children(pid_t pid, char *text, size_t room)
{
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, text, room - 1);
	text[got < 0 ? 0 : got] = '\0';
}

/* The child that has a child itself, when there is one within some seconds: the others are helpers. */
static pid_t
parent_below(pid_t pid)
{
	for (int tries = 0; tries < 1000; tries++) {
		char children[256], grandchildren[64];

		read_children(pid, children, sizeof(children));
		for (char *at = children, *end; *at != '\0'; at = end) {
			const pid_t child = (pid_t)strtol(at, &end, 10);

			if (end == at)
				break;
			read_children(child, grandchildren, sizeof(grandchildren));
			if (grandchildren[0] != '\0')
				return child;
		}
		(void)poll(NULL, 0, 10);
	}
	return -1;
}

static pid_t
pid_of_launcher(void)
{
	char path[64], text[512] = "";

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", liar.pidfd);
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	return (pid_t)strtol(strstr(text, "Pid:") + 4, NULL, 10);
}

/* While the command is held, its process shares what pid 1 has. */
Test(capture, a11_no_socket_is_there_when_the_first_process_of_the_run_begins)
{
	struct cordon_error err = { 0 };
	int gate[2];
	pid_t init;

	if (geteuid() != 0)
		return;
	cr_assert(pipe2(gate, O_CLOEXEC) == 0);
	liar.launch.held = 1;
	greet();
	cr_assert(
		cordon_launch_send_launch(liar.link, &liar.launch,
			(const int[]){ liar.streams[0], liar.streams[1], liar.streams[2], gate[0] },
			4, &err) == 0);

	init = parent_below(pid_of_launcher());
	cr_assert(init > 0);
	cr_expect(eq(u32, sockets_of(init), 1), "pid 1 has more than its link");

	close(gate[0]);
	close(gate[1]);
	cr_expect(eq(int, (int)liar_hear(&liar), LIAR_REFUSED));
}

static int
take_route_away(unsigned char family)
{
	const struct {
		struct nlmsghdr header;
		struct rtmsg body;
	} request = { .header = { .nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_DELROUTE,
			      .nlmsg_flags = NLM_F_REQUEST },
		.body = { .rtm_family = family,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_scope = RT_SCOPE_NOWHERE } };
	CORDON_CLOSE int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return send(s, &request, sizeof(request), 0) == sizeof(request) ? 0 : -1;
}

/* In a namespace in which a part of it is there already, the kernel refuses that part. Returns where it was not as it
 * should be, 0 for nowhere. */
static int
begin_again(void)
{
	struct sandbox_fault fault = { STAGE_NONE, 0, 0 };
	int sockets[CORDON_CAPTURE_SOCKETS], others[CORDON_CAPTURE_SOCKETS];

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) < 0 ||
		netns_loopback_up() < 0 || capture_begin(sockets, &fault) < 0)
		return 1;
	if (capture_begin(others, &fault) >= 0 || fault.stage != STAGE_CAPTURE_SOCKETS ||
		fault.sys != EADDRINUSE || others[0] != -1)
		return 2;
	capture_close(sockets);
	if (capture_begin(sockets, &fault) >= 0 || fault.stage != STAGE_CAPTURE_ROUTES ||
		fault.sys != EEXIST || sockets[0] != -1)
		return 3;
	if (take_route_away(AF_INET) < 0 || take_route_away(AF_INET6) < 0)
		return 4;
	if (capture_begin(sockets, &fault) >= 0 || fault.stage != STAGE_CAPTURE_RULES ||
		fault.sys != EEXIST || sockets[0] != -1)
		return 5;
	return 0;
}

Test(capture, what_the_kernel_refuses_is_told_by_its_step)
{
	const pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(begin_again());
	cr_assert(waitpid(child, &status, 0) == child);
	cr_expect(eq(int, status, 0), "step %d", WEXITSTATUS(status));
}
