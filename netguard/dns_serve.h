/* The resolver of a run: answers what its programs ask, from the profile and the run's names alone. Nothing here asks
 * anybody outside, so no query carries anything out, and what a name leads to is asked for at the first connection (A30). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/host.h>
#include <cordon/loop.h>

#include "dns_answer.h"
#include "dns_query.h"
#include "names.h"

#define DNS_SERVE_TTL_S       10u
#define DNS_SERVE_CONNECTIONS 16u /* of a run, at one time */
#define DNS_SERVE_IDLE_MS     10000u

struct dns_serve_policy {
	/* Whether the profile lists the name, exactly or by a pattern (<cordon/host_pattern.h>). */
	int (*listed)(void *context, const struct cordon_host *name);
	/* For the record; may be NULL. name: empty when it is no host name. */
	void (*asked)(void *context, enum dns_query_verdict verdict, enum dns_answer answer,
		const char *name);
	void *context;
};

/* The answer to one message: listed names have their address, and no records of other types; all others are NXDOMAIN;
 * REFUSED when the run has as many names as it may. Returns its size, at most room, or 0: say nothing. By UDP, what
 * does not fit what the sender takes is answered with TC. */
size_t dns_serve_message(struct names *names, const struct dns_serve_policy *policy,
	const uint8_t *message, size_t size, int by_udp, uint8_t *out, size_t room);

struct dns_serve;

/* names and what policy points to stay the caller's, and outlive it. NULL with *err set on failure. */
struct dns_serve *dns_serve_create(struct cordon_loop *loop, struct names *names,
	const struct dns_serve_policy *policy, struct cordon_error *err) CORDON_CHECKED;
/* Closes what it was given. NULL is accepted. */
void dns_serve_destroy(struct dns_serve *s);
/* A UDP socket of the run's network namespace, IPv4 or IPv6, bound to port 53 of all addresses. It is asked to say with
 * each query which address it came to, and that is the one that answers. Takes fd on success; it becomes non-blocking.
 * At most one of each family and kind. */
int dns_serve_udp(struct dns_serve *s, int fd, struct cordon_error *err) CORDON_CHECKED;
/* A listening TCP socket, likewise. */
int dns_serve_tcp(struct dns_serve *s, int fd, struct cordon_error *err) CORDON_CHECKED;
