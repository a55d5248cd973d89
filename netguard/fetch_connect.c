/* connect(2) as libcurl has it in cordon-fetch. Its sockets are connected already, and CURLOPT_SOCKOPTFUNCTION says so, but
 * libcurl 7.87 to 7.88, which Debian 12 has, calls connect(2) nevertheless, and takes EISCONN for a failure. The name is
 * looked up in the executable first, so this one is found; the call itself is not among those that the process keeps,
 * and whatever found its way around this would end it.
 *
 * calls: getpeername */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Nothing is connected by it: it says whether the socket is. */
int connect(int fd, const struct sockaddr *to, socklen_t size);

int
connect(int fd, const struct sockaddr *to, socklen_t size)
{
	struct sockaddr_storage end;
	socklen_t room = sizeof(end);

	(void)to;
	(void)size;
	if (getpeername(fd, (struct sockaddr *)&end, &room) == 0)
		return 0;
	errno = ECONNREFUSED;
	return -1;
}
