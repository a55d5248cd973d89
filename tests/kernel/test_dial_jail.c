/* The dialer taken over: it may connect, which is its work, and nothing else (A13). The control is the same call in the
 * same process before it locks itself. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/selfjail.h>

#include "dial_calls.h"

/* Does act in a child, first locked or not. Returns its wait status. */
static int
in_child(int (*act)(void), int locked)
{
	const struct cordon_selfjail jail = { .calls = dial_calls,
		.call_count = sizeof(dial_calls) / sizeof(dial_calls[0]),
		.data_bytes = 64u << 20,
		.files = 100,
		.connects = 1 };
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
makes(int family, int type, int protocol)
{
	return syscall(SYS_socket, family, type, protocol) < 0;
}

static int
makes_unix(void)
{
	return makes(AF_UNIX, SOCK_STREAM, 0);
}

static int
makes_netlink(void)
{
	return makes(AF_NETLINK, SOCK_RAW, 0);
}

static int
binds(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	const int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

	return fd < 0 || syscall(SYS_bind, fd, (const struct sockaddr *)&any, sizeof(any)) < 0;
}

static int
opens(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0;
}

static int
clones(void)
{
	const long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0;
}

static int
executes(void)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	execve("/bin/true", argv, argv + 1);
	return 1;
}

static const struct {
	const char *name;
	int (*act)(void);
} forbidden[] = { { "socket(AF_UNIX)", makes_unix }, { "socket(AF_NETLINK)", makes_netlink },
	{ "bind", binds }, { "openat", opens }, { "clone", clones }, { "execve", executes } };

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))

TestSuite(dial_jail, .timeout = 60);

Test(dial_jail, a13_control_the_calls_work_before)
{
	for (size_t i = 0; i < FORBIDDEN; i++)
		cr_expect(eq(int, in_child(forbidden[i].act, 0), 0), "%s", forbidden[i].name);
}

Test(dial_jail, a13_files_other_sockets_processes_and_programs_kill_it)
{
	if (CORDON_SANITIZED || CORDON_COVERED)
		cr_skip_test("this build does not load the filter");
	for (size_t i = 0; i < FORBIDDEN; i++) {
		const int status = in_child(forbidden[i].act, 1);

		cr_expect(eq(int, WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGSYS), "%s",
			forbidden[i].name);
	}
}

/* Nobody listens there, so the kernel refuses; Landlock or the filter would do otherwise. */
static int
connects(void)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (unsigned i = 0; i < 2; i++) {
		const struct sockaddr_in in = { .sin_family = AF_INET,
			.sin_port = htons(1),
			.sin_addr = { htonl(INADDR_LOOPBACK) } };
		const struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
			.sin6_port = htons(1),
			.sin6_addr = IN6ADDR_LOOPBACK_INIT };
		const int fd = (int)syscall(SYS_socket, families[i], SOCK_STREAM, 0);
		const int result = i == 0 ? connect(fd, (const struct sockaddr *)&in, sizeof(in))
					  : connect(fd, (const struct sockaddr *)&in6, sizeof(in6));

		if (result == 0 ||
			(errno != ECONNREFUSED && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT))
			return 1;
	}
	return 0;
}

Test(dial_jail, a13_control_it_connects_inside)
{
	cr_expect(eq(int, in_child(connects, 0), 0));
	cr_expect(eq(int, in_child(connects, 1), 0));
}
