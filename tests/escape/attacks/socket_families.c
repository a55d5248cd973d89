/* Only internet sockets and netlink route exist in a run; the others lead to the hypervisor, to drivers
 * and to the kernel's own talk. Red without the rule on socket(2) (the high-bits one when it compares 64
 * bits); writes through netlink route and raw sockets without the dropped capabilities; host services
 * without the network namespace. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "attacks.h"

/* FAMILY TYPE PROTOCOL, as numbers. */
void
attack_socket_of_family(char **argv)
{
	char what[64];

	snprintf(what, sizeof(what), "socket(%ld, %ld, %ld)", number(argv, 1), number(argv, 2),
		number(argv, 3));
	verdict(socket((int)number(argv, 1), (int)number(argv, 2), (int)number(argv, 3)), what);
}

/* The arguments are ints: the kernel does not look at the high half. */
void
attack_socket_high_bits(char **argv)
{
	const uint64_t high = UINT64_C(0x100000000);

	verdict(syscall(SYS_socket, high | (uint64_t)number(argv, 1),
			high | (uint64_t)number(argv, 2), high | (uint64_t)number(argv, 3)),
		"socket with high bits");
}

/* Whatever family there is, but for unix, inet, inet6 and netlink. */
void
attack_socket_any_family(char **argv)
{
	(void)argv;
	for (int family = 0; family < 64; family++) {
		if (family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
			family == AF_NETLINK)
			continue;
		for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
			if (socket(family, type, 0) >= 0)
				escaped("socket(%d, %d, 0)", family, type);
		}
	}
	held("no other family has a socket");
}

/* Takes the loopback interface up or down: a write through netlink route. It is set as it is. */
void
attack_netlink_write(char **argv)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = { .header = { .nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_NEWLINK,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.body = { .ifi_index = 1, .ifi_change = IFF_UP } };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		char room[512];
	} answer;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	(void)argv;
	if (s < 0)
		held_by_errno("netlink route");
	if (send(s, &request, sizeof(request), 0) < 0)
		held_by_errno("netlink route, send");
	if (recv(s, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.header) ||
		answer.header.nlmsg_type != NLMSG_ERROR)
		broken("no answer of netlink route");
	errno = -answer.body.error;
	verdict(answer.body.error == 0 ? 0 : -1, "a write through netlink route");
}

/* A service on the host's loopback. */
void
attack_tcp_connect(char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(argv, 2)) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, argument(argv, 1), &address.sin_addr) != 1)
		broken("'%s' is no address", argv[1]);
	if (s < 0)
		held_by_errno("socket");
	verdict(connect(s, (struct sockaddr *)&address, sizeof(address)), "a service of the host");
}
