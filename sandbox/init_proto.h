/* What pid 1 of a run and its launcher say to each other, over a SOCK_SEQPACKET pair: a fixed number
 * of 64-bit little-endian words, so that pid 1 needs no allocation. The launcher believes nothing
 * but shape: a run can at worst lie about itself.
 *
 *	word 0         sender    meaning, further words
 *	INIT_MAP       pid 1     it is in its user namespace and waits for its maps
 *	INIT_SKIP      launcher  number of a cover: there is nothing to cover
 *	INIT_GO        launcher  what is to be covered is there, if there are covers; later, from
 *	                         root's launcher: maps are written
 *	INIT_CAPTURED  pid 1     -; the sockets of a plan with a network, <cordon/capture.h>
 *	INIT_READY     pid 1     it was prepared ahead, and waits for its launch (release.h)
 *	INIT_FAULT     pid 1     stage, index, errno; it exits
 *	INIT_STARTED   pid 1     notify; descriptor: the pty's master, if there is one
 *	INIT_STOPPED   pid 1     signal that stopped the payload
 *	INIT_SIGNAL    launcher  signal, for every process of the run
 *	INIT_REFUSED   pid 1     nr, errno, six arguments, count
 *	INIT_EXIT      pid 1     status, user us, system us, max RSS bytes, refusals dropped; last */
#pragma once

#include <stdint.h>

#define INIT_WORDS 10

enum init_message {
	INIT_MAP = 1,
	INIT_SKIP,
	INIT_GO,
	INIT_READY,
	INIT_FAULT,
	INIT_STARTED,
	INIT_STOPPED,
	INIT_SIGNAL,
	INIT_REFUSED,
	INIT_EXIT,
	INIT_CAPTURED,
};

#define INIT_FDS 6 /* most descriptors of one message */

/* Sends one message, with a descriptor unless fd is -1, or with several. Return 0 or -1 with errno. */
int init_send(int link, const uint64_t words[INIT_WORDS], int fd);
int init_send_fds(int link, const uint64_t words[INIT_WORDS], const int *fds, unsigned count);

/* Receives one message and at most room descriptors, by count in *ret_count (NULL when room is 0); they are the
 * caller's. Returns 1; 0 when the peer has gone; -1 with errno (EAGAIN, EPROTO for a wrong shape or too many). */
int init_receive(int link, uint64_t words[INIT_WORDS], int ret_fds[INIT_FDS], unsigned room,
	unsigned *ret_count);
