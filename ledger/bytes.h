/* Little-endian numbers at a place, for the fixed layouts of the ledger. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BYTES_NUMBER(bits)                                             \
	static inline uint##bits##_t get_le##bits(const uint8_t *at)   \
	{                                                              \
		uint##bits##_t v;                                      \
                                                                       \
		memcpy(&v, at, sizeof(v));                             \
		return le##bits##toh(v);                               \
	}                                                              \
	static inline void put_le##bits(uint8_t *at, uint##bits##_t v) \
	{                                                              \
		v = htole##bits(v);                                    \
		memcpy(at, &v, sizeof(v));                             \
	}

BYTES_NUMBER(16)
BYTES_NUMBER(32)
BYTES_NUMBER(64)
#undef BYTES_NUMBER

/* True when all size bytes are zero. memcmp(3) with the bytes one further is as fast as memory. */
static inline int
all_zero(const uint8_t *at, size_t size)
{
	return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}
