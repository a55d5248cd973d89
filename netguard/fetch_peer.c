/* calls: getpeername */
#include "fetch_peer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int
fetch_peer(int fd, struct cordon_address *ret_address, uint16_t *ret_port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} end = { 0 };
	socklen_t size = sizeof(end);
	struct cordon_address address = { 0 };

	if (getpeername(fd, &end.any, &size) < 0 ||
		(end.any.sa_family != AF_INET && end.any.sa_family != AF_INET6))
		return -1;
	if (end.any.sa_family == AF_INET) {
		address.family = 4;
		memcpy(address.bytes, &end.in.sin_addr, sizeof(end.in.sin_addr));
		*ret_port = ntohs(end.in.sin_port);
	} else {
		address.family = 6;
		memcpy(address.bytes, &end.in6.sin6_addr, sizeof(end.in6.sin6_addr));
		*ret_port = ntohs(end.in6.sin6_port);
	}
	*ret_address = address;
	return 0;
}

int
fetch_peer_granted(int fd, const struct cordon_dial_grant *grant, const struct cordon_url *url)
{
	struct cordon_address address;
	uint16_t port;

	if (fetch_peer(fd, &address, &port) < 0 || port != url->to.port || port != grant->port)
		return 0;
	for (unsigned i = 0; i < grant->count; i++)
		if (cordon_address_equal(&grant->addresses[i], &address))
			return 1;
	return 0;
}
