/* Signals reach the run's own processes alone. Red without the pid namespace. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacks.h"

/* Signal 0 asks whether one could be sent; the driver looks at the victim too. */
void
attack_kill_pid(char **argv)
{
	const pid_t pid = (pid_t)number(argv, 1);
	int pidfd;

	if (kill(pid, 0) == 0)
		escaped("kill(%d)", pid);
	if (syscall(SYS_tgkill, pid, pid, 0) == 0)
		escaped("tgkill(%d)", pid);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0)
		escaped("pidfd_send_signal to %d", pid);
	held_by_errno("kill");
}

/* Everyone whom we may kill. It cannot see whom that was: the driver does, and asks for this line to
 * know that it came so far. */
void
attack_kill_all(char **argv)
{
	(void)argv;
	signal(SIGTERM, SIG_IGN);
	(void)!kill(-1, SIGTERM);
	(void)!kill(-1, SIGKILL);
	(void)!kill(0, SIGTERM);
	held("all signals were sent");
}
