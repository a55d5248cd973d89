/* The letters of host names as the wire has them. This is no second parser of hosts: nothing is decoded,
 * mapped, trimmed or completed, so that no text becomes a host that the guard's parser would not write in
 * the same letters. What a query, a hello or a request names either is, but for the case of its letters,
 * the one spelling that rules and pins have, or it is no name; agreement is equality of bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define HOSTNAME_MAX  253u /* characters, RFC 1035 2.3.4 without length bytes and root */
#define HOSTNAME_ROOM (HOSTNAME_MAX + 1)

/* Whether a label is one of a host name: 1 to 63 letters, digits, '-' and '_'. */
int hostname_label(const uint8_t *label, size_t size);
/* Lower-cases a name of labels with dots between them into out, and ends it. Refused, -1: everything
 * else, so also a dot at the end, a port, and names that look like addresses. */
int hostname_take(const uint8_t *text, size_t size, char out[HOSTNAME_ROOM]) CORDON_CHECKED;
/* Whether the last label of a lower-cased name is a number, decimal or hex: some resolvers take "1.0x7f"
 * for an address. */
int hostname_like_address(const char *name, size_t size);

static inline uint8_t
hostname_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}
