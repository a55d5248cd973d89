/* What a run with a network sends arrives at sockets that its monitor has, and nowhere else; what has no place
 * there is refused; and the run cannot change that. We are the monitor, and serve the sockets. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cordon/fd.h>

#include "../../sandbox/capture.h"
#include "../../sandbox/netns.h"
#include "../helpers/capturer.h"

TestSuite(capture, .init = capturer_make, .fini = capturer_drop, .timeout = 300);

Test(capture, control_a_plan_without_it_brings_nothing_and_reaches_nothing)
{
	capturer.liar.plan.flags &= ~(uint32_t)CORDON_PLAN_NETWORK;
	capturer_greet();
	capturer_launch(
		"tcp 1.2.3.4 443", "tcp 2001:db8::1 80", "udp 8.8.8.8 53", "loop 127.0.0.1", NULL);
	capturer_serve();

	cr_expect(eq(u32, capturer.started.started.captured, 0));
	cr_expect(eq(str, capturer.said, "ENETUNREACH\nENETUNREACH\nENETUNREACH\nok\n"));
}

Test(capture, connections_to_any_address_arrive_with_the_destination_that_was_asked_for)
{
	capturer_greet();
	capturer_launch("tcp 1.2.3.4 443", "tcp 2001:db8::1 80", "tcp 10.0.0.1 22",
		"tcp 169.254.169.254 80", "tcp ::ffff:192.0.2.7 8080", "tcp 198.18.0.9 1",
		"tcp fe80::1 9", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.seen,
		"tcp:1.2.3.4:443 tcp:2001:db8::1:80 tcp:10.0.0.1:22 tcp:169.254.169.254:80 "
		"tcp:192.0.2.7:8080 tcp:198.18.0.9:1 "));
	/* The last needs an interface to be named. */
	cr_expect(eq(str, capturer.said,
		"connected hello\nconnected hello\nconnected hello\nconnected hello\n"
		"connected hello\nconnected hello\nEINVAL\n"));
}

Test(capture, sandboxes_that_were_made_ahead_have_it_too)
{
	const struct cordon_prepare p = { .plan = 1,
		.count = 1,
		.workspace = capturer.liar.launch.workspace,
		.workspace_identity = capturer.liar.launch.workspace_identity };
	struct cordon_writer w;

	capturer_greet();
	cordon_writer_init(&w, 8192);
	cordon_launch_encode_prepare(&p, &w);
	cr_assert(eq(
		int, liar_send(&capturer.liar, CORDON_LAUNCH_PREPARE, w.data, w.size, NULL, 0), 0));
	cordon_writer_finish(&w);
	(void)poll(NULL, 0, 1000); /* when it is not ready by then, the launch is cold */
	capturer_launch("tcp 1.2.3.4 443", "fds", NULL);
	capturer_serve();

	cr_expect(eq(int, capturer.started.started.ahead, 1));
	cr_expect(eq(str, capturer.seen, "tcp:1.2.3.4:443 "));
	cr_expect(eq(str, capturer.said, "connected hello\n0\n"));
}

Test(capture, loopback_stays_in_the_run)
{
	capturer_greet();
	capturer_launch("loop 127.0.0.1", "loop 127.1.2.3", "loop ::1", "uloop 127.0.0.1",
		"uloop ::1", "tcp 127.0.0.1 4444", "tcp ::1 4444", "udp 127.0.0.1 4444",
		"udp ::1 4444", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said,
		"ok\nok\nok\nok\nok\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\n"));
	cr_expect(eq(u32, capturer_arrived(), 0));
}

/* A server of the run's at an address that is not loopback is not what is reached by that address. */
Test(capture, addresses_that_a_run_gives_itself_are_captured)
{
	capturer_greet();
	capturer_launch("loop 10.1.2.3", "loop 0.0.0.0", NULL);
	capturer.mode = KEEP;
	capturer_serve();

	cr_expect(eq(str, capturer.said, "ETIMEDOUT\nok\n"));
	cr_expect(eq(u32, capturer.accepted[CORDON_CAPTURE_TCP], 1));
}

