/* DNS queries as the programs inside a run send them, read strictly. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "dns.h"

/* A query is a header, one question and one OPT; what is longer carries something else. */
#define DNS_QUERY_MAX 4096u

/* How a query is to be answered. */
enum dns_query_verdict {
	DNS_QUERY_FINE,
	/* Not at all: it is no query, has no whole header to answer to, or is longer than DNS_QUERY_MAX. Over
	 * TCP the connection is closed. */
	DNS_QUERY_SILENCE,
	DNS_QUERY_FORMERR, /* RFC 1035 4.1.1; several OPT records, RFC 6891 6.1.1; several questions, RFC 9619 */
	DNS_QUERY_NOTIMP, /* another opcode, RFC 1035 4.1.1, or a type that is an operation: AXFR and the like */
	DNS_QUERY_REFUSED, /* another class than IN */
	DNS_QUERY_BADVERS, /* a version of EDNS that is not 0: RFC 6891 6.1.3 */
	DNS_QUERY_VERDICTS
};

struct dns_query {
	uint16_t id;
	uint16_t bits; /* the header's, as they came */
	uint16_t type;
	struct dns_name name;
	/* The question as it came, in its own letters; the answer repeats it. Size 0: it could not be read. */
	uint8_t question[DNS_NAME_MAX + 4];
	size_t question_size;
	int edns; /* it has an OPT record */
	int dnssec_ok; /* RFC 3225: repeated in the answer */
	uint16_t udp_size; /* what its sender takes in a datagram: DNS_UDP_MIN or more */
};

/* Reads one message. *ret is written in any case; for SILENCE nothing in it means anything, for FORMERR and NOTIMP
 * id and bits do, else all. */
enum dns_query_verdict dns_query_read(
	const uint8_t *message, size_t size, struct dns_query *ret) CORDON_CHECKED;

/* The name of a verdict, for the record: "dns.formerr". */
const char *dns_query_verdict_name(enum dns_query_verdict verdict);

enum dns_stream { DNS_STREAM_MORE, DNS_STREAM_ONE, DNS_STREAM_REFUSED };

/* The first message of what a TCP connection sent (a length of two bytes each, RFC 1035 4.2.2). *ret_message
 * borrows from data; with ONE so many bytes are to be dropped from data as the message has, and two. REFUSED: the
 * length is one that no query has, and the connection is to be closed. */
enum dns_stream dns_stream_next(const uint8_t *data, size_t size, const uint8_t **ret_message,
	size_t *ret_size) CORDON_CHECKED;
