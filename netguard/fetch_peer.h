/* Where a connection leads. */
#pragma once

#include <cordon/dial_proto.h>
#include <cordon/url.h>

/* Returns 0, or -1: its other end is no address of the internet. */
int fetch_peer(int fd, struct cordon_address *ret_address, uint16_t *ret_port) CORDON_CHECKED;
/* Whether that is an address of the grant, and the port of it and of the URL. */
int fetch_peer_granted(int fd, const struct cordon_dial_grant *grant, const struct cordon_url *url);
