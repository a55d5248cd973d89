/* Whatever a run sends arrives at sockets of ours. See <cordon/capture.h>, and docs/decisions/0016-capture.md. */
#pragma once

#include <cordon/capture.h>

#include "stage.h"

/* In the set-up child, in a network namespace of its own with lo up, and with CAP_NET_ADMIN over it. The sockets
 * are the caller's. Returns how many there are (all, or those for IPv4), or -1 with *fault. */
int capture_begin(int ret_sockets[CORDON_CAPTURE_SOCKETS], struct sandbox_fault *fault);

/* Closes those that are there, and sets them to -1. */
void capture_close(int sockets[CORDON_CAPTURE_SOCKETS]);

/* For capture.c. *ret_ipv6: IPv6 is there. Returns 0, or -1 with errno; what was made is in sockets, the rest is -1. */
int capture_open_sockets(int sockets[CORDON_CAPTURE_SOCKETS], int *ret_ipv6);
