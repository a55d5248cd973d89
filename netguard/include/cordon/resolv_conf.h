/* Which resolvers this host uses: resolv.conf(5), of which nothing but the addresses matters here. */
#pragma once

#include <stddef.h>

#include <cordon/address.h>

#define CORDON_RESOLV_CONF_SERVERS 3u /* MAXNS of resolv.h: others are never asked */
#define CORDON_RESOLV_CONF_MAX     65536u /* bytes of a file that is worth reading (cordon_fd_slurp) */

/* The first "nameserver" lines whose address is one without a zone. Returns how many, 0 when there is none: there is no
 * default, for nobody has named it. */
unsigned cordon_resolv_conf_servers(
	const char *text, size_t size, struct cordon_address ret[CORDON_RESOLV_CONF_SERVERS]);
