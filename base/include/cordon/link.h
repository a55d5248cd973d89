/* A link: one SOCK_SEQPACKET socket between two of our processes, one message per packet, with
 * descriptors. A packet is u16 message number, u16 flags, then the body; a body that does not fit a
 * packet travels in a sealed memfd instead, which the receiver copies before it looks at it.
 * See unix(7), cmsg(3), memfd_create(2). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define CORDON_LINK_FDS  8 /* most descriptors with one message */
#define CORDON_LINK_BODY (4u << 20) /* longest body, bytes */

struct cordon_message {
	uint16_t number;
	uint8_t *body; /* owned by the receiver; see cordon_message_finish */
	size_t size;
	int fds[CORDON_LINK_FDS]; /* owned; unused ones are -1 */
	unsigned fd_count;
};

/* Makes a connected pair, both ends close-on-exec. Returns 0, or -1 with *err set. */
int cordon_link_pair(int ret_ends[2], struct cordon_error *err) CORDON_CHECKED;

/* Sends one message; fds stay the caller's. Blocks while the peer's queue is full unless the socket
 * is non-blocking (then CORDON_ESYS with sys EAGAIN). CORDON_EPEER when the peer is gone,
 * CORDON_ELIMIT for a body or a count of descriptors beyond the bounds. Never raises SIGPIPE. */
int cordon_link_send(int link, uint16_t number, const void *body, size_t size, const int *fds,
	unsigned fd_count, struct cordon_error *err) CORDON_CHECKED;

/* Receives one message into *ret. Returns 1; 0 when the peer has closed; -1 with *err set:
 *   CORDON_ESYS with sys EAGAIN   nothing to read on a non-blocking socket, or no memory to read
 *                                 it with: nothing was taken
 *   CORDON_ESYS with sys ENOMEM   no memory for it; the message is lost
 *   CORDON_EPEER                  truncated, malformed or too long; received descriptors are closed
 * What the peer sent before it closed comes first. Descriptors arrive close-on-exec. */
int cordon_link_receive(
	int link, struct cordon_message *ret, struct cordon_error *err) CORDON_CHECKED;

/* Overwrites and frees the body, and closes descriptors that were not taken. m may be all zero or finished. */
void cordon_message_finish(struct cordon_message *m);
