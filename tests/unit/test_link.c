#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>

static int ends[2];

static void
make(void)
{
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_link_pair(ends, &err), 0));
}

static void
drop(void)
{
	cordon_fd_close_p(&ends[0]);
	cordon_fd_close_p(&ends[1]);
}

TestSuite(link, .init = make, .fini = drop, .timeout = 10);

static int
open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(link, carries_a_message_with_descriptors)
{
	struct cordon_error err = { 0 };
	struct cordon_message m = { 0 };
	int pipe_ends[2];
	char byte = 0;

	cr_assert(eq(int, pipe(pipe_ends), 0));
	cr_assert(eq(int, cordon_link_send(ends[0], 7, "abc", 3, &pipe_ends[1], 1, &err), 0));

	cr_assert(eq(int, cordon_link_receive(ends[1], &m, &err), 1));

	cr_assert(eq(int, m.number, 7));
	cr_assert(eq(sz, m.size, 3));
	cr_assert(eq(int, memcmp(m.body, "abc", 3), 0));
	cr_assert(eq(int, (int)m.fd_count, 1));
	cr_assert(ne(int, fcntl(m.fds[0], F_GETFD) & FD_CLOEXEC, 0));
	cr_assert(eq(int, (int)write(m.fds[0], "x", 1), 1));
	cr_assert(eq(int, (int)read(pipe_ends[0], &byte, 1), 1));
	cordon_message_finish(&m);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

Test(link, carries_a_large_body_unchanged)
{
	struct cordon_error err = { 0 };
	struct cordon_message m = { 0 };
	const size_t size = CORDON_LINK_BODY;
	char *body = malloc(size);
	const int before = open_descriptors();

	for (size_t i = 0; i < size; i++)
		body[i] = (char)(i * 7);
	cr_assert(eq(int, cordon_link_send(ends[0], 1, body, size, NULL, 0, &err), 0));
	cr_assert(eq(int, cordon_link_receive(ends[1], &m, &err), 1));

	cr_assert(eq(sz, m.size, size));
	cr_assert(eq(int, memcmp(m.body, body, size), 0));
	cordon_message_finish(&m);
	cr_assert(eq(int, open_descriptors(), before));
	free(body);
}

Test(link, refuses_what_is_too_large)
{
	struct cordon_error err = { 0 };
	char *body = calloc(1, CORDON_LINK_BODY + 1);

	cr_assert(eq(
		int, cordon_link_send(ends[0], 1, body, CORDON_LINK_BODY + 1, NULL, 0, &err), -1));
	cr_assert(eq(int, err.code, CORDON_ELIMIT));
	free(body);
}

Test(link, closes_the_descriptors_of_a_malformed_message)
{
	struct cordon_error err = { 0 };
	struct cordon_message m = { 0 };
	int fd = open("/dev/null", O_RDONLY), before;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { "\1\0\0\7", 4 }; /* an unknown flag */
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	before = open_descriptors();
	cr_assert(eq(int, (int)sendmsg(ends[0], &h, 0), 4));

	cr_assert(eq(int, cordon_link_receive(ends[1], &m, &err), -1));

	cr_assert(eq(int, err.code, CORDON_EPEER));
	cr_assert(eq(int, open_descriptors(), before));
	close(fd);
}

Test(link, tells_that_the_peer_has_gone)
{
	struct cordon_error err = { 0 };
	struct cordon_message m = { 0 };

	cordon_fd_close_p(&ends[0]);
	cr_assert(eq(int, cordon_link_receive(ends[1], &m, &err), 0));
	cr_assert(eq(int, cordon_link_send(ends[1], 1, NULL, 0, NULL, 0, &err), -1));
	cr_assert(eq(int, err.code, CORDON_EPEER));
}
