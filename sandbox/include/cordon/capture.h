/* The sockets at which a run with a network arrives: whatever address it names, it meets them, and nothing
 * else. They are made in the run's network namespace and come with STARTED (launch_proto.h). For whoever
 * serves them:
 *
 *	TCP       a listener. Every TCP connection to an address that is not loopback is there, but for those to
 *	          port 53. The destination that was asked for: getsockopt(2) with SOL_IP and SO_ORIGINAL_DST, or
 *	          SOL_IPV6 and IP6T_SO_ORIGINAL_DST, of the accepted socket. getsockname(2) is always
 *	          127.0.0.1 or ::1, the address of the peer says nothing.
 *	DNS       datagrams to port 53 of any address, with IP_PKTINFO or IPV6_PKTINFO. The client takes an
 *	          answer from the address that it asked: that is ipi_addr, to be given back as ipi_spec_dst with
 *	          ipi_ifindex 0; in IPv6 the same structure is given back, with ipi6_ifindex 0.
 *	DNS_TCP   a listener for connections to port 53 of any address.
 *
 * When the destination cannot be had (ENOENT), the client has gone. The sockets keep the run's namespace, and
 * whoever has them closes them when the run has ended.
 *
 * All are non-blocking; what is accepted is not (accept4(2) with SOCK_NONBLOCK). Each exists for IPv4, and for
 * IPv6 where the host has it: what is asked for there has to be refused, or served, too. */
#pragma once

enum cordon_capture_socket {
	CORDON_CAPTURE_TCP,
	CORDON_CAPTURE_DNS,
	CORDON_CAPTURE_DNS_TCP,
	CORDON_CAPTURE_TCP6,
	CORDON_CAPTURE_DNS6,
	CORDON_CAPTURE_DNS_TCP6,
	CORDON_CAPTURE_SOCKETS
};
#define CORDON_CAPTURE_IPV4 3 /* how many there are without IPv6 */

/* Connections and datagrams to loopback stay in the run, but for port 53. The listener's own port is one that
 * a run cannot bind, and what connects to it by that name is refused. */
#define CORDON_CAPTURE_PORT 1
#define CORDON_CAPTURE_BACKLOG \
	1024 /* connections that wait to be accepted; more try again by themselves */
#define CORDON_CAPTURE_DNS_BACKLOG 64

/* The name server of resolv.conf, one of 198.18.0.0/15 (RFC 2544), of which names get their addresses. */
#define CORDON_CAPTURE_RESOLVER "198.18.0.1"
