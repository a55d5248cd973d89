/* c-ares' door. Of c-ares we want what is tiresome and no judgement: ids from a good source, queries with EDNS, framing
 * by TCP, and that an answer has the id and the question of a query. What an answer says is read by dns_upstream.c
 * from its bytes; which server is asked, how often and by what, is decided in resolver.c.
 *
 * So each channel has one server at a time, tries it once, follows no truncation, and passes on all that is an answer,
 * whatever its rcode. Its socket is the one that it was given: our asocket gives it once, and there is no second one,
 * so that a query is never carried on in a way that nobody looked at. Two channels, since c-ares knows UDP or TCP for a
 * channel alone; and a pair of them for each name that is being looked up, so that each has sockets, and so
 * ports, of its own (RFC 5452, 9.2).
 *
 * c-ares reads files only when a channel is made (ares_init_options): resolv.conf and the like not at all, because every
 * option that they could say is given, and /dev/urandom for its ids.
 *
 * calls: recvfrom sendmsg close clock_gettime gettimeofday; at start: openat read newfstatat fstat */
#include "resolve.h"

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "dns_answer.h"
#include "resolve_parts.h"

/* c-ares' own clock never comes first. */
#define NEVER_MS 3600000

struct ask {
	struct cordon_loop *loop;
	ask_fn *done;
	void *context;
	ares_channel channels[2]; /* by UDP, by TCP */
	int by_tcp; /* which one is in use */
	struct resolver_server server;
	int given; /* what asocket has to give; -1: nothing any more */
	int fd; /* what c-ares has */
	struct cordon_watch *watch;
	struct dns_asked asked;
	struct ask_question questions[ASK_TYPES];
	unsigned packets, answers; /* by UDP */
};

static int
is_pending(const struct ask *a)
{
	return a->questions[0].pending || a->questions[1].pending;
}

static void
forget_socket(struct ask *a)
{
	cordon_watch_remove(a->watch);
	a->watch = NULL;
	cordon_fd_close_p(&a->fd);
}

static ares_socket_t
give_socket(int family, int type, int protocol, void *context)
{
	struct ask *a = context;

	(void)family;
	(void)protocol;
	if (a->given < 0 || a->fd >= 0 || (type == SOCK_STREAM) != a->by_tcp) {
		errno = EMFILE;
		return -1;
	}
	a->fd = cordon_fd_take(&a->given);
	return a->fd;
}

static int
close_socket(ares_socket_t fd, void *context)
{
	struct ask *a = context;

	if (fd == a->fd)
		forget_socket(a);
	return 0;
}

/* It is connected already. */
static int
connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t size, void *context)
{
	(void)fd;
	(void)to;
	(void)size;
	(void)context;
	return 0;
}

static void
write_server(const struct resolver_server *server, struct sockaddr *ret, ares_socklen_t *ret_size)
{
	const struct cordon_address *address = &server->address;

	if (address->family == 4 && *ret_size >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(server->port) };

		memcpy(&in.sin_addr, address->bytes, sizeof(in.sin_addr));
		memcpy(ret, &in, sizeof(in));
		*ret_size = sizeof(in);
	} else if (address->family == 6 && *ret_size >= sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
			.sin6_port = htons(server->port) };

		memcpy(&in6.sin6_addr, address->bytes, sizeof(in6.sin6_addr));
		memcpy(ret, &in6, sizeof(in6));
		*ret_size = sizeof(in6);
	}
}

/* The dialer's pair has no addresses, and brings packets of the connected server alone, so they are from there. */
static ares_ssize_t
receive(ares_socket_t fd, void *data, size_t size, int flags, struct sockaddr *from,
	ares_socklen_t *from_size, void *context)
{
	struct ask *a = context;
	const ssize_t got = recv(fd, data, size, flags);

	if (from != NULL && from_size != NULL)
		write_server(&a->server, from, from_size);
	a->packets += got > 0 && !a->by_tcp;
	/* The pair's end. c-ares would take it for an empty datagram, and look for the next one for ever. */
	if (got == 0 && !a->by_tcp) {
		errno = ECONNREFUSED;
		return -1;
	}
	return got;
}

static ares_ssize_t
send_parts(ares_socket_t fd, const struct iovec *parts, int count, void *context)
{
	struct msghdr h = { .msg_iov = (struct iovec *)(uintptr_t)parts,
		.msg_iovlen = (size_t)count };

	(void)context;
	return sendmsg(fd, &h, MSG_NOSIGNAL);
}

static const struct ares_socket_functions functions = { give_socket, close_socket, connect_socket,
	receive, send_parts };

