/* Hosts: the one place where text becomes a host. What is parsed here is what is judged, shown, resolved,
 * dialed and compared with what TLS and HTTP say; no other code, and no library, reads host text again.
 *
 * Errors of these functions are CORDON_EINPUT with the reason "net.host" or "net.port", unless said. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/error.h>

#define CORDON_HOST_MAX      253 /* of a name, RFC 1035 without the root's dot */
#define CORDON_ENDPOINT_TEXT (CORDON_HOST_MAX + sizeof("[]:65535"))

enum cordon_host_kind { CORDON_HOST_NAME = 1, CORDON_HOST_ADDRESS };

struct cordon_host {
	enum cordon_host_kind kind;
	struct cordon_address address; /* of an address literal; IPv4-mapped ones are IPv4 by now */
	/* The one spelling: small letters, digits, "-", "_" and "."; or an address without brackets. */
	char text[CORDON_HOST_MAX + 1];
};

struct cordon_endpoint {
	struct cordon_host host;
	uint16_t port; /* not 0 */
};

/* A name, or an address literal (IPv6 without brackets). Names: labels of letters, digits, "-" and "_", in
 * small letters; one trailing dot is dropped; what is not ASCII becomes so once, by IDNA 2008 without
 * mapping. Refused is whatever another program could read otherwise: numbers that are no dotted quad
 * (decimal, octal, hex, short), zones, percent-encoding, spaces, controls, full-width forms, labels that
 * begin or end with "-", A-labels that no U-label leads to, and what is too long. */
int cordon_host_parse(const void *text, size_t size, struct cordon_host *ret,
	struct cordon_error *err) CORDON_CHECKED;

int cordon_host_equal(const struct cordon_host *a, const struct cordon_host *b);

/* "host", "host:port", "[v6]" or "[v6]:port"; the whole text, no user. default_port: when there is none;
 * 0: there has to be one. */
int cordon_endpoint_parse(const void *text, size_t size, uint16_t default_port,
	struct cordon_endpoint *ret, struct cordon_error *err) CORDON_CHECKED;

/* "host:port" or "[v6]:port", which parses to the same endpoint. */
void cordon_endpoint_print(const struct cordon_endpoint *endpoint, char out[CORDON_ENDPOINT_TEXT]);

/* What is forbidden about a host before it is resolved and whatever a profile lists: "localhost" and names
 * below it, and literals that are not public (local: as for cordon_address_judge). Returns 0, or -1 with
 * CORDON_EPOLICY and the reason "net.private_address". A private exception of a profile comes before. */
int cordon_host_judge(const struct cordon_host *host, const struct cordon_address *local,
	size_t local_count, struct cordon_error *err) CORDON_CHECKED;
