/* Stands in the place of cordon-rpc and does what a caller likes: as if the real one had been taken over by
 * it (A09). The first byte of the caller decides:
 *
 *	L   the link to the monitor is handed to the caller, and this waits, deaf to all signals
 *	F   the same; and a child that outlives this keeps the link
 *
 * Each further byte is an order: x ends this with status 0, X with status 7, S stops it. It uses calls that
 * are left to what a monitor starts. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sched.h>

#define CALLER 0
#define LINK   3

static int
hand_over_link(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(int)) } };
	const int link = LINK;
	char byte = 'L';
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };

	memcpy(CMSG_DATA(&control.header), &link, sizeof(link));
	return sendmsg(CALLER, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static long
clone_self(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void
obey(void)
{
	char order;

	while (read(CALLER, &order, 1) == 1) {
		if (order == 'x' || order == 'X')
			_exit(order == 'x' ? 0 : 7);
		if (order == 'S')
			raise(SIGSTOP);
	}
	for (;;)
		(void)poll(NULL, 0, -1); /* its caller has gone, and it does not mind */
}

int
main(void)
{
	sigset_t all;
	char first = 0;

	if (read(CALLER, &first, 1) != 1 || (first != 'L' && first != 'F'))
		return 1;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (hand_over_link() < 0)
		return 1;
	if (first == 'F' && clone_self() == 0) {
		close(CALLER);
		sleep(20); /* the caller's end of the test */
		_exit(0);
	}
	close(LINK);
	obey();
}
