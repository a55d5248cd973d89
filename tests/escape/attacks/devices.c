/* Devices of the host are not in a run and cannot be made there. Red without the small /dev, without
 * nodev on the mounts, and without the dropped capabilities. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attacks.h"

/* The first of the named nodes that opens at all. */
void
attack_open_device(char **argv)
{
	argument(argv, 1);
	for (char **path = argv + 1; *path != NULL; path++)
		if (open(*path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0 ||
			open(*path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
			escaped("%s was opened", *path);
	held_by_errno(argv[1]);
}

/* PATH TYPE MAJOR MINOR, TYPE "b" or "c". */
void
attack_make_device(char **argv)
{
	const mode_t type = argument(argv, 2)[0] == 'b' ? S_IFBLK : S_IFCHR;

	verdict(mknod(argument(argv, 1), type | 0666,
			makedev((unsigned)number(argv, 3), (unsigned)number(argv, 4))),
		"a device node");
}
