/* What DNS messages are made of (RFC 1035, 6891), and the one reader of names in them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "hostname.h"

#define DNS_HEADER     12u
#define DNS_NAME_MAX   255u /* bytes on the wire, root included: RFC 1035 2.3.4 */
#define DNS_UDP_MIN    512u /* what every requestor takes: RFC 1035 2.3.4 */
#define DNS_CLASS_IN   1u
#define DNS_TYPE_A     1u
#define DNS_TYPE_CNAME 5u
#define DNS_TYPE_AAAA  28u
#define DNS_TYPE_OPT   41u
#define DNS_TYPE_ANY   255u

/* The header's second word. */
#define DNS_QR     0x8000u
#define DNS_OPCODE 0x7800u
#define DNS_AA     0x0400u
#define DNS_TC     0x0200u
#define DNS_RD     0x0100u
#define DNS_RA     0x0080u
#define DNS_Z      0x0040u
#define DNS_AD     0x0020u
#define DNS_CD     0x0010u
#define DNS_RCODE  0x000fu

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16 /* its upper bits are in the OPT record */
};

struct dns_header {
	uint16_t id, bits;
	uint16_t questions, answers, authorities, additionals;
};

/* 0, or -1 when there is no whole header. */
int dns_header_read(const uint8_t *message, size_t size, struct dns_header *ret) CORDON_CHECKED;

struct dns_name {
	char text[HOSTNAME_ROOM]; /* lower-cased, dots between labels; empty unless host */
	int host; /* a host name; else the root, other bytes in labels, or like an address */
};

enum dns_pointers { DNS_POINTERS_REFUSED, DNS_POINTERS_BACKWARDS };

/* Reads the name at *at of a message, and moves *at behind it. A compression pointer leads behind the
 * header and before the labels that it follows, so that no name costs more than its 255 bytes and 16
 * pointers. Returns 0 or -1; *at stays then. */
int dns_name_read(const uint8_t *message, size_t size, size_t *at, enum dns_pointers pointers,
	struct dns_name *ret) CORDON_CHECKED;
