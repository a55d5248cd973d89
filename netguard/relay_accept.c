/* What comes to the listeners of a run, and where it wanted to go. MUSTs:
 *
 * 1. The destination is what the kernel remembers of the connection. One that was not redirected, or leads to loopback,
 *    goes nowhere.
 * 2. Descriptors are counted before they are taken: the monitor's and the dialer's messages bring some, and the link
 *    would be lost with one that cannot be had. Of what is left a run has at most four fifths, so that a second one
 *    finds some.
 * 3. Where nothing can be accepted, nobody spins: the listeners rest for a moment.
 *
 * calls: accept4 getsockopt setsockopt close */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <cordon/fd.h>

#include "relay_parts.h"

#define PAUSE_MS    100u
#define RUN_FILES   (CORDON_GUARD_SOCKETS + DNS_SERVE_CONNECTIONS)
#define OWN_FILES   (64u + 2 * PIPES_MAX)
#define COMING_RUNS 64u /* whose descriptors are set aside */

/* For the runs there are and some that may come. */
static uint64_t
for_runs(const struct relay *r)
{
	const uint64_t aside =
		COMING_RUNS * RUN_FILES < r->files / 4 ? COMING_RUNS * RUN_FILES : r->files / 4;
	const uint64_t least = (uint64_t)RUN_FILES * (r->run_count + 2);

	return aside > least ? aside : least;
}

/* Whether one more connection has its two descriptors. */
static int
has_room(const struct run *run)
{
	const struct relay *r = run->relay;
	const uint64_t used = OWN_FILES + for_runs(r) + 2 * (uint64_t)r->tunnel_count;

	return used + 2 <= r->files && run->tunnel_count < 4 * ((r->files - used) / 2);
}

static void
set_listeners(struct run *run, unsigned events)
{
	for (unsigned i = 0; i < run->listener_count; i++)
		cordon_watch_set(run->listeners[i].watch, events);
}

static void
rested(void *context)
{
	struct run *run = context;

	cordon_timer_remove(run->pause);
	run->pause = NULL;
	set_listeners(run, CORDON_LOOP_READ);
}

/* Without memory for a timer it goes on, and tries again at once. */
static void
rest(struct run *run)
{
	struct cordon_error ignored;

	if (run->pause == NULL)
		run->pause =
			cordon_loop_timer(run->relay->loop, PAUSE_MS, 0, rested, run, &ignored);
	if (run->pause != NULL)
		set_listeners(run, 0);
}

/* Returns 0, or -1: it was not redirected, or who began it has gone. */
static int
original(int fd, int family, struct cordon_address *ret_address, uint16_t *ret_port)
{
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to = { 0 };
	socklen_t size = family == AF_INET ? sizeof(to.in) : sizeof(to.in6);
	struct cordon_address a = { .family = family == AF_INET ? 4 : 6 };

	if (family == AF_INET) {
		if (getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, &to.in, &size) < 0)
			return -1;
		memcpy(a.bytes, &to.in.sin_addr, 4);
		*ret_port = ntohs(to.in.sin_port);
	} else {
		if (getsockopt(fd, SOL_IPV6, IP6T_SO_ORIGINAL_DST, &to.in6, &size) < 0)
			return -1;
		memcpy(a.bytes, &to.in6.sin6_addr, 16);
		*ret_port = ntohs(to.in6.sin6_port);
	}
	*ret_address = cordon_address_unmapped(&a);
	return *ret_port == 0 ? -1 : 0;
}

static int
is_own(const struct cordon_address *a)
{
	static const uint8_t none[15] = { 0 };

	return a->family == 4 ? a->bytes[0] == 127 || a->bytes[0] == 0
			      : memcmp(a->bytes, none, sizeof(none)) == 0 && a->bytes[15] <= 1;
}

/* Where it is known what may become of it; else it waits. */
static void
go_on(struct destination *d, struct tunnel *t)
{
	if (d->state == DESTINATION_ALLOWED)
		tunnel_allowed(t);
	else if (d->state == DESTINATION_REFUSED)
		tunnel_refused(t, d->refused);
}

void
accept_go_on(struct destination *d)
{
	struct tunnel *t;

	while ((t = TAILQ_FIRST(&d->waiting)) != NULL)
		go_on(d, t);
}

/* A connection that has come from the run. */
static void
begin(struct run *run, int *fd, int family)
{
	struct cordon_address address;
	struct destination *d;
	struct cordon_host host;
	struct cordon_error err;
	struct tunnel *t;
	const char *why;
	uint16_t port;
	int named;

	if (original(*fd, family, &address, &port) < 0 || is_own(&address))
		return;
	named = names_whose(run->names, &address, &host, &err) == 0;
	d = destinations_find(&run->destinations, &address, port, named);
	why = run_admit(run);
	if (why != NULL && d != NULL)
		say_refused(run, d, why);
	if (why != NULL)
		return;
	if (d == NULL) {
		d = destinations_add(&run->destinations, &address, port, named);
		if (d == NULL)
			return;
		say_ask(run, d);
	} else if (d->state != DESTINATION_ASKED && d->fresh_until_ms != UINT64_MAX &&
		   cordon_now_ms() >= d->fresh_until_ms) {
		d->state = DESTINATION_ASKED;
		say_ask(run, d);
	}
	t = tunnel_begin(run, d, *fd);
	if (t == NULL) {
		say_refused(run, d, "limit.memory");
		return;
	}
	(void)cordon_fd_take(fd);
	go_on(d, t);
}

/* What accept4(2) says of one connection is not the listener's fault (accept(2), "Error handling"). */
static int
lacks(int sys)
{
	return sys == EMFILE || sys == ENFILE || sys == ENOBUFS || sys == ENOMEM;
}

/* One connection, and then others have their turn. */
static void
connected(void *context, unsigned events)
{
	struct listener *l = context;
	struct run *run = l->run;
	int fd;

	(void)events;
	if (!has_room(run)) {
		rest(run);
		return;
	}
	fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && lacks(errno))
		rest(run);
	if (fd >= 0)
		begin(run, &fd, l->family);
	tunnel_reset(&fd);
}

int
accept_listen(struct run *run, int *fd, int family, struct cordon_error *err)
{
	struct listener *l = &run->listeners[run->listener_count];
	const int on = 1;

	/* What is accepted inherits it. */
	if (setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
		cordon_fd_nonblock(*fd, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not serve connections");
	*l = (struct listener){ .run = run, .fd = *fd, .family = family };
	l->watch = cordon_loop_watch(run->relay->loop, *fd, CORDON_LOOP_READ, connected, l, err);
	if (l->watch == NULL)
		return -1;
	(void)cordon_fd_take(fd);
	run->listener_count++;
	return 0;
}

void
accept_stop(struct run *run)
{
	cordon_timer_remove(run->pause);
	run->pause = NULL;
	for (unsigned i = 0; i < run->listener_count; i++) {
		cordon_watch_remove(run->listeners[i].watch);
		cordon_fd_close_p(&run->listeners[i].fd);
	}
	run->listener_count = 0;
}
