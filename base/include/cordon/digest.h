/* SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), by libcrypto. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define CORDON_DIGEST_SIZE 32
#define CORDON_DIGEST_HEX  65 /* with NUL */

struct cordon_digest;

struct cordon_digest *cordon_digest_create(struct cordon_error *err) CORDON_CHECKED;
void cordon_digest_destroy(struct cordon_digest *d);
int cordon_digest_add(struct cordon_digest *d, const void *data, size_t size) CORDON_CHECKED;
/* Ends d; it may only be destroyed afterwards. */
int cordon_digest_end(struct cordon_digest *d, uint8_t out[CORDON_DIGEST_SIZE]) CORDON_CHECKED;

/* All in one. */
int cordon_digest_of(const void *data, size_t size, uint8_t out[CORDON_DIGEST_SIZE],
	struct cordon_error *err) CORDON_CHECKED;
/* HMAC-SHA256: who has not the key cannot find data by trying what it might be. */
int cordon_digest_keyed(const void *key, size_t key_size, const void *data, size_t size,
	uint8_t out[CORDON_DIGEST_SIZE]) CORDON_CHECKED;
void cordon_digest_hex(const uint8_t digest[CORDON_DIGEST_SIZE], char out[CORDON_DIGEST_HEX]);

struct cordon_digest_part {
	const void *data;
	size_t size;
};

/* SHA-256 of the parts one after the other, without allocating. Returns 0, or -1 when libcrypto fails. */
int cordon_digest_parts(const struct cordon_digest_part *parts, size_t count,
	uint8_t out[CORDON_DIGEST_SIZE]) CORDON_CHECKED;
