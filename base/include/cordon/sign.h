/* Signatures with ed25519 (RFC 8032, 5.1), by libcrypto. A key is its 32 byte seed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define CORDON_SIGN_SEED      32
#define CORDON_SIGN_PUBLIC    32
#define CORDON_SIGN_SIGNATURE 64

/* A fresh secret seed from getrandom(2); the caller wipes it. Returns 0, or -1 with CORDON_ESYS. */
int cordon_sign_make_seed(uint8_t out[CORDON_SIGN_SEED], struct cordon_error *err) CORDON_CHECKED;
/* The public key of a seed. Returns 0, or -1 with CORDON_ENOSUPPORT. */
int cordon_sign_public(const uint8_t seed[CORDON_SIGN_SEED], uint8_t out[CORDON_SIGN_PUBLIC],
	struct cordon_error *err) CORDON_CHECKED;
/* Signs size bytes. Returns 0, or -1 with CORDON_ENOSUPPORT. */
int cordon_sign(const uint8_t seed[CORDON_SIGN_SEED], const void *data, size_t size,
	uint8_t out[CORDON_SIGN_SIGNATURE], struct cordon_error *err) CORDON_CHECKED;
/* Returns 1 when signature is one of data by the owner of key, else 0, also when libcrypto cannot say. */
int cordon_sign_verify(const uint8_t key[CORDON_SIGN_PUBLIC], const void *data, size_t size,
	const uint8_t signature[CORDON_SIGN_SIGNATURE]) CORDON_CHECKED;
