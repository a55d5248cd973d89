/* calls: socket ioctl openat unshare setns close */
#include "netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>

#define OWN "/proc/self/ns/net"

int
netns_loopback_up(void)
{
	CORDON_CLOSE int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return s < 0 ? -1 : ioctl(s, SIOCSIFFLAGS, &request);
}

void
netns_spare_init(struct netns_spare *spare)
{
	spare->next = -1;
	spare->wanted = geteuid() == 0;
}

void
netns_spare_fill(struct netns_spare *spare)
{
	CORDON_CLOSE int own = -1;
	CORDON_CLOSE int made = -1;

	if (!spare->wanted || spare->next >= 0)
		return;
	own = open(OWN, O_RDONLY | O_CLOEXEC);
	if (own >= 0 && unshare(CLONE_NEWNET) == 0 && netns_loopback_up() == 0)
		made = open(OWN, O_RDONLY | O_CLOEXEC);
	/* Where something went wrong it is not tried again, wherever we are: nothing of ours needs a
	 * network, and a run makes a namespace of its own. */
	spare->wanted = made >= 0 && setns(own, CLONE_NEWNET) == 0;
	if (spare->wanted)
		spare->next = cordon_fd_take(&made);
}

int
netns_spare_take(struct netns_spare *spare)
{
	return cordon_fd_take(&spare->next);
}

void
netns_spare_finish(struct netns_spare *spare)
{
	cordon_fd_close_p(&spare->next);
}

int
netns_enter(int ns)
{
	CORDON_CLOSE int entered = ns;

	return setns(entered, CLONE_NEWNET);
}
