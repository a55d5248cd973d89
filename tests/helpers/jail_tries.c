#include "jail_tries.h"

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

static int
makes(int family)
{
	return syscall(SYS_socket, family, family == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0) < 0;
}

static int
makes_unix(void)
{
	return makes(AF_UNIX);
}

static int
makes_netlink(void)
{
	return makes(AF_NETLINK);
}

static int
makes_inet(void)
{
	return makes(AF_INET);
}

static int
makes_inet6(void)
{
	return makes(AF_INET6);
}

static int
binds(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	const int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

	return fd < 0 || syscall(SYS_bind, fd, (const struct sockaddr *)&any, sizeof(any)) < 0;
}

/* On a descriptor that is no socket, so that the call alone is looked at. */
static int
connects(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 1 };

	return syscall(SYS_connect, 0, (const struct sockaddr *)&to, sizeof(to)) == 0 ||
	       (errno != ENOTSOCK && errno != EBADF && errno != ECONNREFUSED);
}

static int
pairs(void)
{
	int ends[2];

	return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends) < 0;
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

const struct jail_try jail_opens = { "openat", opens }, jail_clones = { "clone", clones },
		      jail_executes = { "execve", executes },
		      jail_socket_unix = { "socket(AF_UNIX)", makes_unix },
		      jail_socket_netlink = { "socket(AF_NETLINK)", makes_netlink },
		      jail_socket_inet = { "socket(AF_INET)", makes_inet },
		      jail_socket_inet6 = { "socket(AF_INET6)", makes_inet6 },
		      jail_connects = { "connect", connects }, jail_binds = { "bind", binds },
		      jail_pairs = { "socketpair", pairs };

int
jail_in_child(const struct cordon_selfjail *jail, int (*act)(void))
{
	struct cordon_error err;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (jail != NULL && cordon_selfjail_enter(jail, &err) < 0)
			_exit(99);
		_exit(act());
	}
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return status;
}

void
jail_allows_before(const struct jail_try *const *tries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(int, jail_in_child(NULL, tries[i]->act), 0), "%s", tries[i]->name);
}

void
jail_kills(const struct cordon_selfjail *jail, const struct jail_try *const *tries, size_t count)
{
	if (CORDON_SANITIZED || CORDON_COVERED)
		cr_skip_test("this build does not load the filter");
	for (size_t i = 0; i < count; i++) {
		const int status = jail_in_child(jail, tries[i]->act);

		cr_expect(eq(int, WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGSYS), "%s",
			tries[i]->name);
	}
}
