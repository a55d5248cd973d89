#include <cordon/link.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

/* What fits a packet everywhere: half of the smallest default net.core.wmem_default. */
#define PACKET_BODY (64u * 1024)
#define IN_MEMFD 1u /* flag: the body is in the first descriptor */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
cordon_link_pair(int ret_ends[2], struct cordon_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a link");
	ret_ends[0] = ends[0];
	ret_ends[1] = ends[1];
	return 0;
}

/* A memfd that holds body and can no longer change. */
static int
seal(const void *body, size_t size)
{
	CORDON_CLOSE int fd = memfd_create("cordon-message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || cordon_fd_write_all(fd, body, size) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -1;
	return cordon_fd_take(&fd);
}

static int
send_packet(int link, struct msghdr *m, struct cordon_error *err)
{
	ssize_t sent;

	do
		sent = sendmsg(link, m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return cordon_fail(err, CORDON_EPEER, 0, "the other end of a link has gone");
	return cordon_fail(err, CORDON_ESYS, errno, "could not send a message");
}

int
cordon_link_send(int link, uint16_t number, const void *body, size_t size, const int *fds,
	unsigned fd_count, struct cordon_error *err)
{
	uint8_t header[4] = { (uint8_t)number, (uint8_t)(number >> 8), 0, 0 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * (CORDON_LINK_FDS + 1))];
	} control = { 0 };
	struct iovec parts[2] = { { header, sizeof(header) }, { (void *)(uintptr_t)body, size } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1 };
	int all[CORDON_LINK_FDS + 1];
	CORDON_CLOSE int memfd = -1;
	unsigned count = 0;

	if (size > CORDON_LINK_BODY || fd_count > CORDON_LINK_FDS)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"a message of %zu bytes and %u descriptors is too large for a link", size,
			fd_count);
	if (size > PACKET_BODY) {
		memfd = seal(body, size);
		if (memfd < 0)
			return cordon_fail(err, CORDON_ESYS, errno, "could not seal a message");
		all[count++] = memfd;
		header[2] = IN_MEMFD;
		m.msg_iovlen = 1;
	}
	for (unsigned i = 0; i < fd_count; i++)
		all[count++] = fds[i];
	if (count > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.header), all, sizeof(int) * count);
	}
	return send_packet(link, &m, err);
}

/* Takes the descriptors out of the control data into fds. Returns their count; what does not fit is
 * closed. */
static unsigned
take_descriptors(struct msghdr *m, int *fds, unsigned room)
{
	unsigned count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, (const char *)c + at, sizeof(fd));
			if (count < room)
				fds[count++] = fd;
			else
				cordon_fd_close_p(&fd);
		}
	}
	return count;
}

/* Copies the body out of the memfd: afterwards nobody can change what was read. */
static int
read_sealed(int memfd, struct cordon_message *m)
{
	struct stat st;
	ssize_t got;

	if (fstat(memfd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= (off_t)PACKET_BODY ||
		st.st_size > (off_t)CORDON_LINK_BODY ||
		(fcntl(memfd, F_GET_SEALS) & SEALS) != SEALS)
		return -1;
	m->size = (size_t)st.st_size;
	m->body = malloc(m->size);
	if (m->body == NULL)
		return -1;
	for (size_t used = 0; used < m->size; used += (size_t)got) {
		got = pread(memfd, m->body + used, m->size - used, (off_t)used);
		if (got <= 0)
			return -1;
	}
	return 0;
}

/* Sorts one received packet into *m. */
static int
parse(const uint8_t *packet, size_t size, int *fds, unsigned count, struct cordon_message *m)
{
	unsigned first = 0;

	if (size < 4 || packet[3] != 0 || packet[2] > IN_MEMFD)
		return -1;
	m->number = (uint16_t)(packet[0] | packet[1] << 8);
	if (packet[2] == IN_MEMFD) {
		if (size != 4 || count == 0 || read_sealed(fds[0], m) < 0)
			return -1;
		cordon_fd_close_p(&fds[0]);
		first = 1;
	} else {
		m->size = size - 4;
		m->body = malloc(m->size + 1);
		if (m->body == NULL)
			return -1;
		memcpy(m->body, packet + 4, m->size);
	}
	if (count - first > CORDON_LINK_FDS)
		return -1;
	for (unsigned i = first; i < count; i++)
		m->fds[m->fd_count++] = cordon_fd_take(&fds[i]);
	return 0;
}

int
cordon_link_receive(int link, struct cordon_message *ret, struct cordon_error *err)
{
	CORDON_FREE uint8_t *packet = malloc(PACKET_BODY + 4);
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * (CORDON_LINK_FDS + 1))];
	} control;
	struct iovec iov = { packet, PACKET_BODY + 4 };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };
	struct cordon_message m = { 0 };
	int fds[CORDON_LINK_FDS + 1];
	unsigned count;
	ssize_t got;

	for (unsigned i = 0; i < CORDON_LINK_FDS; i++)
		m.fds[i] = -1;
	if (packet == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not receive a message");
	do
		got = recvmsg(link, &h, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ECONNRESET)
		return 0;
	if (got < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not receive a message");
	count = take_descriptors(&h, fds, CORDON_LINK_FDS + 1);
	if (got == 0 && count == 0)
		return 0;
	if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
		parse(packet, (size_t)got, fds, count, &m) < 0) {
		for (unsigned i = 0; i < count; i++)
			cordon_fd_close_p(&fds[i]);
		cordon_message_finish(&m);
		return cordon_fail(err, CORDON_EPEER, 0, "a message on a link is malformed");
	}
	*ret = m;
	return 1;
}

void
cordon_message_finish(struct cordon_message *m)
{
	free(m->body);
	for (unsigned i = 0; i < m->fd_count; i++)
		cordon_fd_close_p(&m->fds[i]);
	*m = (struct cordon_message){ 0 };
	for (unsigned i = 0; i < CORDON_LINK_FDS; i++)
		m->fds[i] = -1;
}
