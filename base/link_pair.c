/* calls: socketpair */
#include <errno.h>
#include <sys/socket.h>

#include <cordon/link.h>

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
