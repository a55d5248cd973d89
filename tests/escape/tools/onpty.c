/* Runs a command on a terminal of its own and tells what became of the terminal.
 *
 * usage: onpty [-n] [-s FILE] COMMAND [ARGUMENT]...
 *	-n       the terminal is only the controlling one: standard streams stay as they are
 *	-s FILE  afterwards, writes "pending=N" (bytes that a shell would read as typed) and
 *	         "modes=same|changed" to FILE
 * "@TTY@" as an argument becomes the terminal's name. What is printed on the terminal goes to standard
 * output; a request for the cursor's position is answered as a terminal does. Exits as the command. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static _Noreturn void
become(int slave, int only_controlling, char **command)
{
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3 && !only_controlling; fd++)
		dup2(slave, fd);
	close(slave);
	execvp(command[0], command);
	_exit(127);
}

/* Copies what is printed until it ends; 100 ms of silence after the command has ended are the end,
 * since the slave stays open here. */
static int
relay(int master, pid_t child)
{
	char buffer[4096];
	int status = 0, ended = 0;

	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, 100) > 0) {
			got = read(master, buffer, sizeof(buffer));
			if (got <= 0)
				return status;
			(void)!write(1, buffer, (size_t)got);
			if (memmem(buffer, (size_t)got, "\033[6n", 4) != NULL)
				(void)!write(master, "\033[1;1R", 6);
			continue;
		}
		if (ended)
			return status;
		ended = waitpid(child, &status, WNOHANG) == child;
	}
}

static void
tell(const char *file, int slave, const struct termios *before)
{
	struct termios after, raw;
	int pending = 0;
	FILE *out = fopen(file, "we");

	if (out == NULL)
		return;
	tcgetattr(slave, &after);
	raw = after;
	raw.c_lflag &= ~(tcflag_t)ICANON; /* else an unfinished line would not count */
	tcsetattr(slave, TCSANOW, &raw);
	ioctl(slave, FIONREAD, &pending);
	fprintf(out, "pending=%d\nmodes=%s\n", pending,
		after.c_iflag == before->c_iflag && after.c_oflag == before->c_oflag &&
				after.c_cflag == before->c_cflag && after.c_lflag == before->c_lflag
			? "same"
			: "changed");
	fclose(out);
}

int
main(int argc, char **argv)
{
	const char *file = NULL;
	struct termios before;
	int option, only_controlling = 0, status;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int slave;
	pid_t child;

	while ((option = getopt(argc, argv, "+ns:")) != -1) {
		if (option == 'n')
			only_controlling = 1;
		else if (option == 's')
			file = optarg;
		else
			return 2;
	}
	if (optind == argc || master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return 2;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &before) < 0)
		return 2;
	for (char **a = argv + optind; *a != NULL; a++)
		if (strcmp(*a, "@TTY@") == 0)
			*a = strdup(ptsname(master));
	child = fork();
	if (child == 0)
		become(slave, only_controlling, argv + optind);
	if (child < 0)
		return 2;
	status = relay(master, child);
	if (file != NULL)
		tell(file, slave, &before);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
