/* One run: its names, its destinations, and what it may have. MUSTs:
 *
 * 1. A name has an address only when the monitor lists it, and what is refused has none.
 * 2. A destination that the run was given an address for is that name; every other one is its address, also one of the
 *    pool that nobody was given (A30).
 * 3. Each destination is asked about once, and not before a connection that may begin wants to go there.
 * 4. What one run has does not grow beyond its share: connections, rate and bytes are the profile's, destinations and
 *    names have bounds, memory and descriptors have shares that leave some to the others.
 *
 * calls: none */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "hostname.h"
#include "relay_parts.h"

#define HELD_SHARE (256u << 10) /* bytes that each run may hold in any case */
#define HELD_MAX   (4u << 20) /* while those of all are below */
#define HELD_ALL   (64u << 20)

struct run *
run_find(struct relay *r, uint64_t id)
{
	struct run *run;

	TAILQ_FOREACH(run, &r->runs, entry)
	if (run->id == id && !run->ending)
		return run;
	return NULL;
}

static int
is_listed(void *context, const struct cordon_host *name)
{
	const struct run *run = context;

	return listing_has(run->listing, name->text);
}

/* What a program looked up in vain. */
static void
was_asked(void *context, enum dns_query_verdict verdict, enum dns_answer answer, const char *name)
{
	char taken[HOSTNAME_ROOM];

	if (verdict == DNS_QUERY_FINE && answer == DNS_ANSWER_NXDOMAIN &&
		hostname_take((const uint8_t *)name, strlen(name), taken) == 0 &&
		strcmp(name, taken) == 0)
		say_unlisted(context, taken);
}

static int
serve_names(struct run *run, int *udp, int *tcp, struct cordon_error *err)
{
	if (dns_serve_udp(run->dns, *udp, err) < 0)
		return -1;
	(void)cordon_fd_take(udp);
	if (dns_serve_tcp(run->dns, *tcp, err) < 0)
		return -1;
	(void)cordon_fd_take(tcp);
	return 0;
}

