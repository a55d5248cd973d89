/* Base64 (RFC 4648, 4) with padding, into the caller's memory: hashes, keys and signatures. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>

#define BASE64_SIZE(size) (((size) + 2) / 3 * 4) /* characters of size bytes */

/* out has room for BASE64_SIZE(size) + 1 and is ended by a NUL. */
void ledger_base64_put(const void *data, size_t size, char *out);
/* Exactly size bytes from BASE64_SIZE(size) characters, in their one spelling: no spaces, and no bits that
 * mean nothing. Returns 0 or -1. */
int ledger_base64_get(const char *text, void *out, size_t size) CORDON_CHECKED;
