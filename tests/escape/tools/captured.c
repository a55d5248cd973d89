/* captured LAUNCHER WORKSPACE SEEN COMMAND [ARGUMENT]...: runs the command in the profile default with a network
 * that is captured, and is its monitor. What arrives is written to the file SEEN, a line each:
 *
 *	tcp ADDRESS PORT    a connection, with the destination that was asked for; it is said "hello", and closed
 *	dns ADDRESS         a question to that address; it is answered by the same bytes
 *	dns-tcp             a connection to port 53
 *
 * Exit status: the command's, or 125 with the reason on standard error. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netfilter_ipv4.h>

#include <cordon/launch_proto.h>
#include <cordon/launcher.h>
#include <cordon/profile.h>

#include "../../../supervisor/environ.h"
#include "../../../supervisor/plan_build.h"
#include "../../../supervisor/resolve.h"
#include "../../../supervisor/workspace.h"

/* linux/netfilter_ipv6/ip6_tables.h does not compile beside netinet/in.h. */
#define IP6T_SO_ORIGINAL_DST 80

static struct cordon_error err;
static FILE *seen;

static _Noreturn void
broken(const char *what)
{
	fprintf(stderr, "captured: %s: %s %s\n", what, err.reason, err.text);
	exit(125);
}

/* To the launcher, whose link is the result. *ret_output: what the command says. */
static int
ask(const char *launcher, const char *where, char **command, int *ret_output)
{
	static struct config config;
	static struct workspace workspace;
	const struct cordon_profile_places places = { .builtin_only = 1 };
	const struct cordon_profile *profile = cordon_profile_load(&places, "default", &err);
	struct cordon_plan plan;
	struct command found;
	char **env;
	int link, pidfd, lifeline[2], output[2];
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (profile == NULL || workspace_open(where, NULL, &config, &workspace, &err) < 0 ||
		plan_build(profile, workspace.path, &config, &plan, &err) < 0 ||
		plan_capture(&plan, &err) < 0)
		broken("plan");
	env = environ_build(profile, NULL, 0, workspace.cwd, &err);
	if (env == NULL || resolve_command(command[0], environ_get(env, "PATH"), &plan, &workspace,
				   &found, &err) < 0)
		broken("command");
	struct cordon_launch launch = { .run = 1, .plan = 1, .argv = command, .env = env };

	resolve_into_launch(&found, &workspace, &launch);
	launch.umask = 022;
	if (pipe2(lifeline, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0 ||
		cordon_launcher_exec(launcher, &link, &pidfd, &err) < 0 ||
		cordon_launch_send_hello(link, lifeline[0], &err) < 0 ||
		cordon_launch_send_plan(link, 1, &plan, &err) < 0 ||
		cordon_launch_send_launch(
			link, &launch, (const int[]){ null, output[1], output[1] }, 3, &err) < 0)
		broken("launch");
	close(output[1]);
	*ret_output = output[0];
	return link;
}

static void
note(const char *what, int family, const void *address, unsigned port)
{
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(family, address, text, sizeof(text));
	if (port != 0)
		fprintf(seen, "%s %s %u\n", what, text, port);
	else
		fprintf(seen, "%s %s\n", what, text);
	fflush(seen);
}

static void
serve_tcp(int listener, int which)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	socklen_t size = sizeof(in), size6 = sizeof(in6);
	int s = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (s < 0)
		return;
	if (which == CORDON_CAPTURE_DNS_TCP || which == CORDON_CAPTURE_DNS_TCP6)
		fputs("dns-tcp\n", seen), fflush(seen);
	else if (which == CORDON_CAPTURE_TCP &&
		 getsockopt(s, SOL_IP, SO_ORIGINAL_DST, &in, &size) == 0)
		note("tcp", AF_INET, &in.sin_addr, ntohs(in.sin_port));
	else if (which == CORDON_CAPTURE_TCP6 &&
		 getsockopt(s, SOL_IPV6, IP6T_SO_ORIGINAL_DST, &in6, &size6) == 0)
		note("tcp", AF_INET6, &in6.sin6_addr, ntohs(in6.sin6_port));
	else
		fputs("tcp by the listener's own name\n", seen), fflush(seen);
	(void)!send(s, "hello", 5, MSG_NOSIGNAL);
	close(s);
}

static void
serve_dns(int s)
{
	char text[512], control[256];
	struct sockaddr_storage from;
	struct iovec iov = { text, sizeof(text) };
	struct msghdr m = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	const ssize_t got = recvmsg(s, &m, 0);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct in_pktinfo *info = c == NULL ? NULL : (struct in_pktinfo *)CMSG_DATA(c);
	struct in6_pktinfo *info6 = c == NULL ? NULL : (struct in6_pktinfo *)CMSG_DATA(c);

	if (got <= 0 || c == NULL)
		return;
	iov.iov_len = (size_t)got;
	if (c->cmsg_level == IPPROTO_IP) {
		note("dns", AF_INET, &info->ipi_addr, 0);
		info->ipi_spec_dst = info->ipi_addr;
		info->ipi_ifindex = 0;
	} else {
		note("dns", AF_INET6, &info6->ipi6_addr, 0);
		info6->ipi6_ifindex = 0;
	}
	(void)!sendmsg(s, &m, MSG_NOSIGNAL);
}

static void
serve(const int sockets[CORDON_CAPTURE_SOCKETS], const struct pollfd *p)
{
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++) {
		if (p[i].revents == 0)
			continue;
		if (i == CORDON_CAPTURE_DNS || i == CORDON_CAPTURE_DNS6)
			serve_dns(sockets[i]);
		else
			serve_tcp(sockets[i], i);
	}
}

/* Passes on what the command says. Returns 0 at its end. */
static int
relay(int output)
{
	char text[4096];
	const ssize_t got = read(output, text, sizeof(text));

	if (got > 0)
		(void)!write(STDOUT_FILENO, text, (size_t)got);
	return got > 0;
}

int
main(int argc, char **argv)
{
	struct cordon_launch_event event;
	int sockets[CORDON_CAPTURE_SOCKETS] = { -1, -1, -1, -1, -1, -1 }, link, output;

	if (argc < 5)
		broken("usage: captured LAUNCHER WORKSPACE SEEN COMMAND...");
	seen = fopen(argv[3], "we");
	if (seen == NULL)
		broken(argv[3]);
	link = ask(argv[1], argv[2], argv + 4, &output);
	for (;;) {
		enum { LINK = CORDON_CAPTURE_SOCKETS, OUTPUT, POLLED };
		struct pollfd p[POLLED];

		for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
			p[i] = (struct pollfd){ .fd = sockets[i], .events = POLLIN };
		p[LINK] = (struct pollfd){ .fd = link, .events = POLLIN };
		p[OUTPUT] = (struct pollfd){ .fd = output, .events = POLLIN };
		if (poll(p, POLLED, -1) < 0)
			continue;
		serve(sockets, p);
		if (p[OUTPUT].revents != 0 && !relay(output))
			output = -1;
		if (p[LINK].revents == 0)
			continue;
		if (cordon_launch_receive(link, &event, &err) != 1)
			broken("launcher");
		if (event.message == CORDON_LAUNCH_STARTED)
			memcpy(sockets, event.captured, sizeof(sockets));
		if (event.message == CORDON_LAUNCH_FAILED) {
			err = event.failure;
			broken("refused");
		}
		if (event.message != CORDON_LAUNCH_EXITED)
			continue;
		while (output >= 0 && relay(output))
			;
		return WIFEXITED(event.exited.status) ? WEXITSTATUS(event.exited.status)
						      : 128 + WTERMSIG(event.exited.status);
	}
}
