/* They are asked for when one has come or gone, which the kernel says before anything can be reached by it: the message is in our
 * queue before the route is made (__inet_insert_ifa in net/ipv4/devinet.c, __ipv6_ifa_notify in net/ipv6/addrconf.c);
 * of an IPv6 address that is used before it is known to be nobody else's, the route is what is heard of first. A queue that
 * has overflowed says so (ENOBUFS), and that is a change like others. To ask each time costs an address judged
 * several times as much as to look whether there is something to ask for. rtnetlink(7), netlink(7).
 *
 * calls: sendto recvfrom; at start: socket bind close */
#include "interfaces.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cordon/fd.h>

#define TRIES 4 /* while addresses come and go: NLM_F_DUMP_INTR */

int
interfaces_open(struct interfaces *i, struct cordon_error *err)
{
	const int type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
	const struct sockaddr_nl changes = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE };

	i->count = 0;
	i->known = 0;
	i->netlink = socket(AF_NETLINK, type, NETLINK_ROUTE);
	i->changes = socket(AF_NETLINK, type, NETLINK_ROUTE);
	if (i->netlink < 0 || i->changes < 0 ||
		bind(i->changes, (const struct sockaddr *)&changes, sizeof(changes)) < 0)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not ask for the addresses of interfaces");
	return 0;
}

void
interfaces_close(struct interfaces *i)
{
	cordon_fd_close_p(&i->netlink);
	cordon_fd_close_p(&i->changes);
}

static int
ask(struct interfaces *i)
{
	const struct {
		struct nlmsghdr header;
		struct ifaddrmsg body;
	} question = { .header = { .nlmsg_len = sizeof(question),
			       .nlmsg_type = RTM_GETADDR,
			       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			       .nlmsg_seq = ++i->sequence },
		.body = { .ifa_family = AF_UNSPEC } };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(i->netlink, &question, sizeof(question), MSG_NOSIGNAL,
		       (const struct sockaddr *)&kernel, sizeof(kernel)) < 0
		       ? -1
		       : 0;
}

/* The next part of a list in which each begins with its length and is padded to four bytes: messages, and the attributes
 * of one. Returns its length, or 0 at the end; *at moves behind it. (The kernel's own macros lose const, and count on
 * signed lengths.) */
static size_t
next_part(const uint8_t *data, size_t size, size_t *at, size_t width, size_t least)
{
	uint16_t narrow = 0;
	uint32_t length = 0;
	size_t step;

	if (size - *at < least)
		return 0;
	if (width == sizeof(narrow)) {
		memcpy(&narrow, data + *at, sizeof(narrow));
		length = narrow;
	} else {
		memcpy(&length, data + *at, sizeof(length));
	}
	if (length < least || length > size - *at)
		return 0;
	step = ((size_t)length + 3) & ~(size_t)3;
	*at += step < size - *at ? step : size - *at;
	return length;
}

static int
keep(struct interfaces *i, unsigned family, const uint8_t *bytes, size_t size)
{
	if (bytes == NULL || size != (family == AF_INET ? 4 : 16)) {
		errno = EPROTO;
		return -1;
	}
	if (i->count == INTERFACES_ADDRESSES) {
		errno = E2BIG;
		return -1;
	}
	i->own[i->count] = (struct cordon_address){ .family = family == AF_INET ? 4 : 6 };
	memcpy(i->own[i->count].bytes, bytes, size);
	i->count++;
	return 0;
}

/* One RTM_NEWADDR. Of two addresses, IFA_LOCAL is ours and IFA_ADDRESS the other end's. */
static int
take_address(struct interfaces *i, const uint8_t *message, size_t size)
{
	size_t at = NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(struct ifaddrmsg)), begin = at, length;
	const uint8_t *own = NULL;
	size_t own_size = 0;
	struct ifaddrmsg body;
	struct rtattr a;

	if (size < at) {
		errno = EPROTO;
		return -1;
	}
	memcpy(&body, message + NLMSG_HDRLEN, sizeof(body));
	if (body.ifa_family != AF_INET && body.ifa_family != AF_INET6)
		return 0;
	while ((length = next_part(message, size, &at, sizeof(a.rta_len), sizeof(a))) > 0) {
		memcpy(&a, message + begin, sizeof(a));
		if (a.rta_type == IFA_LOCAL || (a.rta_type == IFA_ADDRESS && own == NULL)) {
			own = message + begin + sizeof(a);
			own_size = length - sizeof(a);
		}
		begin = at;
	}
	return keep(i, body.ifa_family, own, own_size);
}

/* Returns 1 at the end, 0 when more comes, -1 with errno. */
static int
take_part(struct interfaces *i, const uint8_t *data, size_t size)
{
	size_t at = 0, begin = 0, length;
	struct nlmsghdr h;

	for (; (length = next_part(data, size, &at, sizeof(h.nlmsg_len), sizeof(h))) > 0;
		begin = at) {
		memcpy(&h, data + begin, sizeof(h));
		if (h.nlmsg_seq != i->sequence)
			continue; /* of a question that was given up */
		if ((h.nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
			errno = EINTR;
			return -1;
		}
		if (h.nlmsg_type == NLMSG_DONE)
			return 1;
		if (h.nlmsg_type == NLMSG_ERROR) {
			errno = EPROTO;
			return -1;
		}
		if (h.nlmsg_type == RTM_NEWADDR && take_address(i, data + begin, length) < 0)
			return -1;
	}
	return 0;
}

/* The kernel has its answer ready when the question was sent, so nothing waits here (netlink_dump in
 * net/netlink/af_netlink.c). */
static int
read_once(struct interfaces *i)
{
	/* What the kernel puts into one part at most: NLMSG_GOODSIZE and 32 KiB. */
	uint8_t part[32768];
	struct sockaddr_nl from = { 0 };
	int result = ask(i);

	i->count = 0;
	while (result == 0) {
		socklen_t size = sizeof(from);
		const ssize_t got = recvfrom(
			i->netlink, part, sizeof(part), MSG_TRUNC, (struct sockaddr *)&from, &size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if ((size_t)got > sizeof(part)) {
			errno = EMSGSIZE;
			return -1;
		}
		if (from.nl_pid == 0) /* the kernel; another process may send, too */
			result = take_part(i, part, (size_t)got);
	}
	return result < 0 ? -1 : 0;
}

/* Whatever is said, and whoever says it: there is something to ask for. What it is does not matter, so nothing is kept of it. */
static void
hear_changes(struct interfaces *i)
{
	uint8_t ignored;
	ssize_t got;

	do {
		got = recvfrom(i->changes, &ignored, sizeof(ignored), 0, NULL, NULL);
		if (got < 0 && errno == EAGAIN)
			return;
		i->known = 0;
	} while (got >= 0 || errno == EINTR || errno == ENOBUFS);
}

int
interfaces_read(struct interfaces *i)
{
	hear_changes(i);
	for (unsigned tries = 0; tries < TRIES && !i->known; tries++) {
		i->known = read_once(i) == 0;
		if (!i->known && errno != EINTR)
			break;
	}
	if (!i->known)
		i->count = 0;
	return i->known ? 0 : -1;
}
