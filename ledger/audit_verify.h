/* cordon ledger verify. */
#pragma once

#include <stdint.h>

#include <cordon/error.h>
#include <cordon/sign.h>

#define EXIT_DAMAGED 1

/* witness: a file that checkpoints were copied to, or NULL. Returns the exit status, or -1 with *err set. */
int audit_verify(int directory, const uint8_t key[CORDON_SIGN_PUBLIC], const char *witness,
	int json, struct cordon_error *err) CORDON_CHECKED;