static int
open_all(struct run *run, const struct cordon_guard_serve *serve, int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const struct dns_serve_policy policy = {
		.listed = is_listed, .asked = was_asked, .context = run
	};

	run->listing = listing_create(serve, err);
	run->names = names_create();
	if (run->listing == NULL || run->names == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep names");
	names_limit(run->names, serve->names);
	run->dns = dns_serve_create(run->relay->loop, run->names, &policy, err);
	if (run->dns == NULL)
		return -1;
	for (unsigned i = 0; i < fd_count; i += CORDON_GUARD_SOCKETS_IPV4)
		if (accept_listen(run, &fds[i + CORDON_GUARD_TCP], i == 0 ? AF_INET : AF_INET6,
			    err) < 0 ||
			serve_names(run, &fds[i + CORDON_GUARD_DNS], &fds[i + CORDON_GUARD_DNS_TCP],
				err) < 0)
			return -1;
	return 0;
}

/* Closes everything of it. */
static void
shut(struct run *run)
{
	struct tunnel *t;

	accept_stop(run);
	dns_serve_destroy(run->dns);
	run->dns = NULL;
	while ((t = TAILQ_FIRST(&run->tunnels)) != NULL)
		tunnel_end(t);
}

int
run_begin(struct relay *r, const struct cordon_guard_serve *serve, int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	struct run *run;
	struct cordon_error why;

	if (fd_count != CORDON_GUARD_SOCKETS && fd_count != CORDON_GUARD_SOCKETS_IPV4)
		return cordon_fail(err, CORDON_EPEER, 0, "a run comes with its sockets");
	if (r->run_count == CORDON_GUARD_RUNS || run_find(r, serve->run) != NULL)
		return cordon_fail(err, CORDON_EPEER, 0, "there are too many runs, or it is there");
	run = cordon_array(1, sizeof(*run));
	if (run == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not serve a run");
	run->relay = r;
	run->id = serve->run;
	run->connections = serve->connections;
	run->rate = serve->rate;
	run->left_out = serve->bytes_out;
	run->left_in = serve->bytes_in;
	TAILQ_INIT(&run->tunnels);
	TAILQ_INIT(&run->queued);
	TAILQ_INIT(&run->asking);
	TAILQ_INIT(&run->changed);
	TAILQ_INSERT_TAIL(&r->runs, run, entry);
	r->run_count++;
	/* Its connections are refused by the kernel then, when the last of its listeners is closed. */
	if (open_all(run, serve, fds, fd_count, &why) < 0)
		shut(run);
	return 0;
}

void
run_end(struct run *run)
{
	run->ending = 1;
	shut(run);
	say_ended(run);
}

void
run_free(struct run *run)
{
	shut(run);
	say_forget(run);
	TAILQ_REMOVE(&run->relay->runs, run, entry);
	run->relay->run_count--;
	destinations_finish(&run->destinations);
	name_table_finish(&run->unlisted);
	names_destroy(run->names);
	listing_destroy(run->listing);
	free(run);
}

const char *
run_admit(struct run *run)
{
	static const char budget[] = "net.budget";
	const uint32_t rate = run->rate > UINT32_MAX ? UINT32_MAX : (uint32_t)run->rate;

	if (run->tunnel_count >= run->connections || run->left_out == 0 || run->left_in == 0 ||
		rate == 0)
		return budget;
	return cordon_rate_take(&run->begun, rate, rate, cordon_now_ms()) == 0 ? NULL : budget;
}

void
run_endpoint(const struct run *run, const struct destination *d, struct cordon_endpoint *ret)
{
	struct cordon_error ignored;

	*ret = (struct cordon_endpoint){ .port = d->port };
	if (d->named && names_whose(run->names, &d->address, &ret->host, &ignored) == 0)
		return;
	ret->host.kind = CORDON_HOST_ADDRESS;
	ret->host.address = d->address;
	cordon_address_print(&d->address, ret->host.text);
}

int
run_may_hold(const struct run *run, size_t size)
{
	const uint64_t its = run->held + size;

	return its <= HELD_SHARE || (its <= HELD_MAX && run->relay->held + size <= HELD_ALL);
}

/* The destination of a verdict, which it was asked for. */
static struct destination *
asked_for(struct run *run, uint32_t number, struct cordon_error *err)
{
	struct destination *d =
		number < run->destinations.count ? run->destinations.all[number] : NULL;

	if (d == NULL || d->state != DESTINATION_ASKED || d->to_be_asked) {
		cordon_fail(err, CORDON_EPEER, 0, "the monitor answers what it was not asked");
		return NULL;
	}
	return d;
}

static uint64_t
until(uint32_t fresh_ms)
{
	return cordon_now_ms() + fresh_ms;
}

int
run_allow(struct run *run, const struct cordon_guard_allow *allow, struct cordon_error *err)
{
	struct destination *d = asked_for(run, allow->destination, err);

	if (d == NULL)
		return -1;
	if (d->allow == NULL)
		d->allow = cordon_array(1, sizeof(*d->allow));
	if (d->allow == NULL) {
		d->state = DESTINATION_REFUSED;
		d->fresh_until_ms = 0;
		(void)snprintf(d->refused, sizeof(d->refused), "limit.memory");
	} else {
		*d->allow = *allow;
		d->state = DESTINATION_ALLOWED;
		d->fresh_until_ms = until(allow->fresh_ms);
	}
	accept_go_on(d);
	return 0;
}

int
run_refuse(struct run *run, const struct cordon_guard_refuse *refuse, struct cordon_error *err)
{
	struct destination *d = asked_for(run, refuse->destination, err);

	if (d == NULL)
		return -1;
	d->state = DESTINATION_REFUSED;
	d->fresh_until_ms = refuse->fresh_ms == 0 ? UINT64_MAX : until(refuse->fresh_ms);
	(void)snprintf(d->refused, sizeof(d->refused), "%s", refuse->reason);
	accept_go_on(d);
	return 0;
}
