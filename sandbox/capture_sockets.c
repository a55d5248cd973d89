/* calls: socket setsockopt bind listen */
#include "capture.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define DNS_PORT 53

static int
turn_on(int s, int level, int option)
{
	const int on = 1;

	return setsockopt(s, level, option, &on, sizeof(on));
}

/* To answer, a datagram's socket has to know the address that was asked, and to send from it. IPv6 lets it do
 * that for addresses of interfaces alone, unless asked: ipv6(7), IPV6_FREEBIND. */
static int
set_options(int s, int family, int type)
{
	if (family == AF_INET6 && turn_on(s, IPPROTO_IPV6, IPV6_V6ONLY) < 0)
		return -1;
	if (type != SOCK_DGRAM)
		return 0;
	if (family == AF_INET)
		return turn_on(s, IPPROTO_IP, IP_PKTINFO);
	return turn_on(s, IPPROTO_IPV6, IPV6_RECVPKTINFO) < 0
		       ? -1
		       : turn_on(s, IPPROTO_IPV6, IPV6_FREEBIND);
}

/* Bound to loopback, or to every address. Returns 0 or -1; *ret is the caller's in both cases. */
static int
open_bound(int family, int type, int loopback, uint16_t port, int *ret)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY) } };
	const struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = loopback ? in6addr_loopback : in6addr_any };
	const struct sockaddr *address =
		family == AF_INET ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6;

	*ret = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret < 0 || set_options(*ret, family, type) < 0)
		return -1;
	return bind(*ret, address, family == AF_INET ? sizeof(in) : sizeof(in6));
}

static int
open_three(int family, int sockets[CORDON_CAPTURE_IPV4])
{
	int *tcp = &sockets[CORDON_CAPTURE_TCP], *dns_tcp = &sockets[CORDON_CAPTURE_DNS_TCP];

	if (open_bound(family, SOCK_STREAM, 1, CORDON_CAPTURE_PORT, tcp) < 0 ||
		listen(*tcp, CORDON_CAPTURE_BACKLOG) < 0 ||
		open_bound(family, SOCK_DGRAM, 0, DNS_PORT, &sockets[CORDON_CAPTURE_DNS]) < 0 ||
		open_bound(family, SOCK_STREAM, 0, DNS_PORT, dns_tcp) < 0)
		return -1;
	return listen(*dns_tcp, CORDON_CAPTURE_DNS_BACKLOG);
}

int
capture_open_sockets(int sockets[CORDON_CAPTURE_SOCKETS], int *ret_ipv6)
{
	*ret_ipv6 = 0;
	if (open_three(AF_INET, sockets) < 0)
		return -1;
	if (open_three(AF_INET6, sockets + CORDON_CAPTURE_IPV4) == 0) {
		*ret_ipv6 = 1;
		return 0;
	}
	/* A kernel without IPv6, or one in which interfaces have none: nothing is to be captured then. */
	return sockets[CORDON_CAPTURE_DNS6] < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)
		       ? 0
		       : -1;
}
