/* calls: recvmsg sendmsg getsockname setsockopt close */
#include "dns_serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "dns_serve_parts.h"

#define DATAGRAMS 32 /* that are answered before others have their turn */

static enum dns_answer
decide(struct names *names, const struct dns_serve_policy *policy, const struct dns_query *q,
	struct dns_address *ret_address)
{
	struct cordon_address address;
	struct cordon_error err;
	struct cordon_host host;

	/* What is no host for us is none for a profile. */
	if (!q->name.host ||
		cordon_host_parse(q->name.text, strlen(q->name.text), &host, &err) < 0 ||
		host.kind != CORDON_HOST_NAME || strcmp(host.text, q->name.text) != 0)
		return DNS_ANSWER_NXDOMAIN;
	if (!policy->listed(policy->context, &host))
		return DNS_ANSWER_NXDOMAIN;
	if (!dns_query_wants_address(q))
		return DNS_ANSWER_NODATA;
	if (names_give(names, &host, &address, &err) < 0)
		return err.code == CORDON_ELIMIT ? DNS_ANSWER_REFUSED : DNS_ANSWER_SERVFAIL;
	memcpy(ret_address->bytes, address.bytes, sizeof(ret_address->bytes));
	ret_address->ttl_s = DNS_SERVE_TTL_S;
	return DNS_ANSWER_ADDRESS;
}

size_t
dns_serve_message(struct names *names, const struct dns_serve_policy *policy,
	const uint8_t *message, size_t size, int by_udp, uint8_t *out, size_t room)
{
	struct dns_query q;
	const enum dns_query_verdict verdict = dns_query_read(message, size, &q);
	enum dns_answer answer = DNS_ANSWER_REFUSED;
	struct dns_address address = { 0 };

	if (verdict == DNS_QUERY_FINE)
		answer = decide(names, policy, &q, &address);
	if (policy->asked != NULL)
		policy->asked(policy->context, verdict, answer,
			verdict == DNS_QUERY_FINE ? q.name.text : "");
	if (verdict != DNS_QUERY_FINE)
		return dns_answer_refuse(&q, verdict, out, room);
	if (by_udp && room > q.udp_size)
		room = q.udp_size;
	return dns_answer_write(&q, answer, &address, out, room);
}

struct dns_serve *
dns_serve_create(struct cordon_loop *loop, struct names *names,
	const struct dns_serve_policy *policy, struct cordon_error *err)
{
	struct dns_serve *s = cordon_array(1, sizeof(*s));

	if (s == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not serve names");
		return NULL;
	}
	s->loop = loop;
	s->names = names;
	s->policy = *policy;
	return s;
}

void
dns_serve_destroy(struct dns_serve *s)
{
	if (s == NULL)
		return;
	dns_serve_end_all(s);
	for (unsigned i = 0; i < s->socket_count; i++) {
		cordon_watch_remove(s->sockets[i].watch);
		cordon_fd_close_p(&s->sockets[i].fd);
	}
	free(s);
}

int
dns_serve_add(
	struct dns_serve *s, int fd, int listens, cordon_watch_fn *fn, struct cordon_error *err)
{
	struct dns_serve_socket *socket = &s->sockets[s->socket_count];
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);

	if (s->socket_count == DNS_SERVE_SOCKETS)
		return cordon_fail(err, CORDON_ELIMIT, 0, "too many sockets to serve names by");
	if (getsockname(fd, (struct sockaddr *)&own, &size) < 0 || cordon_fd_nonblock(fd, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not serve names");
	if (own.ss_family != AF_INET && own.ss_family != AF_INET6)
		return cordon_fail(err, CORDON_EPEER, 0, "names are served by IP alone");
	*socket = (struct dns_serve_socket){
		.serve = s, .fd = fd, .family = own.ss_family, .listens = listens
	};
	socket->watch = cordon_loop_watch(s->loop, fd, CORDON_LOOP_READ, fn, socket, err);
	if (socket->watch == NULL)
		return -1;
	s->socket_count++;
	return 0;
}

union packet_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* Turns what came with a query into what makes its answer leave from the address that was asked: ip(7),
 * IP_PKTINFO; ipv6(7). Without it the kernel would choose one, and who asked would not take the answer. Returns
 * 0, or -1 when it did not come along. */
static int
answer_from_asked(struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		struct in_pktinfo in;
		struct in6_pktinfo in6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
			c->cmsg_len == CMSG_LEN(sizeof(in))) {
			memcpy(&in, CMSG_DATA(c), sizeof(in));
			in = (struct in_pktinfo){ .ipi_spec_dst = in.ipi_addr };
			memcpy(CMSG_DATA(c), &in, sizeof(in));
			h->msg_control = c;
			h->msg_controllen = CMSG_SPACE(sizeof(in));
			return 0;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
			c->cmsg_len == CMSG_LEN(sizeof(in6))) {
			memcpy(&in6, CMSG_DATA(c), sizeof(in6));
			/* A link-local address needs its interface. */
			if (!IN6_IS_ADDR_LINKLOCAL(&in6.ipi6_addr))
				in6.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(c), &in6, sizeof(in6));
			h->msg_control = c;
			h->msg_controllen = CMSG_SPACE(sizeof(in6));
			return 0;
		}
	}
	return -1;
}

/* One datagram. Returns 0 when there are no more. */
static int
serve_one(struct dns_serve_socket *socket)
{
	struct dns_serve *s = socket->serve;
	uint8_t query[DNS_QUERY_MAX + 1], out[DNS_ANSWER_MAX];
	union packet_control control = { 0 };
	struct sockaddr_storage from = { 0 };
	struct iovec part = { query, sizeof(query) };
	struct msghdr h = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	const ssize_t got = recvmsg(socket->fd, &h, 0);

	if (got < 0)
		return errno == EINTR || errno == ECONNREFUSED;
	/* What is longer than the buffer is longer than a query, and gets silence. */
	if ((h.msg_flags & MSG_CTRUNC) != 0 || answer_from_asked(&h) < 0)
		return 1;
	part = (struct iovec){ out,
		dns_serve_message(s->names, &s->policy, query, (size_t)got, 1, out, sizeof(out)) };
	h.msg_flags = 0;
	if (part.iov_len > 0) /* an answer that finds no room is lost, as datagrams are */
		(void)sendmsg(socket->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	return 1;
}

static void
asked(void *context, unsigned events)
{
	int more = 1;

	(void)events;
	for (unsigned i = 0; i < DATAGRAMS && more; i++)
		more = serve_one(context);
}

int
dns_serve_udp(struct dns_serve *s, int fd, struct cordon_error *err)
{
	const int on = 1;
	struct dns_serve_socket *socket = &s->sockets[s->socket_count];

	if (dns_serve_add(s, fd, 0, asked, err) < 0)
		return -1;
	if ((socket->family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on))
				       : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
						 sizeof(on))) < 0) {
		const int sys = errno;

		cordon_watch_remove(socket->watch);
		s->socket_count--;
		return cordon_fail(err, CORDON_ESYS, sys, "could not learn who was asked");
	}
	return 0;
}
