/* The addresses of this host's interfaces, as the kernel has them now. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/error.h>

#define INTERFACES_ADDRESSES 1024u /* a host with more is one whose addresses we do not know */

struct interfaces {
	int netlink, changes; /* changes: hears of each address that comes or goes */
	int known; /* all that are there, until one does */
	uint32_t sequence;
	struct cordon_address own[INTERFACES_ADDRESSES];
	size_t count;
};

/* Opens the socket, of this network namespace. Returns 0, or -1 with *err set. */
int interfaces_open(struct interfaces *i, struct cordon_error *err) CORDON_CHECKED;
void interfaces_close(struct interfaces *i);
/* Brings own and count up to date: what can be reached at this moment is in them. Returns 0, or -1 with errno set: then none is
 * known. */
int interfaces_read(struct interfaces *i) CORDON_CHECKED;
