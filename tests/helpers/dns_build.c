#include "dns_build.h"

#include <stdlib.h>
#include <string.h>

void
dns_build_bytes(struct dns_build *b, const void *data, size_t size)
{
	if (size > sizeof(b->bytes) - b->size)
		abort();
	memcpy(b->bytes + b->size, data, size);
	b->size += size;
}

void
dns_build_u8(struct dns_build *b, unsigned v)
{
	const uint8_t byte = (uint8_t)v;

	dns_build_bytes(b, &byte, 1);
}

void
dns_build_u16(struct dns_build *b, unsigned v)
{
	dns_build_u8(b, v >> 8);
	dns_build_u8(b, v);
}

void
dns_build_u32(struct dns_build *b, uint32_t v)
{
	dns_build_u16(b, v >> 16);
	dns_build_u16(b, v);
}

void
dns_build_header(struct dns_build *b, unsigned id, unsigned bits, const unsigned counts[4])
{
	b->size = 0;
	dns_build_u16(b, id);
	dns_build_u16(b, bits);
	for (size_t i = 0; i < 4; i++)
		dns_build_u16(b, counts[i]);
}

void
dns_build_name(struct dns_build *b, const char *name)
{
	while (*name != '\0') {
		const size_t length = strcspn(name, ".");

		dns_build_u8(b, (unsigned)length);
		dns_build_bytes(b, name, length);
		name += length + (name[length] == '.');
	}
	dns_build_u8(b, 0);
}

void
dns_build_pointer(struct dns_build *b, size_t to)
{
	dns_build_u16(b, 0xc000u | (unsigned)to);
}

void
dns_build_question(struct dns_build *b, const char *name, unsigned type, unsigned class)
{
	dns_build_name(b, name);
	dns_build_u16(b, type);
	dns_build_u16(b, class);
}

void
dns_build_record(struct dns_build *b, const char *name, unsigned type, uint32_t ttl)
{
	dns_build_question(b, name, type, 1);
	dns_build_u32(b, ttl);
}

void
dns_build_a(struct dns_build *b, const char *name, uint32_t ttl, uint32_t address)
{
	dns_build_record(b, name, 1, ttl);
	dns_build_u16(b, 4);
	dns_build_u32(b, address);
}

void
dns_build_aaaa(struct dns_build *b, const char *name, uint32_t ttl, unsigned last)
{
	dns_build_record(b, name, 28, ttl);
	dns_build_u16(b, 16);
	dns_build_u32(b, 0x20010db8);
	dns_build_u32(b, 0);
	dns_build_u32(b, 0);
	dns_build_u32(b, last);
}

void
dns_build_cname(struct dns_build *b, const char *name, uint32_t ttl, const char *target)
{
	dns_build_record(b, name, 5, ttl);
	dns_build_u16(b, (unsigned)strlen(target) + 2);
	dns_build_name(b, target);
}

void
dns_build_opt(struct dns_build *b, unsigned udp_size, uint32_t flags)
{
	dns_build_u8(b, 0);
	dns_build_u16(b, 41);
	dns_build_u16(b, udp_size);
	dns_build_u32(b, flags);
	dns_build_u16(b, 0);
}
