/* cordon-rpc taken over: what its code cannot do any more (A09). The control is the same call in the same
 * process before it locks itself, and calls that the jail keeps. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/selfjail.h>

#include "rpc_calls.h"

static const struct cordon_selfjail jail = { .calls = rpc_calls,
	.call_count = sizeof(rpc_calls) / sizeof(rpc_calls[0]),
	.data_bytes = 64u << 20,
	.files = 100 };

enum { LOCKED = 1 };

/* Does act in a child, first locked or not. Returns its wait status. */
static int
in_child(int (*act)(void), int locked)
{
	struct cordon_error err;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (locked && cordon_selfjail_enter(&jail, &err) < 0)
			_exit(99);
		_exit(act());
	}
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return status;
}

static int
do_openat(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0;
}

static int
do_openat2(void)
{
	const uint64_t how[3] = { O_RDONLY, 0, 0 };

	return syscall(SYS_openat2, AT_FDCWD, "/dev/null", how, sizeof(how)) < 0;
}

static int
do_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int
do_socketpair(void)
{
	int ends[2];

	return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends) < 0;
}

static int
do_clone(void)
{
	const long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0;
}

static int
do_execve(void)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	execve("/bin/true", argv, argv + 1);
	return 1;
}

static int
do_kill(void)
{
	return syscall(SYS_kill, getpid(), 0) < 0;
}

static int
do_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) < 0;
}

static int
do_prctl(void)
{
	return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0) < 0;
}

static const struct {
	const char *name;
	int (*act)(void);
} forbidden[] = { { "openat", do_openat }, { "openat2", do_openat2 }, { "socket", do_socket },
	{ "socketpair", do_socketpair }, { "clone", do_clone }, { "execve", do_execve },
	{ "kill", do_kill }, { "ptrace", do_ptrace }, { "prctl", do_prctl } };

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))

TestSuite(rpc_jail, .timeout = 60);

Test(rpc_jail, a09_control_the_calls_work_before)
{
	for (size_t i = 0; i < FORBIDDEN; i++)
		cr_expect(eq(int, in_child(forbidden[i].act, 0), 0), "%s", forbidden[i].name);
}

Test(rpc_jail, a09_files_sockets_processes_and_programs_kill_it)
{
	if (CORDON_SANITIZED || CORDON_COVERED)
		cr_skip_test("this build does not load the filter");
	for (size_t i = 0; i < FORBIDDEN; i++) {
		const int status = in_child(forbidden[i].act, LOCKED);

		cr_expect(eq(int, WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGSYS), "%s",
			forbidden[i].name);
	}
}

static int
do_its_work(void)
{
	char *memory = malloc(8u << 20), byte = 0;
	int status = memory == NULL;

	for (size_t i = 0; memory != NULL && i < 8u << 20; i += 4096)
		memory[i] = 1;
	free(memory);
	status |= write(STDERR_FILENO, &byte, 0) != 0;
	status |= fcntl(STDERR_FILENO, F_GETFD) < 0;
	return status;
}

Test(rpc_jail, a09_control_what_it_needs_works_inside)
{
	cr_expect(eq(int, in_child(do_its_work, LOCKED), 0));
}

static int
takes_too_much_memory(void)
{
	return mmap(NULL, 80u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

Test(rpc_jail, m10_memory_has_a_bound)
{
	if (CORDON_SANITIZED || CORDON_COVERED)
		cr_skip_test("this build has no bound of memory");
	cr_expect(eq(int, WEXITSTATUS(in_child(takes_too_much_memory, LOCKED)), 1));
	cr_expect(eq(int, WEXITSTATUS(in_child(takes_too_much_memory, 0)), 0), "control");
}

/* Landlock alone: as many calls are kept as the test needs. */
static int
open_below_landlock(void)
{
	static const uint32_t more[] = { SYS_openat, SYS_exit_group, SYS_prctl };
	const struct cordon_selfjail wide = {
		.calls = more, .call_count = 3, .data_bytes = 64u << 20, .files = 100
	};
	struct cordon_error err;

	if (cordon_selfjail_enter(&wide, &err) < 0)
		return 99;
	if (syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
		syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 98;
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0;
}

Test(rpc_jail, a09_files_stay_closed_where_a_filter_would_let)
{
	if (CORDON_SANITIZED || CORDON_COVERED)
		cr_skip_test("this build does not give files up");
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		cr_skip_test("this kernel has no Landlock");
	cr_expect(eq(int, in_child(open_below_landlock, 0), 0));
}
