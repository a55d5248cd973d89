/* calls: socket ioctl close */
#include "netns.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cordon/fd.h>

int
netns_loopback_up(void)
{
	CORDON_CLOSE int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return s < 0 ? -1 : ioctl(s, SIOCSIFFLAGS, &request);
}
