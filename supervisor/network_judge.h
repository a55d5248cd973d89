/* What a profile says of one destination. MUSTs:
 *
 * 1. Pure: the same policy, destination and addresses of this host give the same verdict. Nothing is looked up.
 * 2. No by default: what nothing lists is refused.
 * 3. "refuse" wins over all else, also over a private exception by the address that it leads to.
 * 4. Nothing but its own private exception opens an address that is not public, or "localhost"; a listed name that
 *    resolves to one is refused when it has been resolved (network_refuses_address).
 * 5. Every entry of "allow", and the default "public", is a grant; where several fit, the laxest counts: opaque, then
 *    HTTP, then TLS, with ech where one of them has it. So taking grants away never opens anything, which is
 *    what layers rest on (profiles/layers_network.c).
 *    A private exception stands before all of them: at its name and port nothing else is meant.
 * 6. "*.name" is all names strictly below, and no address.
 *
 * Tests: tests/unit/test_network_judge.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/approvals.h>
#include <cordon/host.h>
#include <cordon/network.h>

/* The network of a profile with its hosts read. Opaque. */
struct network_policy;

/* network is borrowed, and must outlive the policy. Returns NULL with *err set: no memory, or a host that netguard does
 * not read (which network_read_host has not seen, then). */
struct network_policy *network_policy_create(
	const struct cordon_network *network, struct cordon_error *err) CORDON_CHECKED;
void network_policy_destroy(struct network_policy *policy);

/* What decided. */
enum network_list {
	NETWORK_BY_DEFAULT,
	NETWORK_BY_KIND, /* the kind of the address, or "localhost" */
	NETWORK_BY_ALLOW,
	NETWORK_BY_REFUSE,
	NETWORK_BY_PRIVATE
};

struct network_verdict {
	enum cordon_decision verdict;
	const char *reason; /* stable code (docs/reasons.md), "" for what is allowed */
	enum network_list list;
	size_t entry; /* index in the list of the profile that list names */
	const char *why; /* that entry's, or NULL; the profile's */
	/* Of what is allowed, or may be: what is spoken, and whether TLS may hide its name. */
	enum cordon_network_as as;
	int ech;
	/* Of a private exception: the one address to dial, at the port that was asked for; else NULL. */
	const struct cordon_address *dial;
};

/* local: addresses of this host's interfaces, as for cordon_address_judge. */
struct network_verdict network_judge(const struct network_policy *policy,
	const struct cordon_endpoint *to, const struct cordon_address *local, size_t local_count);

/* For an address that an allowed name has resolved to: true when it must not be dialed at this port, because
 * "refuse" lists it, or because it is not public. *ret_reason: the code. */
int network_refuses_address(const struct network_policy *policy,
	const struct cordon_address *address, uint16_t port, const struct cordon_address *local,
	size_t local_count, const char **ret_reason);
