/* How a process of ours locks itself before it meets a stranger's bytes: once, for good.
 *
 * Which calls it keeps is what its code lists: each file says so in a comment "calls: NAME…", and
 * cmake/CollectCalls.cmake makes a list of numbers from the comments of all files that are linked. What
 * stands there behind "; at start:" is done before, and is not kept. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

struct cordon_selfjail {
	const uint32_t *calls; /* of the native architecture; all others kill the process */
	size_t call_count;
	uint64_t data_bytes; /* of memory for data, RLIMIT_DATA */
	uint64_t files; /* open descriptors, as far as the hard limit lets */
	/* A directory whose files it may still open, make and remove, which needs Landlock; NULL: none. */
	const int *below;
	/* May go on connecting by TCP and UDP, if socket and connect are among the calls: sockets of the
	 * internet are made and no others. */
	int connects;
};

enum cordon_otherwise { CORDON_OTHERWISE_KILL, CORDON_OTHERWISE_ENOSYS };

/* The filter alone: calls of the native architecture that are listed are let through, other native ones are
 * as otherwise says, and those of other architectures kill. Needs no_new_privs. Returns 0, or -1 with
 * errno. */
int cordon_selfjail_calls(
	const uint32_t *calls, size_t count, enum cordon_otherwise otherwise) CORDON_CHECKED;

/* From here on: no capabilities, no new privileges, no core, not dumpable, nothing opened (but below),
 * reached, executed or cloned. Landlock is a second lock where the kernel has it, and with below the one
 * that counts. With sanitizers and counters of coverage, whose own calls are not ours to list, only
 * privileges and core are given up. Returns 0, or -1 with *err set: then carry on with nothing. See
 * seccomp(2), landlock(7). */
int cordon_selfjail_enter(
	const struct cordon_selfjail *jail, struct cordon_error *err) CORDON_CHECKED;
