/* calls: sendmsg recvmsg close */
#include "init_proto.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(INIT_FDS * sizeof(int))];
};

int
init_send_fds(int link, const uint64_t words[INIT_WORDS], const int *fds, unsigned count)
{
	uint64_t wire[INIT_WORDS];
	union control control = { 0 };
	struct iovec iov = { .iov_base = wire, .iov_len = sizeof(wire) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (count > INIT_FDS) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < INIT_WORDS; i++)
		wire[i] = htole64(words[i]);
	if (count > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	do
		sent = sendmsg(link, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(wire) ? 0 : -1;
}

int
init_send(int link, const uint64_t words[INIT_WORDS], int fd)
{
	return init_send_fds(link, words, &fd, fd >= 0);
}

static void
close_all(int fds[INIT_FDS], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		cordon_fd_close_p(&fds[i]);
}

/* The descriptors of one message; the kernel passes no more than there is space for. */
static unsigned
take_fds(struct msghdr *m, int fds[INIT_FDS])
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			const size_t size = c->cmsg_len - CMSG_LEN(0);

			memcpy(fds, CMSG_DATA(c), size);
			return (unsigned)(size / sizeof(int));
		}
	return 0;
}

int
init_receive(int link, uint64_t words[INIT_WORDS], int ret_fds[INIT_FDS], unsigned room,
	unsigned *ret_count)
{
	uint64_t wire[INIT_WORDS];
	union control control;
	struct iovec iov = { .iov_base = wire, .iov_len = sizeof(wire) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };
	int fds[INIT_FDS];
	unsigned count;
	ssize_t got;

	/* ECONNRESET, once: the peer has gone without reading all that we sent. What it said before is
	 * still there (net/unix/af_unix.c, unix_release_sock). */
	do
		got = recvmsg(link, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return -1;
	count = take_fds(&m, fds);
	if (got != (ssize_t)sizeof(wire) || count > room ||
		(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		close_all(fds, count);
		errno = EPROTO;
		return got == 0 ? 0 : -1;
	}
	for (int i = 0; i < INIT_WORDS; i++)
		words[i] = le64toh(wire[i]);
	if (room > 0) {
		memcpy(ret_fds, fds, count * sizeof(int));
		*ret_count = count;
	}
	return 1;
}
