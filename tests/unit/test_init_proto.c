#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init_proto.h"

static int launcher, init; /* the ends */

static void
make_link(void)
{
	int ends[2];

	cr_assert(zero(int, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)));
	launcher = ends[0];
	init = ends[1];
}

static void
drop_link(void)
{
	close(launcher);
	if (init >= 0)
		close(init);
}

TestSuite(init_proto, .init = make_link, .fini = drop_link, .timeout = 10);

Test(init_proto, what_is_sent_arrives_with_its_descriptor)
{
	const uint64_t sent[INIT_WORDS] = { INIT_STARTED, 1, UINT64_MAX };
	uint64_t words[INIT_WORDS];
	int fds[INIT_FDS];
	unsigned count = 0;

	cr_assert(zero(int, init_send(init, sent, STDIN_FILENO)));

	cr_assert(eq(int, init_receive(launcher, words, fds, INIT_FDS, &count), 1));
	cr_expect(eq(u64, words[0], INIT_STARTED));
	cr_expect(eq(u64, words[2], UINT64_MAX));
	cr_assert(eq(u32, count, 1));
	cr_expect(eq(int, fcntl(fds[0], F_GETFD), FD_CLOEXEC));
	close(fds[0]);
}

Test(init_proto, six_descriptors_arrive_in_order_and_too_many_are_closed)
{
	const uint64_t sent[INIT_WORDS] = { INIT_CAPTURED };
	const int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int pipes[4], fds[INIT_FDS];
	uint64_t words[INIT_WORDS];
	unsigned count = 0;

	cr_assert(zero(int, pipe2(pipes, O_CLOEXEC)));
	cr_assert(zero(int, pipe2(pipes + 2, O_CLOEXEC)));
	const int all[INIT_FDS + 1] = { pipes[0], pipes[1], pipes[2], pipes[3], first, launcher,
		init };

	cr_assert(zero(int, init_send_fds(init, sent, all, INIT_FDS)));
	cr_assert(eq(int, init_receive(launcher, words, fds, INIT_FDS, &count), 1));
	cr_assert(eq(u32, count, INIT_FDS));
	cr_assert(eq(int, (int)write(fds[1], "x", 1), 1));
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
	close(pipes[1]);
	cr_assert(eq(int, (int)read(pipes[0], words, 2), 1), "it was the other end");
	cr_expect(eq(int, (int)read(pipes[0], words, 1), 0), "an end is left");
	cr_expect(eq(int, init_send_fds(init, sent, all, INIT_FDS + 1), -1));

	/* To one who expects fewer. */
	cr_assert(zero(int, init_send_fds(init, sent, all + 2, 2)));
	cr_expect(eq(int, init_receive(launcher, words, fds, 1, &count), -1));
	close(pipes[3]);
	cr_expect(eq(int, (int)read(pipes[2], words, 1), 0), "an end is left");
	close(pipes[0]);
	close(pipes[2]);
	close(first);
}

Test(init_proto, last_words_are_heard_of_one_who_did_not_listen)
{
	const uint64_t go[INIT_WORDS] = { INIT_GO }, fault[INIT_WORDS] = { INIT_FAULT, 7 };
	uint64_t words[INIT_WORDS];

	cr_assert(zero(int, init_send(init, fault, -1)));
	cr_assert(zero(int, init_send(launcher, go, -1)));
	close(init);
	init = -1;

	cr_assert(eq(int, init_receive(launcher, words, NULL, 0, NULL), 1));
	cr_expect(eq(u64, words[0], INIT_FAULT));
	cr_expect(eq(u64, words[1], 7));
	cr_expect(eq(int, init_receive(launcher, words, NULL, 0, NULL), 0));
}

Test(init_proto, another_shape_is_an_error)
{
	uint64_t words[INIT_WORDS];

	cr_assert(eq(int, (int)send(init, "short", 5, 0), 5));

	cr_expect(eq(int, init_receive(launcher, words, NULL, 0, NULL), -1));
}
