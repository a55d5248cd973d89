/* Passes a descriptor over a socket, as half the programs of a desktop do. Exit status 0: that works for
 * this user at this moment; 1: not. A17. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

int
main(void)
{
	struct rlimit limit = { 1024, 1024 }; /* what most programs have */
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	char c = 'x';
	struct iovec byte = { &c, 1 };
	struct msghdr message = { .msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	int pair[2];

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 2;
	memcpy(CMSG_DATA(&control.header), &pair[1], sizeof(int));
	if (sendmsg(pair[0], &message, 0) == 1)
		return 0;
	printf("%s\n", strerrorname_np(errno));
	return 1;
}
