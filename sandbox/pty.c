/* calls: openat ioctl */
#include "pty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cordon/fd.h>

int
pty_open(uint16_t rows, uint16_t columns, int *ret_master, int *ret_slave)
{
	CORDON_CLOSE int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct winsize size = { .ws_row = rows, .ws_col = columns };
	int slave, unlocked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return -1;
	if (rows != 0 && columns != 0 && ioctl(master, TIOCSWINSZ, &size) < 0)
		return -1;
	/* By descriptor: no path, so no other devpts can be meant. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -1;
	*ret_master = cordon_fd_take(&master);
	*ret_slave = slave;
	return 0;
}
