/* A run's network: a namespace with lo alone, in which every address is local, and rules that lead all TCP to one
 * listener and refuse what has no place there. pid 1 makes it while it has the right to; it sends the sockets
 * up and keeps none. See capture_rules.c for what is promised.
 *
 * calls: socket sendto recvfrom close and those of capture_sockets.c */
#include "capture.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include <cordon/fd.h>

#include "capture_data.h"

void
capture_close(int sockets[CORDON_CAPTURE_SOCKETS])
{
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		cordon_fd_close_p(&sockets[i]);
}

/* The kernel answers while it is told, so that all it has to say is there afterwards. Returns 0 when the last message
 * was done, and there was no error before; else -1 with errno. */
static int
hear_answers(int link)
{
	union {
		struct nlmsghdr header;
		char room[1024]; /* what is cut off is what we said ourselves */
	} answer;
	const struct nlmsgerr *e = NLMSG_DATA(&answer.header);
	int done = 0;

	for (;;) {
		const ssize_t got = recv(link, &answer, sizeof(answer), MSG_DONTWAIT);

		if (got < 0 && errno == EAGAIN) {
			errno = EPROTO;
			return done ? 0 : -1;
		}
		if (got < 0)
			return -1;
		errno = EPROTO;
		if ((size_t)got < NLMSG_LENGTH(sizeof(*e)) ||
			answer.header.nlmsg_type != NLMSG_ERROR)
			return -1;
		if (e->error != 0) {
			errno = -e->error;
			return -1;
		}
		done = 1;
	}
}

static int
tell_kernel(int protocol, const void *data, size_t size)
{
	CORDON_CLOSE int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (link < 0 || sendto(link, data, size, 0, (const struct sockaddr *)&kernel,
				sizeof(kernel)) != (ssize_t)size)
		return -1;
	return hear_answers(link);
}

static int
set_up(int sockets[CORDON_CAPTURE_SOCKETS], struct sandbox_fault *fault)
{
	int ipv6;

	if (capture_open_sockets(sockets, &ipv6) < 0)
		return sandbox_fault(fault, STAGE_CAPTURE_SOCKETS, 0);
	if (tell_kernel(NETLINK_ROUTE, capture_route4, capture_route4_size) < 0 ||
		(ipv6 && tell_kernel(NETLINK_ROUTE, capture_route6, capture_route6_size) < 0))
		return sandbox_fault(fault, STAGE_CAPTURE_ROUTES, 0);
	if (tell_kernel(NETLINK_NETFILTER, capture_rules, capture_rules_size) < 0)
		return sandbox_fault(fault, STAGE_CAPTURE_RULES, 0);
	return ipv6 ? CORDON_CAPTURE_SOCKETS : CORDON_CAPTURE_IPV4;
}

int
capture_begin(int ret_sockets[CORDON_CAPTURE_SOCKETS], struct sandbox_fault *fault)
{
	int count;

	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		ret_sockets[i] = -1;
	count = set_up(ret_sockets, fault);
	/* A socket for IPv6 that could not be bound, or all of them. */
	for (int i = count < 0 ? 0 : count; i < CORDON_CAPTURE_SOCKETS; i++)
		cordon_fd_close_p(&ret_sockets[i]);
	return count;
}
