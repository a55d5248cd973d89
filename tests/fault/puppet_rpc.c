/* Stands in the place of cordon-rpc and does what a caller likes: as if the real one had been taken over by
 * it (A09). The first byte of the caller decides:
 *
 *	{   an honest caller: the real one, cordon-rpc.honest beside this, takes its place
 *	L   the link to the monitor is handed to the caller, and this waits, deaf to all signals
 *	F   the same; and a child that outlives this keeps the link
 *
 * After L or F each further byte is an order: x ends this with status 0, X with status 7, S stops it. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLER 0
#define LINK   3

static void
be_honest(void)
{
	char path[PATH_MAX + 16];
	const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);

	if (length <= 0)
		return;
	strcpy(path + length, ".honest");
	execl(path, "cordon-rpc", (char *)NULL);
}

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
		pause(); /* its caller has gone, and it does not mind */
}

int
main(void)
{
	sigset_t all;
	char first = 0;

	if (recv(CALLER, &first, 1, MSG_PEEK) == 1 && first == '{')
		be_honest();
	if (first != 'L' && first != 'F')
		return 1;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (read(CALLER, &first, 1) != 1 || hand_over_link() < 0)
		return 1;
	if (first == 'F' && fork() == 0) {
		close(CALLER);
		sleep(20); /* the caller's end of the test */
		_exit(0);
	}
	close(LINK);
	obey();
}
