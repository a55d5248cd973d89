/* A keyed hash, so that a stranger who chooses names cannot choose where they collide. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein 2012). */
uint64_t siphash(const uint64_t key[2], const void *data, size_t size);
