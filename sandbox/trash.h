/* Descriptors whose closing takes the kernel long and that nobody waits for: giving up the inode of a removed
 * placeholder takes 0.1 to 1.4 ms, and a run has some sixteen. */
#pragma once

#define TRASH_MAX 128

struct trash {
	int fds[TRASH_MAX];
	unsigned count;
};

/* Closes fd some time later, or now: when trash is NULL or full, or this process may have few descriptors. */
void trash_put(struct trash *trash, int fd);
/* Closes one. trash is not empty. */
void trash_close_one(struct trash *trash);
/* Closes all, several at the same time: most of it may be waiting for the disk. */
void trash_close_all(struct trash *trash);