Test(capture, questions_for_names_arrive_and_their_answers_are_accepted)
{
	capturer_greet();
	capturer_launch("udp 8.8.8.8 53", "udp 198.18.0.1 53", "udp 127.0.0.53 53",
		"udp 2001:4860:4860::8888 53", "udp ::1 53", "tcp 9.9.9.9 53", "tcp 2620:fe::fe 53",
		"tcp 127.0.0.1 53", "cat /etc/resolv.conf", "source 8.8.8.8", "source 2001:db8::1",
		NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.seen,
		"dns:8.8.8.8:0 dns:198.18.0.1:0 dns:127.0.0.53:0 dns:2001:4860:4860::8888:0 "
		"dns:::1:0 dns-tcp4 dns-tcp6 dns-tcp4 "));
	cr_expect(eq(str, capturer.said,
		"answered reply\nanswered reply\nanswered reply\nanswered reply\nanswered reply\n"
		"connected hello\nconnected hello\nconnected hello\n"
		"nameserver 198.18.0.1\n127.0.0.1\n::1\n"));
}

/* In IPv4 it can have any address as its own: all of them are the run's. */
Test(capture, a_client_with_a_source_of_its_own_is_answered)
{
	capturer_greet();
	capturer_launch("udp 8.8.8.8 53 10.1.1.1 5000", "tcp 9.9.9.9 53 10.1.1.1 5000",
		"tcp 1.2.3.4 443 10.1.1.1 5001", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said, "answered reply\nconnected hello\nconnected hello\n"));
}

Test(capture, other_datagrams_are_refused_at_once)
{
	capturer_greet();
	capturer_launch("udp 8.8.8.8 443", "udp 8.8.8.8 123", "udp 10.0.0.1 5000",
		"udp 2001:db8::1 443", "udp 224.0.0.251 5353", "udp 255.255.255.255 67",
		"udp 169.254.169.254 80", "udp 8.8.8.8 1", NULL);
	capturer_serve();

	cr_expect(
		eq(str, capturer.said, "EPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\n"));
	cr_expect(eq(u32, capturer_arrived(), 0));
}

Test(capture, the_listener_cannot_be_reached_by_its_own_address)
{
	capturer_greet();
	capturer_launch("tcp 127.0.0.1 1", "tcp ::1 1", "tcp ::ffff:127.0.0.1 1",
		"tcp 127.0.0.1 1 10.9.9.9 5000", "tcp 127.0.0.1 1 127.0.0.1 5001",
		"tcp 127.0.0.2 1", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said,
		"ECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\n"
		"ECONNREFUSED\n"));
	cr_expect(eq(u32, capturer_arrived(), 0));
}

Test(capture, a_run_cannot_take_the_place_of_a_socket_of_ours)
{
	capturer_greet();
	capturer_launch("bind 1 127.0.0.1 1", "bind 1 0.0.0.0 1", "bind 1 ::1 1",
		"bind 2 8.8.8.8 53", "bind 2 :: 53", "bind 1 9.9.9.9 53", "bind 1 1.2.3.4 443",
		"bind 1 1.2.3.4 4430", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said,
		"EACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nbound\n"));
}

Test(capture, other_protocols_have_no_socket_and_the_rules_stay)
{
	capturer_greet();
	capturer_launch("socket 2 1 132", "socket 2 3 1", "socket 10 3 58", "socket 2 3 255",
		"socket 17 3 768", "socket 16 3 12", "socket 2 2 1", "unroute", "tcp 1.2.3.4 443",
		NULL);
	capturer_serve();

	/* SCTP; raw ICMP, IPv4 and IPv6, and any; packet; netlink netfilter; ping. */
	cr_expect(ne(ptr,
			  strstr(capturer.said,
				  "\nEPERM\nEPERM\nEPERM\nEAFNOSUPPORT\nEAFNOSUPPORT\nEACCES\n"
				  "EPERM\nconnected hello\n"),
			  NULL),
		"%s", capturer.said);
	cr_expect(eq(int, strncmp(capturer.said, "EPROTONOSUPPORT", 15), 0), "%s", capturer.said);
}

Test(capture, two_thousand_connections_at_once)
{
	capturer.mode = KEEP;
	capturer_greet();
	capturer_launch("many 8 250", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said, "2000\n"));
	cr_expect(eq(u32, capturer.accepted[CORDON_CAPTURE_TCP], 2000));
	cr_expect(eq(u32, capturer.held_count, 2000));
}

