/* T-EXEC-005: a run makes and enters no namespaces; in a new user namespace it would be root over kernel
 * code that trusts root. Red without the rules on clone, clone3, unshare and setns. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "attacks.h"

void
attack_unshare_user(char **argv)
{
	(void)argv;
	verdict(unshare(CLONE_NEWUSER), "unshare: a new user namespace");
}

/* Every other kind, for one that has capabilities somehow. */
void
attack_unshare_any(char **argv)
{
	static const int flags[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
		CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWTIME };

	(void)argv;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (unshare(flags[i]) == 0)
			escaped("unshare(0x%x)", (unsigned)flags[i]);
	held_by_errno("unshare of any namespace");
}

static _Noreturn void
after_clone(long pid, const char *what)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	verdict(pid, what);
}

void
attack_clone_user(char **argv)
{
	(void)argv;
	after_clone(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
		"clone: a new user namespace");
}

/* The kernel takes the low 32 bits of the flags; a filter sees 64. */
void
attack_clone_user_high_bits(char **argv)
{
	(void)argv;
	after_clone(syscall(SYS_clone, UINT64_C(0x100000000) | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
		"clone with high bits: a new user namespace");
}

/* Its flags are behind a pointer, where no filter reads them. */
void
attack_clone3_user(char **argv)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };

	(void)argv;
	after_clone(syscall(SYS_clone3, &args, sizeof(args)), "clone3: a new user namespace");
}

void
attack_setns(char **argv)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	(void)argv;
	if (fd < 0)
		broken("no /proc/self/ns/uts");
	verdict(setns(fd, CLONE_NEWUTS), "setns");
}
