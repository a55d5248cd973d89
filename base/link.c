/* What a link promises about a peer that lies:
 *
 *  1. Nothing larger than CORDON_LINK_BODY is allocated for it, and only after its size is known.
 *  2. A body cannot change after it was looked at: it was copied. (A peer may rewrite shared memory.)
 *  3. Reading a body cannot block: only memory with all seals is read. (A file of a FUSE server, which
 *     answers when it likes, has no seals.)
 *  4. A descriptor that was not asked for, that is one too many or that comes with a malformed message
 *     is closed. (A peer could fill our table.)
 *  5. One message has one form: in a packet up to PACKET_BODY, in a memfd beyond.
 *  6. What a peer said before it went is still delivered.
 *  7. Of a message that was finished nothing stays in our memory: the launcher's children are copies of it.
 *
 * Tests: tests/unit/test_base_link.c.
 * calls: sendmsg recvmsg memfd_create write fcntl lseek pread64 close */
#include <cordon/link.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

/* What fits a packet everywhere: half of the smallest default net.core.wmem_default. */
#define PACKET_BODY (64u * 1024)
#define HEADER      4u /* u16 number, u16 flags */
#define IN_MEMFD    1u /* flag: the body is in the first descriptor */
#define SEALS       (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

/* A memfd that holds body and can no longer change. */
static int
seal(const void *body, size_t size)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	CORDON_CLOSE int fd = memfd_create("cordon-message", flags | MFD_NOEXEC_SEAL);

	/* Linux 6.3 knows MFD_NOEXEC_SEAL, and may be set up to insist on it (vm.memfd_noexec). */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("cordon-message", flags);
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
	uint8_t header[HEADER] = { (uint8_t)number, (uint8_t)(number >> 8), 0, 0 };
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

static const struct cordon_error nothing_there = {
	.code = CORDON_ESYS, .sys = EAGAIN, .text = "there is no message yet"
};

/* What came with a packet. */
struct luggage {
	int fds[CORDON_LINK_FDS + 1];
	unsigned count;
	int too_many;
};

/* Takes the descriptors out of the control data. What does not fit is closed. */
static void
take_descriptors(struct msghdr *h, struct luggage *l)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, (const char *)c + at, sizeof(fd));
			if (l->count < CORDON_LINK_FDS + 1) {
				l->fds[l->count++] = fd;
			} else {
				cordon_fd_close_p(&fd);
				l->too_many = 1;
			}
		}
	}
}

static void
drop_luggage(struct luggage *l)
{
	for (unsigned i = 0; i < l->count; i++)
		cordon_fd_close_p(&l->fds[i]);
	l->count = 0;
}

static int
malformed(struct cordon_error *err)
{
	return cordon_fail(err, CORDON_EPEER, 0, "a message on a link is malformed");
}

/* Copies the body out of the memfd: afterwards nobody can change what was read. */
static int
read_sealed(int memfd, struct cordon_message *m, struct cordon_error *err)
{
	const int seals = fcntl(memfd, F_GET_SEALS); /* -1, all bits set, for what has no seals */
	off_t size;
	ssize_t got;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return malformed(err);
	/* Not fstat(3): glibc makes newfstatat(2) of it, with which a jailed process could ask for names. */
	size = lseek(memfd, 0, SEEK_END);
	if (size <= (off_t)PACKET_BODY || size > (off_t)CORDON_LINK_BODY)
		return malformed(err);
	m->size = (size_t)size;
	m->body = malloc(m->size);
	if (m->body == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not receive a message");
	for (size_t used = 0; used < m->size; used += (size_t)got) {
		do
			got = pread(memfd, m->body + used, m->size - used, (off_t)used);
		while (got < 0 && errno == EINTR);
		if (got <= 0) /* a descriptor without the right to read */
			return malformed(err);
	}
	return 0;
}

/* Sorts one received packet into *m; what stays in *l is the caller's to close. */
static int
parse(const uint8_t *packet, size_t size, struct luggage *l, struct cordon_message *m,
	struct cordon_error *err)
{
	unsigned first = 0;

	if (size < HEADER || packet[3] != 0 || packet[2] > IN_MEMFD)
		return malformed(err);
	m->number = (uint16_t)(packet[0] | packet[1] << 8);
	if (packet[2] == IN_MEMFD) {
		if (size != HEADER || l->count == 0)
			return malformed(err);
		if (read_sealed(l->fds[0], m, err) < 0)
			return -1;
		first = 1;
	} else {
		m->size = size - HEADER;
		m->body = malloc(m->size + 1);
		if (m->body == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not receive a message");
		memcpy(m->body, packet + HEADER, m->size);
	}
	if (l->count - first > CORDON_LINK_FDS)
		return malformed(err);
	for (unsigned i = first; i < l->count; i++)
		m->fds[m->fd_count++] = cordon_fd_take(&l->fds[i]);
	return 0;
}

/* Receives one packet into packet, which has room for the longest. */
static int
receive(int link, uint8_t *packet, size_t *ret_got, struct cordon_message *ret,
	struct cordon_error *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * (CORDON_LINK_FDS + 1))];
	} control;
	struct iovec iov = { packet, HEADER + PACKET_BODY };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };
	struct cordon_message m = { 0 };
	struct luggage luggage = { .count = 0 };
	int result;
	ssize_t got;

	for (unsigned i = 0; i < CORDON_LINK_FDS; i++)
		m.fds[i] = -1;
	/* ECONNRESET: the peer closed without having read all of ours. The kernel says so once and
	 * before it gives what the peer had sent, so look again (net/unix/af_unix.c). */
	do
		got = recvmsg(link, &h, MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0 &&
		errno == EAGAIN) { /* each turn of a loop ends with it: it is not worded anew */
		*err = nothing_there;
		return -1;
	}
	if (got < 0)
		return cordon_fail(err, CORDON_ESYS,
			errno == ENOMEM || errno == ENOBUFS ? EAGAIN : errno,
			"could not receive a message");
	*ret_got = (size_t)got;
	take_descriptors(&h, &luggage);
	if (got == 0 && luggage.count == 0)
		return 0; /* an empty packet looks the same, and is no message */
	if (luggage.too_many || (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		result = malformed(err);
	else
		result = parse(packet, (size_t)got, &luggage, &m, err);
	drop_luggage(&luggage);
	if (result < 0) {
		cordon_message_finish(&m);
		return -1;
	}
	*ret = m;
	return 1;
}

int
cordon_link_receive(int link, struct cordon_message *ret, struct cordon_error *err)
{
	uint8_t *packet = malloc(HEADER + PACKET_BODY);
	size_t got = 0;
	int result;

	if (packet == NULL) /* nothing was taken, so it can be tried again */
		return cordon_fail(err, CORDON_ESYS, EAGAIN, "could not receive a message");
	result = receive(link, packet, &got, ret, err);
	cordon_free_wiped(packet, got);
	return result;
}

void
cordon_message_finish(struct cordon_message *m)
{
	cordon_free_wiped(m->body, m->size);
	for (unsigned i = 0; i < m->fd_count; i++)
		cordon_fd_close_p(&m->fds[i]);
	*m = (struct cordon_message){ 0 };
	for (unsigned i = 0; i < CORDON_LINK_FDS; i++)
		m->fds[i] = -1;
}
