/* Exchanges two names, over and over, at random moments, until standard input ends.
 *
 * usage: swapper A B [A B]...
 * Prints how many exchanges there were. Both names must exist; which is which is random afterwards. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXCHANGE 2 /* RENAME_EXCHANGE */

int
main(int argc, char **argv)
{
	unsigned long count = 0;
	struct pollfd input = { .fd = 0, .events = POLLIN };

	while (poll(&input, 1, 0) == 0) {
		/* Now many in one start of a run, now many starts without one. */
		const struct timespec pause = { .tv_nsec = random() %
							   (random() % 2 ? 400000 : 60000000) };

		for (int i = 1; i + 1 < argc; i += 2)
			count += syscall(SYS_renameat2, AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1],
					 EXCHANGE) == 0;
		nanosleep(&pause, NULL);
	}
	printf("%lu\n", count);
	return 0;
}
