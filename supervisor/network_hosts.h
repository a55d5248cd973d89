/* The reader of hosts for profiles: netguard's, which is the one (docs/decisions/0015). */
#pragma once

#include <cordon/network.h>

/* Hosts of "allow" and "refuse": a name, "*.name", an address literal. Of "private": an address with a port at
 * which something can listen, and an exact name. Refused are, besides what netguard refuses: what no private
 * exception can lead to (multicast, and the like), "localhost", and but for "refuse" public suffixes. */
int network_read_host(enum cordon_network_use use, const void *text, size_t size,
	struct cordon_network_host *ret, struct cordon_error *err) CORDON_CHECKED;
