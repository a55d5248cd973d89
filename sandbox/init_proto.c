/* calls: sendmsg recvmsg close */
#include "init_proto.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>

int
init_send(int link, const uint64_t words[INIT_WORDS], int fd)
{
	uint64_t wire[INIT_WORDS];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = wire, .iov_len = sizeof(wire) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	for (int i = 0; i < INIT_WORDS; i++)
		wire[i] = htole64(words[i]);
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	do
		sent = sendmsg(link, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(wire) ? 0 : -1;
}

int
init_receive(int link, uint64_t words[INIT_WORDS], int *ret_fd)
{
	uint64_t wire[INIT_WORDS];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = wire, .iov_len = sizeof(wire) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };
	CORDON_CLOSE int fd = -1;
	ssize_t got;

	/* ECONNRESET, once: the peer has gone without reading all that we sent. What it said before is
	 * still there (net/unix/af_unix.c, unix_release_sock). */
	do
		got = recvmsg(link, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
			c->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(&fd, CMSG_DATA(c), sizeof(int));
	if (got == 0)
		return 0;
	if (got != (ssize_t)sizeof(wire) || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
		(fd >= 0 && ret_fd == NULL)) {
		errno = EPROTO;
		return -1;
	}
	for (int i = 0; i < INIT_WORDS; i++)
		words[i] = le64toh(wire[i]);
	if (ret_fd != NULL)
		*ret_fd = cordon_fd_take(&fd);
	return 1;
}
