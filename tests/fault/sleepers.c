/* A run's process tree that is hard to get rid of: MARK is among the arguments of each.
 *
 * usage: sleepers MARK
 * Daemons that were forked twice, with sessions of their own, deaf to all signals, stopped, in new
 * process groups, and one that keeps forking; then makes STARTED in the working directory, and
 * sleeps. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void
sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void
be_daemon(int kind)
{
	if (fork() != 0)
		return;
	if (kind != 1)
		setsid();
	if (fork() != 0)
		_exit(0);
	if (kind >= 2)
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_IGN);
	if (kind == 3)
		raise(SIGSTOP);
	while (kind == 4) { /* a moving target: the child goes on, the parent ends */
		usleep(500);
		if (fork() > 0)
			_exit(0);
	}
	sleep_for_ever();
}

int
main(int argc, char **argv)
{
	if (argc != 2 || argv[1][0] == '\0')
		return 2;
	for (int kind = 0; kind < 5; kind++)
		be_daemon(kind);
	close(open("STARTED", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	sleep_for_ever();
}
