/* The terminal of the one who started the run is out of reach, and what a run types it types into its
 * own. Red without the rules on TIOCSTI and TIOCLINUX (the high-bits ones when the rule compares 64
 * bits), and without setsid(2) and a pty of the run's own. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "attacks.h"

#define HIGH UINT64_C(0x100000000)

static int
terminal(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (isatty(fd))
			return fd;
	broken("no standard stream is a terminal");
}

static _Noreturn void
type_a_line(uint64_t request)
{
	const int fd = terminal();

	for (const char *c = "\ntouch injected\n"; *c != '\0'; c++)
		if (syscall(SYS_ioctl, fd, request, c) < 0)
			held_by_errno("TIOCSTI");
	escaped("a command was typed into the terminal");
}

void
attack_tiocsti(char **argv)
{
	(void)argv;
	type_a_line(TIOCSTI);
}

void
attack_tiocsti_high_bits(char **argv)
{
	(void)argv;
	type_a_line(HIGH | TIOCSTI);
}

/* Works on a virtual console alone; any other terminal's own answer is ENOTTY. */
static _Noreturn void
paste(uint64_t request)
{
	char subcode = 12; /* which console is in the foreground: a question only */

	if (syscall(SYS_ioctl, terminal(), request, &subcode) >= 0 || errno == ENOTTY)
		escaped("TIOCLINUX reached the terminal");
	held_by_errno("TIOCLINUX");
}

void
attack_tioclinux(char **argv)
{
	(void)argv;
	paste(TIOCLINUX);
}

void
attack_tioclinux_high_bits(char **argv)
{
	(void)argv;
	paste(HIGH | TIOCLINUX);
}

/* With the standard streams elsewhere: /dev/tty, the terminal by its name, and taking it. */
void
attack_controlling_terminal(char **argv)
{
	const char *name = argument(argv, 1);
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		escaped("/dev/tty is somebody's terminal");
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		escaped("%s was opened", name);
	held_by_errno("/dev/tty and the terminal by its name");
}
