/* What an upstream server answered, judged from its bytes. The transport (retries, TCP after TC, cookies) is
 * the resolver library's; what an answer says is read here and nowhere else. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "dns.h"

#define DNS_CHAIN_MAX     8u /* CNAME records from the name that was asked to the last one */
#define DNS_ADDRESSES_MAX 64u
#define DNS_RECORDS_MAX   256u /* of the answer section, signatures and the like included */

/* What was asked. */
struct dns_asked {
	char name[HOSTNAME_ROOM]; /* as hostname_take writes it */
	uint16_t type; /* DNS_TYPE_A or DNS_TYPE_AAAA */
	int check_id; /* 0: the transport has compared it */
	uint16_t id;
};

enum dns_upstream_verdict {
	DNS_UPSTREAM_ADDRESSES, /* at least one */
	DNS_UPSTREAM_NODATA, /* the name is there and has no such address */
	DNS_UPSTREAM_NXDOMAIN, /* the name, or where its CNAMEs lead, is not there */
	DNS_UPSTREAM_FAILED, /* the server says that it cannot or will not: ask another, or later */
	DNS_UPSTREAM_TRUNCATED, /* more would come over TCP: what is here is not looked at */
	DNS_UPSTREAM_OTHER, /* well-formed, and the answer to another question */
	DNS_UPSTREAM_MALFORMED, /* no DNS message, or bytes that belong to no part of one */
	DNS_UPSTREAM_BAD_NAME, /* the chain has a name that is no host name */
	DNS_UPSTREAM_LOOP, /* the chain comes back to a name */
	DNS_UPSTREAM_DEEP, /* the chain is longer than DNS_CHAIN_MAX */
	DNS_UPSTREAM_CONTRADICTION, /* records that cannot be true together, or that nobody asked for */
	DNS_UPSTREAM_MANY, /* more than DNS_ADDRESSES_MAX or DNS_RECORDS_MAX */
	DNS_UPSTREAM_VERDICTS
};

struct dns_upstream {
	/* Only with ADDRESSES: each once, in the order of the answer, 4 or 16 bytes as the question's type says. */
	uint8_t addresses[DNS_ADDRESSES_MAX][16];
	size_t address_count;
	/* With ADDRESSES, NODATA and NXDOMAIN: where the name leads, from its first CNAME's target to the last. */
	char chain[DNS_CHAIN_MAX][HOSTNAME_ROOM];
	size_t chain_count;
	/* Only with ADDRESSES: the least of all records that were used, seconds. */
	uint32_t ttl_s;
};

/* Judges a whole message. *ret is written in any case. Allocates nothing, and takes a time that grows with size
 * alone. */
enum dns_upstream_verdict dns_upstream_judge(const struct dns_asked *asked, const uint8_t *message,
	size_t size, struct dns_upstream *ret) CORDON_CHECKED;

/* For the record and messages: "dns.loop", and "the CNAME records lead in a circle". */
const char *dns_upstream_verdict_name(enum dns_upstream_verdict verdict);
const char *dns_upstream_verdict_text(enum dns_upstream_verdict verdict);
