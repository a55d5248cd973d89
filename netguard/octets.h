/* A bounded reader of network-order bytes, for DNS and TLS. Each function returns 0, or -1 when too few
 * bytes are left; nothing is written and nothing taken then. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

struct octets {
	const uint8_t *at; /* borrowed */
	size_t left;
};

static inline CORDON_CHECKED int
octets_number(struct octets *o, size_t width, uint32_t *ret)
{
	uint32_t v = 0;

	if (o->left < width)
		return -1;
	for (size_t i = 0; i < width; i++)
		v = v << 8 | o->at[i];
	o->at += width;
	o->left -= width;
	*ret = v;
	return 0;
}

static inline CORDON_CHECKED int
octets_u8(struct octets *o, uint8_t *ret)
{
	uint32_t v;

	if (octets_number(o, 1, &v) < 0)
		return -1;
	*ret = (uint8_t)v;
	return 0;
}

static inline CORDON_CHECKED int
octets_u16(struct octets *o, uint16_t *ret)
{
	uint32_t v;

	if (octets_number(o, 2, &v) < 0)
		return -1;
	*ret = (uint16_t)v;
	return 0;
}

static inline CORDON_CHECKED int
octets_take(struct octets *o, size_t size, struct octets *ret)
{
	if (o->left < size)
		return -1;
	*ret = (struct octets){ o->at, size };
	o->at += size;
	o->left -= size;
	return 0;
}

/* A length of width bytes, and so many bytes. */
static inline CORDON_CHECKED int
octets_vector(struct octets *o, size_t width, struct octets *ret)
{
	struct octets ahead = *o;
	uint32_t size;

	if (octets_number(&ahead, width, &size) < 0 || octets_take(&ahead, size, ret) < 0)
		return -1;
	*o = ahead;
	return 0;
}
