/* M7: nothing outlives its run: not what was forked twice, has a session of its own, ignores SIGTERM or
 * is stopped. Red when the pid namespace is not the run's own, or its init lives on. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

static _Noreturn void
live_on(const char *kind)
{
	signal(SIGHUP, SIG_IGN);
	if (strcmp(kind, "ignoring") == 0)
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_IGN);
	if (strcmp(kind, "stopped") == 0)
		raise(SIGSTOP);
	for (;;)
		pause();
}

/* KIND MARK: leaves a process behind, which has MARK in its arguments as we have. KIND: "forked" twice,
 * "session", "ignoring" all signals, "stopped", "streams" (keeps the standard streams open). The line
 * is ESCAPED always; the driver looks for the mark afterwards. */
void
attack_daemon(char **argv)
{
	const char *kind = argument(argv, 1);
	const int keeps = strcmp(kind, "streams") == 0;
	int ready[2];
	char c;
	pid_t pid;

	argument(argv, 2);
	if (pipe2(ready, O_CLOEXEC) < 0)
		broken("pipe");
	pid = fork();
	if (pid == 0) {
		if (strcmp(kind, "forked") != 0)
			setsid();
		if (fork() != 0)
			_exit(0);
		if (!keeps)
			for (int fd = 0; fd < 3; fd++)
				dup2(open("/dev/null", O_RDWR | O_CLOEXEC), fd);
		(void)!write(ready[1], "x", 1);
		live_on(kind);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || read(ready[0], &c, 1) != 1)
		broken("fork");
	escaped("a process was left behind");
}
