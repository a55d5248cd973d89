/* Makes the network of a run and nothing else: sends its sockets over descriptor 3 in one message, with a descriptor of
 * the network namespace first. Who has that can make sockets in there by setns(2). */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cordon/fd.h>

#include "../../sandbox/capture.h"
#include "../../sandbox/netns.h"

int
main(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * (1 + CORDON_CAPTURE_SOCKETS))];
	} control = { 0 };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
	int all[1 + CORDON_CAPTURE_SOCKETS], count;
	struct sandbox_fault fault = { 0 };

	if (unshare(CLONE_NEWNET) < 0 || netns_loopback_up() < 0) {
		perror("capture_make");
		return 1;
	}
	count = capture_begin(all + 1, &fault);
	all[0] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (count < 0 || all[0] < 0) {
		perror("capture_make");
		return 1;
	}
	m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)(1 + count));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)(1 + count));
	memcpy(CMSG_DATA(&control.header), all, sizeof(int) * (size_t)(1 + count));
	return sendmsg(3, &m, 0) == 1 ? 0 : 1;
}
