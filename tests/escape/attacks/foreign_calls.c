/* Calls by another architecture's door have other numbers, which a filter for the native ones does not
 * judge. Red without the architecture check at the head of the filter, and without the x32 one. */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

#define X32_BIT 0x40000000L

/* Runs call in a child, which a filter may kill. It answers with the pid. */
static _Noreturn void
in_child(long (*call)(void), const char *what)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(call() == getpid() ? 0 : 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		broken("fork");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		escaped("%s answered", what);
	if (WIFSIGNALED(status))
		held("%s: SIG%s", what, sigabbrev_np(WTERMSIG(status)));
	held("%s: no such call", what);
}

#ifdef __x86_64__
static long
int80_getpid(void)
{
	long result;

	/* 20 is getpid on i386; r8 to r11 are cleared on the way back. */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "r8", "r9", "r10", "r11", "memory");
	return result;
}

static long
x32_getpid(void)
{
	return syscall(X32_BIT | SYS_getpid);
}
#else
static long
int80_getpid(void)
{
	return -1; /* this architecture has no such door */
}

#define x32_getpid int80_getpid
#endif

void
attack_foreign_int80(char **argv)
{
	(void)argv;
	in_child(int80_getpid, "int 0x80");
}

void
attack_foreign_x32(char **argv)
{
	(void)argv;
	in_child(x32_getpid, "an x32 call");
}
