/* What a monitor of a pipe can do no more once it serves, whoever runs it by then. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor_jail.h"

TestSuite(monitor_jail, .timeout = 20);

enum jail { NO_JAIL, JAILED, JAILED_WITH_HELPER };

/* Runs attempt in a child, jailed as said. Returns the errno it failed with, or 0; -1: no jail. */
static int
try_in(enum jail jail, int (*attempt)(void))
{
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct cordon_error err;

		if (jail != NO_JAIL && monitor_jail(jail == JAILED ? NULL : "/bin/true", &err) < 0)
			_exit(255);
		errno = 0;
		_exit(attempt() < 0 ? errno : 0);
	}
	cr_assert(ge(int, pid, 0));
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_assert(eq(int, WIFEXITED(status), 1), "status 0x%x", (unsigned)status);
	return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

static int
execute_true(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int
execute_another(void)
{
	return execl("/bin/ls", "ls", "/bin/ls", (char *)NULL);
}

static int
open_network_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
leave_for_another_namespace(void)
{
	return (int)syscall(SYS_unshare, 0);
}

static int
look_at_a_file(void)
{
	return access("/usr", F_OK);
}

static int (*const attempts[])(void) = { execute_true, execute_another, open_network_socket, trace,
	leave_for_another_namespace };
#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

Test(monitor_jail, lets_nothing_be_executed_connected_or_traced)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		cr_expect(eq(int, try_in(NO_JAIL, attempts[i]), 0), "control, attempt %zu", i);
#if !CORDON_SANITIZED
		cr_expect(ne(int, try_in(JAILED, attempts[i]), 0), "attempt %zu", i);
#endif
	}
	cr_expect(zero(int, try_in(JAILED, look_at_a_file)));
}

Test(monitor_jail, executes_its_helper_and_no_other_program)
{
	cr_expect(zero(int, try_in(JAILED_WITH_HELPER, execute_true)));
#if !CORDON_SANITIZED
	cr_expect(eq(int, try_in(JAILED_WITH_HELPER, execute_another), EACCES));
#endif
	cr_expect(zero(int, try_in(NO_JAIL, execute_another)), "control");
}
