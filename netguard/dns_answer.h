/* Our answers to the queries of a run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dns_query.h"

enum dns_answer {
	DNS_ANSWER_ADDRESS, /* one A record */
	DNS_ANSWER_NODATA, /* the name is there, this type is not */
	DNS_ANSWER_NXDOMAIN,
	DNS_ANSWER_SERVFAIL,
	DNS_ANSWER_REFUSED
};

struct dns_address {
	uint8_t bytes[4];
	uint32_t ttl_s;
};

/* Room that every answer fits. */
#define DNS_ANSWER_MAX DNS_UDP_MIN
/* What we take in a datagram, as our OPT records say. */
#define DNS_ANSWER_UDP 1232u

/* Whether a query that is fine asks for addresses that we give: A, or anything (of which RFC 8482 lets us give
 * what we have). Everything else has NODATA when its name has an address. */
int dns_query_wants_address(const struct dns_query *q);

/* The answer to a query that is fine. address is looked at for ADDRESS alone. Writes at most room bytes, and
 * returns how many. What does not fit is answered without records and with TC, so that the sender asks
 * again over TCP; 0 when not even that fits: say nothing then. For a datagram the caller gives min(q->udp_size,
 * its buffer) as room. No byte of out is read. */
size_t dns_answer_write(const struct dns_query *q, enum dns_answer answer,
	const struct dns_address *address, uint8_t *out, size_t room);
/* The same for a query with another verdict; 0 for SILENCE. */
size_t dns_answer_refuse(
	const struct dns_query *q, enum dns_query_verdict verdict, uint8_t *out, size_t room);
