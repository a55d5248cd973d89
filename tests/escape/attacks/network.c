/* Ways out of a captured network, and ways to the sockets that serve it. Red without the rules (capture_rules.c:
 * each has its test), without the dropped capabilities, or without the rule on socket(2). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "attacks.h"

static socklen_t
address_of(const char *text, long port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
		broken("'%s' is no address", text);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return sizeof(*in6);
}

/* ADDRESS PORT PROTOCOL: one datagram. */
void
attack_datagram(char **argv)
{
	struct sockaddr_storage to;
	const socklen_t size = address_of(argument(argv, 1), number(argv, 2), &to);
	int s = socket(to.ss_family, SOCK_DGRAM, (int)number(argv, 3));

	if (s < 0)
		held_by_errno("socket");
	verdict(sendto(s, "data", 4, 0, (struct sockaddr *)&to, size), "a datagram");
}

/* Whoever tries all ports meets the one that the kernel gave him: then he is connected to himself. */
static int
is_connected_to_itself(int s)
{
	struct sockaddr_storage here = { 0 }, there = { 0 };
	socklen_t size = sizeof(here), size2 = sizeof(there);

	return getsockname(s, (struct sockaddr *)&here, &size) == 0 &&
	       getpeername(s, (struct sockaddr *)&there, &size2) == 0 &&
	       memcmp(&here, &there, sizeof(here)) == 0;
}

/* ADDRESS EXCEPT: a service at any port but that one. */
void
attack_any_port(char **argv)
{
	struct sockaddr_storage to;
	const long except = number(argv, 2);

	for (long port = 1; port < 65536; port++) {
		const socklen_t size = address_of(argument(argv, 1), port, &to);
		const struct timeval patience = { .tv_sec = 5 };
		int s;

		if (port == except)
			continue;
		s = socket(to.ss_family, SOCK_STREAM, 0);
		if (s < 0)
			held_by_errno("socket");
		(void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(s, (struct sockaddr *)&to, size) == 0 && !is_connected_to_itself(s))
			escaped("port %ld", port);
		if (errno != ECONNREFUSED && !is_connected_to_itself(s))
			broken("port %ld: %s", port, strerrorname_np(errno));
		close(s);
	}
	held("no port answers");
}

/* Takes all rules of the network away: what nft(8) says for "flush ruleset". */
void
attack_flush_rules(char **argv)
{
	struct message {
		struct nlmsghdr header;
		struct nfgenmsg body;
	} batch[3] = {
		{ { sizeof(batch[0]), NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, 0 },
			{ .res_id = htons(NFNL_SUBSYS_NFTABLES) } },
		{ { sizeof(batch[0]), NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE,
			  NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
			{ .nfgen_family = AF_UNSPEC } },
		{ { sizeof(batch[0]), NFNL_MSG_BATCH_END, NLM_F_REQUEST, 2, 0 },
			{ .res_id = htons(NFNL_SUBSYS_NFTABLES) } },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		char room[512];
	} answer;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

	(void)argv;
	if (s < 0)
		held_by_errno("netlink netfilter");
	if (send(s, batch, sizeof(batch), 0) < 0 ||
		recv(s, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.header))
		held_by_errno("netlink netfilter, send");
	errno = -answer.body.error;
	verdict(answer.body.error == 0 ? 0 : -1, "flushing the rules");
}

/* ADDRESS PORT: from a socket that says it may use addresses of others. */
void
attack_transparent(char **argv)
{
	struct sockaddr_storage to;
	const socklen_t size = address_of(argument(argv, 1), number(argv, 2), &to);
	const int on = 1;
	int s = socket(to.ss_family, SOCK_STREAM, 0);

	if (s < 0 || setsockopt(s, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) < 0)
		held_by_errno("IP_TRANSPARENT");
	verdict(connect(s, (struct sockaddr *)&to, size), "a transparent socket");
}
