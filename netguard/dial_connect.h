/* Sockets of the dialer: one connect, and the carrying of datagrams. */
#pragma once

#include <stdint.h>

#include <cordon/address.h>
#include <cordon/dial_proto.h>

struct dial_target {
	struct cordon_address address;
	uint16_t port;
	int datagram;
};

/* Begins to connect a new socket, which is non-blocking and close-on-exec. Returns it, or -1 with errno. */
int dial_connect_begin(const struct dial_target *to) CORDON_CHECKED;
/* Whether the kernel has decided about it. */
int dial_connect_decided(int fd);
/* When that is so. FINE: it is connected with `to` and nobody else. FAILED: *ret_sys is why. */
enum cordon_dial_why dial_connect_end(int fd, const struct dial_target *to, int *ret_sys);
