/* The dialer taken over: it may connect, which is its work, and nothing else (A13). The control is the same call in the
 * same process before it locks itself. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dial_calls.h"
#include "jail_tries.h"

static const struct cordon_selfjail jail = { .calls = dial_calls,
	.call_count = sizeof(dial_calls) / sizeof(dial_calls[0]),
	.data_bytes = 64u << 20,
	.files = 100,
	.connects = 1 };

static const struct jail_try *const forbidden[] = { &jail_socket_unix, &jail_socket_netlink,
	&jail_binds, &jail_opens, &jail_clones, &jail_executes };

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))

TestSuite(dial_jail, .timeout = 60);

Test(dial_jail, a13_control_the_calls_work_before)
{
	jail_allows_before(forbidden, FORBIDDEN);
}

Test(dial_jail, a13_files_other_sockets_processes_and_programs_kill_it)
{
	jail_kills(&jail, forbidden, FORBIDDEN);
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
	cr_expect(eq(int, jail_in_child(NULL, connects), 0));
	cr_expect(eq(int, jail_in_child(&jail, connects), 0));
}
