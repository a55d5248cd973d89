/* The addresses of this host's interfaces, as the kernel has them now. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/error.h>

#define INTERFACES_ADDRESSES 1024u /* a host with more is one whose addresses we do not know */

struct interfaces {
	int netlink;
	uint32_t sequence;
	struct cordon_address own[INTERFACES_ADDRESSES];
	size_t count;
};

/* Opens the socket, of this network namespace. Returns 0, or -1 with *err set. */
int interfaces_open(struct interfaces *i, struct cordon_error *err) CORDON_CHECKED;
void interfaces_close(struct interfaces *i);
/* Reads afresh into own and count those of a family: 4, 6, or 0 for both. Returns 0, or -1 with errno set: then none is known. */
int interfaces_read(struct interfaces *i, uint8_t family) CORDON_CHECKED;
