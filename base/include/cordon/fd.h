/* Descriptors with one visible owner. See open(2), close(2) NOTES, close_range(2). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>

/* A local that is closed when it goes out of scope. -1 is "none". */
#define CORDON_CLOSE __attribute__((cleanup(cordon_fd_close_p)))

/* Closes *fd once when it is >= 0 and sets it to -1. errno is kept. */
void cordon_fd_close_p(int *fd);

/* Hands a descriptor over: returns *fd and leaves -1 behind. */
int cordon_fd_take(int *fd);

/* Makes descriptors 0 to 2 valid: those that are closed are opened on /dev/null, so that no later
 * open can land on a standard stream. Returns 0, or -1 with *err set. */
int cordon_fd_valid_stdio(struct cordon_error *err) CORDON_CHECKED;

/* Writes all size bytes, carrying on after EINTR and short writes. Blocks on a blocking descriptor.
 * Returns 0, or -1 with errno set (EAGAIN on a full non-blocking one). */
int cordon_fd_write_all(int fd, const void *data, size_t size) CORDON_CHECKED;

/* Reads until size bytes or end of file. Returns the count, or -1 with errno set. */
ssize_t cordon_fd_read_full(int fd, void *data, size_t size) CORDON_CHECKED;

/* Reads a whole regular file of at most limit bytes into a fresh NUL-terminated buffer, which the
 * caller frees. *ret_size excludes the NUL. fd is read from its current offset.
 * CORDON_ELIMIT when it is longer, CORDON_ESYS when reading fails. */
int cordon_fd_slurp(int fd, size_t limit, char **ret_data, size_t *ret_size,
	struct cordon_error *err) CORDON_CHECKED;

/* Adds or removes O_NONBLOCK of the open file description. Returns 0 or -1 with errno set. */
int cordon_fd_nonblock(int fd, int on) CORDON_CHECKED;

/* Raises the soft limit on open descriptors to the hard one. The kernel measures descriptors in flight
 * against it, too, and those count for all processes of a user: unix(7), ETOOMANYREFS. */
void cordon_fd_raise_limit(void);

/* A process that is short of descriptors could not receive any: the message that brings them arrives
 * maimed, and its sender is taken for a liar. So some are set aside, by a soft limit below the hard one;
 * they are there while a message is received (cordon_fd_raise_limit), and what comes next fails for lack
 * of others, as an error of one request. */
void cordon_fd_set_aside(void);

/* True when fd is an anonymous pipe (a FIFO that lives on pipefs), the only foreign thing that may
 * be handed straight to a run (A02). */
int cordon_fd_is_anonymous_pipe(int fd);
