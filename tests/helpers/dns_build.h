/* DNS messages for tests, part by part. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dns_build {
	uint8_t bytes[70000];
	size_t size;
};

void dns_build_u8(struct dns_build *b, unsigned v);
void dns_build_u16(struct dns_build *b, unsigned v);
void dns_build_u32(struct dns_build *b, uint32_t v);
void dns_build_bytes(struct dns_build *b, const void *data, size_t size);
/* Begins again: id, the header's second word, and its counts. */
void dns_build_header(struct dns_build *b, unsigned id, unsigned bits, const unsigned counts[4]);
/* Labels and the root; "" is the root. */
void dns_build_name(struct dns_build *b, const char *name);
void dns_build_pointer(struct dns_build *b, size_t to);
void dns_build_question(struct dns_build *b, const char *name, unsigned type, unsigned class);
/* A record up to its data, whose length is to come. */
void dns_build_record(struct dns_build *b, const char *name, unsigned type, uint32_t ttl);
void dns_build_a(struct dns_build *b, const char *name, uint32_t ttl, uint32_t address);
void dns_build_aaaa(struct dns_build *b, const char *name, uint32_t ttl, unsigned last);
void dns_build_cname(struct dns_build *b, const char *name, uint32_t ttl, const char *target);
void dns_build_opt(struct dns_build *b, unsigned udp_size, uint32_t flags);
