/* What a name leads to: asked of the configured resolvers, by DNS alone (no hosts file, no search list), A and AAAA, and
 * judged as a whole. Sockets come from the dialer's grants for resolvers, so that who resolves needs no socket(2) and no
 * connect(2). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/error.h>
#include <cordon/host.h>
#include <cordon/loop.h>

#include "dial.h"
#include "resolved.h"

#define RESOLVER_SERVERS 3u
#define RESOLVER_LANES   8u /* names that are asked for at one time; others wait */
#define RESOLVER_LOOKUPS 256u /* of all, the waiting ones included */

struct resolver_server {
	struct cordon_address address;
	uint16_t port;
	/* Grants of the kinds CORDON_DIAL_RESOLVER_UDP and _TCP for that port, and the place of the address in both. */
	uint64_t udp_grant, tcp_grant;
	uint8_t at;
};

struct resolver;
struct lookup;

typedef void resolver_fn(void *context, const struct resolved *resolved);

/* To be called before the process locks itself: c-ares reads /dev/urandom. Nothing is sent yet, and there are no servers.
 * timeout_ms: of one try at one server; rounds: how often each of them is tried. local: as for cordon_address_judge;
 * copied are neither these nor dial, which outlive the resolver. The dialer judges with the addresses of the moment
 * again. NULL with *err set on failure. */
struct resolver_options {
	uint32_t timeout_ms;
	unsigned rounds;
	const struct cordon_address *local;
	size_t local_count;
};
struct resolver *resolver_create(struct cordon_loop *loop, struct dial *dial,
	const struct resolver_options *options, struct cordon_error *err) CORDON_CHECKED;
/* Before dial is destroyed, and not from within a call of fn. Lookups are dropped without a call. NULL is accepted. */
void resolver_destroy(struct resolver *r);

/* For lookups that begin from now on; at most RESOLVER_SERVERS. In their order; with none every lookup fails with
 * net.dns_unreachable. Returns 0, or -1 with CORDON_ELIMIT. */
int resolver_set_servers(struct resolver *r, const struct resolver_server *servers, unsigned count,
	struct cordon_error *err) CORDON_CHECKED;

/* Begins to look a name up (not a literal). fn is called once, and not from within this. NULL with *err set: CORDON_ELIMIT,
 * "limit.lookups". */
struct lookup *resolver_begin(struct resolver *r, const struct cordon_host *name, resolver_fn *fn,
	void *context, struct cordon_error *err) CORDON_CHECKED;
/* No call of fn follows. Not after it was called. NULL is accepted. */
void resolver_cancel(struct lookup *lookup);
