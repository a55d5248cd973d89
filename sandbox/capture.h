/* Whatever a run sends arrives at sockets of ours. See <cordon/capture.h>, and docs/decisions/0014-capture.md. */
#pragma once

#include <cordon/capture.h>

#include "stage.h"

/* What is said to the kernel, as bytes: a child between clone and exec allocates nothing. */
struct capture;
struct capture *capture_prepare(void); /* NULL: no memory */
/* NULL is accepted. */
void capture_destroy(struct capture *capture);

/* In the set-up child, in a network namespace of its own with lo up, and with CAP_NET_ADMIN over it. The sockets
 * are the caller's. Returns how many there are (all, or those for IPv4), or -1 with *fault. */
int capture_begin(const struct capture *capture, int ret_sockets[CORDON_CAPTURE_SOCKETS],
	struct sandbox_fault *fault);

/* Closes those that are there, and sets them to -1. */
void capture_close(int sockets[CORDON_CAPTURE_SOCKETS]);

/* For capture.c: the steps. */

/* *ret_ipv6: IPv6 is there. Returns 0, or -1 with errno; what was made is in sockets, the rest is -1. */
int capture_open_sockets(int sockets[CORDON_CAPTURE_SOCKETS], int *ret_ipv6);

struct capture_batch;
/* "local default dev lo", for IPv4, or for IPv6: one message each. */
void capture_put_route4(struct capture_batch *b);
void capture_put_route6(struct capture_batch *b);
/* The table, as one transaction. */
void capture_put_rules(struct capture_batch *b);