static void
ready(void *context, unsigned events)
{
	struct ask *a = context;
	const int fd = a->fd;

	ares_process_fd(a->channels[a->by_tcp],
		(events & CORDON_LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
		(events & CORDON_LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	/* Only now that c-ares is left: what follows may begin anew. */
	if (!is_pending(a))
		a->done(a->context);
}

/* c-ares says what it waits for. Where it cannot be watched, nothing comes, and the try ends by its time. */
static void
watch_socket(void *context, ares_socket_t fd, int reads, int writes)
{
	struct ask *a = context;
	const unsigned events = (reads ? CORDON_LOOP_READ : 0) | (writes ? CORDON_LOOP_WRITE : 0);
	struct cordon_error ignored;

	if (fd != a->fd)
		return;
	if (events == 0) {
		cordon_watch_remove(a->watch);
		a->watch = NULL;
	} else if (a->watch == NULL) {
		a->watch = cordon_loop_watch(a->loop, fd, events, ready, a, &ignored);
	} else {
		cordon_watch_set(a->watch, events);
	}
}

static void
answered(void *context, int status, int timeouts, unsigned char *message, int size)
{
	struct ask_question *q = context;
	struct ask *a = q->ask;
	struct dns_asked asked = a->asked;

	(void)timeouts;
	q->pending = 0;
	if (message == NULL || size <= 0) {
		q->result = status == ARES_ECANCELLED || status == ARES_ETIMEOUT ? ASK_SILENT
										 : ASK_BROKEN;
		return;
	}
	a->answers++;
	asked.type = q->type == 0 ? DNS_TYPE_A : DNS_TYPE_AAAA;
	q->verdict = dns_upstream_judge(&asked, message, (size_t)size, &q->answer);
	q->result = ASK_ANSWERED;
}

/* Nothing is left for a file or the environment to say. */
static int
init_channel(struct ask *a, int by_tcp)
{
	struct in_addr nobody = { htonl(INADDR_LOOPBACK) };
	char lookups[] = "b";
	struct ares_options options = {
		.flags = (by_tcp ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC) | ARES_FLAG_NOSEARCH |
			 ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS,
		.timeout = NEVER_MS,
		.tries = 1,
		.ndots = 0,
		.servers = &nobody,
		.nservers = 1,
		.lookups = lookups,
		.sock_state_cb = watch_socket,
		.sock_state_cb_data = a,
		.ednspsz = DNS_ANSWER_UDP,
	};
	const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
			 ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
			 ARES_OPT_SORTLIST | ARES_OPT_SOCK_STATE_CB | ARES_OPT_EDNSPSZ |
			 ARES_OPT_NOROTATE;

	if (ares_init_options(&a->channels[by_tcp], &options, mask) != ARES_SUCCESS) {
		a->channels[by_tcp] = NULL;
		return -1;
	}
	ares_set_socket_functions(a->channels[by_tcp], &functions, a);
	return 0;
}

struct ask *
ask_create(struct cordon_loop *loop, ask_fn *done, void *context, struct cordon_error *err)
{
	struct ask *a = cordon_array(1, sizeof(*a));

	if (a == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a resolver");
		return NULL;
	}
	*a = (struct ask){ .loop = loop, .done = done, .context = context, .given = -1, .fd = -1 };
	for (unsigned i = 0; i < ASK_TYPES; i++)
		a->questions[i] = (struct ask_question){ .ask = a, .type = i };
	if (init_channel(a, 0) < 0 || init_channel(a, 1) < 0) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a resolver");
		ask_destroy(a);
		return NULL;
	}
	return a;
}

void
ask_destroy(struct ask *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (a->channels[i] != NULL)
			ares_destroy(a->channels[i]);
	cordon_fd_close_p(&a->given);
	forget_socket(a);
	free(a);
}

/* The one server of the channel, for which there is a socket. */
static int
set_server(struct ask *a)
{
	const struct cordon_address *address = &a->server.address;
	struct ares_addr_port_node node = { .family = address->family == 4 ? AF_INET : AF_INET6,
		.udp_port = a->server.port,
		.tcp_port = a->server.port };

	if (address->family == 4)
		memcpy(&node.addr.addr4, address->bytes, sizeof(node.addr.addr4));
	else
		memcpy(&node.addr.addr6, address->bytes, sizeof(node.addr.addr6));
	return ares_set_servers_ports(a->channels[a->by_tcp], &node) == ARES_SUCCESS ? 0 : -1;
}

int
ask_begin(struct ask *a, int fd, int by_tcp, const struct resolver_server *server,
	const struct cordon_host *name, unsigned types)
{
	a->by_tcp = by_tcp;
	a->server = *server;
	a->packets = a->answers = 0;
	cordon_fd_close_p(&a->given);
	a->given = fd;
	for (unsigned i = 0; i < ASK_TYPES; i++)
		if ((types & 1u << i) != 0)
			a->questions[i].result = ASK_BROKEN;
	if (is_pending(a) || a->fd >= 0 || set_server(a) < 0 ||
		hostname_take((const uint8_t *)name->text, strlen(name->text), a->asked.name) < 0) {
		cordon_fd_close_p(&a->given);
		return -1;
	}
	for (unsigned i = 0; i < ASK_TYPES; i++)
		if ((types & 1u << i) != 0)
			a->questions[i].pending = 1;
	for (unsigned i = 0; i < ASK_TYPES; i++)
		if ((types & 1u << i) != 0)
			ares_query(a->channels[by_tcp], a->asked.name, DNS_CLASS_IN,
				i == 0 ? DNS_TYPE_A : DNS_TYPE_AAAA, answered, &a->questions[i]);
	cordon_fd_close_p(&a->given); /* nobody wanted it */
	return is_pending(a) ? 0 : -1;
}

void
ask_give_up(struct ask *a)
{
	ares_cancel(a->channels[a->by_tcp]);
	forget_socket(a);
}

const struct ask_question *
ask_result(const struct ask *a, unsigned type)
{
	return &a->questions[type];
}

int
ask_was_lied_to(const struct ask *a)
{
	return a->packets > a->answers;
}
