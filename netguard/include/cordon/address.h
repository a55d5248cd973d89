/* Addresses, and which of them a run may reach: by inclusion, so that what nobody vouches for is refused. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define CORDON_ADDRESS_TEXT 46 /* INET6_ADDRSTRLEN */

struct cordon_address {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes
		[16]; /* in network order; of an IPv4 address the first four, the others zero */
};

/* Text to address: four decimal numbers without leading zeroes, or IPv6 by RFC 4291 without brackets and
 * zone. Nothing before, behind or between. Returns 0, or -1 with CORDON_EINPUT and the reason "net.host". */
int cordon_address_parse(const void *text, size_t size, struct cordon_address *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* The one spelling of an address (RFC 5952): what is printed parses to the same address. */
void cordon_address_print(const struct cordon_address *address, char out[CORDON_ADDRESS_TEXT]);

int cordon_address_equal(const struct cordon_address *a, const struct cordon_address *b);

/* An IPv4-mapped address as the IPv4 address that the kernel dials for it, any other one as it is. */
struct cordon_address cordon_address_unmapped(const struct cordon_address *address);

struct cordon_address_class {
	const char *name; /* "public", "loopback", …; stable */
	const char *source; /* "RFC 1122"; of few: in other words */
	int allow; /* of "public" alone */
};

/* What an address is. local: addresses of this host's interfaces, which are refused whatever else they
 * are; may be NULL when local_count is 0. Mapped addresses are judged as what they map to. Pure, and needs
 * no more than a walk over two short tables. */
struct cordon_address_class cordon_address_judge(const struct cordon_address *address,
	const struct cordon_address *local, size_t local_count);
