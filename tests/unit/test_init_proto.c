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
	int fd = -1;

	cr_assert(zero(int, init_send(init, sent, STDIN_FILENO)));

	cr_assert(eq(int, init_receive(launcher, words, &fd), 1));
	cr_expect(eq(u64, words[0], INIT_STARTED));
	cr_expect(eq(u64, words[2], UINT64_MAX));
	cr_assert(ge(int, fd, 0));
	cr_expect(eq(int, fcntl(fd, F_GETFD), FD_CLOEXEC));
	close(fd);
}

Test(init_proto, last_words_are_heard_of_one_who_did_not_listen)
{
	const uint64_t go[INIT_WORDS] = { INIT_GO }, fault[INIT_WORDS] = { INIT_FAULT, 7 };
	uint64_t words[INIT_WORDS];

	cr_assert(zero(int, init_send(init, fault, -1)));
	cr_assert(zero(int, init_send(launcher, go, -1)));
	close(init);
	init = -1;

	cr_assert(eq(int, init_receive(launcher, words, NULL), 1));
	cr_expect(eq(u64, words[0], INIT_FAULT));
	cr_expect(eq(u64, words[1], 7));
	cr_expect(eq(int, init_receive(launcher, words, NULL), 0));
}

Test(init_proto, another_shape_is_an_error)
{
	uint64_t words[INIT_WORDS];

	cr_assert(eq(int, (int)send(init, "short", 5, 0), 5));

	cr_expect(eq(int, init_receive(launcher, words, NULL), -1));
}
