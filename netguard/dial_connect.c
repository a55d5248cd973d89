/* calls: poll ppoll socket connect getsockopt setsockopt getpeername getsockname close */
#include "dial_connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>

union end {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
write_end(const struct dial_target *to, union end *end)
{
	*end = (union end){ 0 };
	if (to->address.family == 4) {
		end->in.sin_family = AF_INET;
		end->in.sin_port = htons(to->port);
		memcpy(&end->in.sin_addr, to->address.bytes, sizeof(end->in.sin_addr));
		return sizeof(end->in);
	}
	end->in6.sin6_family = AF_INET6;
	end->in6.sin6_port = htons(to->port);
	memcpy(&end->in6.sin6_addr, to->address.bytes, sizeof(end->in6.sin6_addr));
	return sizeof(end->in6);
}

static int
same_end(const union end *a, const union end *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return 0;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
}

int
dial_connect_begin(const struct dial_target *to)
{
	const int type = to->datagram ? SOCK_DGRAM : SOCK_STREAM, on = 1;
	CORDON_CLOSE int fd = -1;
	union end end;
	const socklen_t size = write_end(to, &end);

	fd = socket(end.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (!to->datagram && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -1;
	if (connect(fd, &end.any, size) < 0 && errno != EINPROGRESS)
		return -1;
	return cordon_fd_take(&fd);
}

/* It is not enough that there is a peer: of a simultaneous open there is one before it is connected, and that socket
 * could be made fit to connect anew (tcp_poll, inet_getname). */
int
dial_connect_decided(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return poll(&p, 1, 0) > 0;
}

enum cordon_dial_why
dial_connect_end(int fd, const struct dial_target *to, int *ret_sys)
{
	union end wanted, peer = { 0 }, own = { 0 };
	socklen_t size = sizeof(*ret_sys);

	(void)write_end(to, &wanted);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_sys, &size) < 0)
		*ret_sys = errno;
	if (*ret_sys != 0)
		return CORDON_DIAL_FAILED;
	size = sizeof(peer);
	if (getpeername(fd, &peer.any, &size) < 0) {
		*ret_sys = errno;
		return CORDON_DIAL_FAILED;
	}
	/* A socket of this host may by chance connect with itself: RFC 9293, 3.5, figure 7. */
	size = sizeof(own);
	if (getsockname(fd, &own.any, &size) < 0 || same_end(&own, &peer) ||
		!same_end(&wanted, &peer))
		return CORDON_DIAL_OTHER_END;
	return CORDON_DIAL_FINE;
}
