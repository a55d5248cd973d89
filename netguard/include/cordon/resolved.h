/* What a name leads to, judged: the whole of it, or nothing. */
#pragma once

#include <stdint.h>

#include <cordon/address.h>
#include <cordon/dial_proto.h>
#include <cordon/error.h>

/* How long an answer is believed. Less than the first would let a server answer each connection anew; longer than the
 * last would keep what has moved. */
#define RESOLVED_TTL_MIN_S 60u
#define RESOLVED_TTL_MAX_S 3600u

struct resolved {
	/* CORDON_OK: there are addresses. Else .reason says why not:
	 *   net.private_address   one of the addresses, or a name on the way, is forbidden
	 *   net.no_such_name      there is no such name
	 *   net.no_address        the name is there, and has no address
	 *   net.dns_failed        the resolvers say that they cannot or will not
	 *   net.dns_timeout       they do not answer
	 *   net.dns_unreachable   they cannot be reached
	 *   net.dns_truncated     the answer is cut, by TCP too
	 *   net.dns_lie           what came is no answer: malformed, to another question, in a circle ... */
	struct cordon_error error;
	struct cordon_address addresses
		[CORDON_DIAL_ADDRESSES]; /* in the order of the answers; of both families some */
	unsigned count;
	uint32_t ttl_s; /* between the bounds */
};