/* Redirected, they would be the same connection. */
Test(capture, connections_from_one_port_to_many_addresses_are_told_apart)
{
	capturer_greet();
	capturer_launch("same 50", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said, "50\n"));
	cr_expect(ne(ptr, strstr(capturer.seen, "tcp:10.9.0.1:443 "), NULL));
	cr_expect(ne(ptr, strstr(capturer.seen, "tcp:10.9.0.50:443 "), NULL));
	cr_expect(eq(u32, capturer.accepted[CORDON_CAPTURE_TCP], 50));
}

/* A run's own traffic costs it nothing, and cannot fill the table; nor can questions for names. Only root can look, where
 * the kernel shows it. */
Test(capture, m10_only_redirected_connections_are_remembered)
{
	if (geteuid() != 0 || access("/proc/self/net/nf_conntrack", R_OK) < 0)
		return;
	capturer_greet();
	capturer_launch("loop 127.0.0.1", "loop ::1", "uloop 127.0.0.1", "uloop ::1",
		"udp 8.8.8.8 53", "udp 8.8.8.8 443", "tcp 10.10.10.10 443", NULL);
	capturer_serve();

	cr_expect(ne(ptr, strstr(capturer.tracked, "dst=10.10.10.10 "), NULL), "%s",
		capturer.tracked);
	cr_expect(eq(ptr, strchr(capturer.tracked, '\n'), strrchr(capturer.tracked, '\n')), "%s",
		capturer.tracked);
}

/* Two minutes of it are remembered by the kernel, in memory that is nobody's. */
Test(capture, m10_only_so_many_connections_are_begun_in_a_second)
{
	capturer.mode = COUNT;
	capturer_greet();
	capturer_launch("flood 4 4", NULL);
	capturer_serve();

	cr_expect(eq(str, capturer.said, "over\n"));
	cr_expect(gt(u32, capturer.accepted[CORDON_CAPTURE_TCP], 100));
	cr_expect(lt(u32, capturer.accepted[CORDON_CAPTURE_TCP], 4096 + 256 * 8));
}

Test(capture, other_ways_to_begin_a_connection_arrive_too)
{
	capturer_greet();
	capturer_launch("fastopen 1.2.3.4 443", "udplite 8.8.8.8 53", "udplite 127.0.0.1 5000",
		"mptcp 10.0.0.1 80", NULL);
	capturer_serve();

	cr_expect(eq(int, strncmp(capturer.said, "connected hello\nEPERM\nEPERM\n", 28), 0), "%s",
		capturer.said);
	/* Where the kernel has MPTCP. */
	cr_expect(ne(int, strstr(capturer.said, "EPROTONOSUPPORT") != NULL,
			  strstr(capturer.seen, "tcp:10.0.0.1:80 ") != NULL),
		"%s %s", capturer.said, capturer.seen);
	cr_expect(ne(ptr, strstr(capturer.seen, "tcp:1.2.3.4:443 "), NULL));
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
	const struct cordon_launch_event *e = &capturer.started;
	unsigned launcher;

	if (geteuid() != 0)
		return;
	capturer_greet();
	capturer_launch("tcp 1.2.3.4 443", "fds", NULL);
	cr_expect(eq(u32, sockets_of(e->started.pid), 1), "pid 1 has more than its link");
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++) {
		cr_expect(eq(int, fcntl(e->captured[i], F_GETFD), FD_CLOEXEC));
		cr_expect(ne(int, fcntl(e->captured[i], F_GETFL) & O_NONBLOCK, 0));
	}
	capturer_serve();
	launcher = 0;
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		launcher += capturer.accepted[i];
	cr_expect(eq(u32, launcher, 1));
	cr_expect(eq(str, capturer.said, "connected hello\n0\n"));
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

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", capturer.liar.pidfd);
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
	capturer.liar.launch.held = 1;
	capturer_greet();
	cr_assert(cordon_launch_send_launch(capturer.liar.link, &capturer.liar.launch,
			  (const int[]){ capturer.liar.streams[0], capturer.liar.streams[1],
				  capturer.liar.streams[2], gate[0] },
			  4, &err) == 0);

	init = parent_below(pid_of_launcher());
	cr_assert(init > 0);
	cr_expect(eq(u32, sockets_of(init), 1), "pid 1 has more than its link");

	close(gate[0]);
	close(gate[1]);
	cr_expect(eq(int, (int)liar_hear(&capturer.liar), LIAR_REFUSED));
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
