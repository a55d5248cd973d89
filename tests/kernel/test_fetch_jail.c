/* The fetch taken over: it has the sockets that it was given, and can make and reach nothing (A13). The control is the same
 * call in the same process before it locks itself. */
#include <criterion/criterion.h>

#include "fetch_calls.h"
#include "jail_tries.h"

static const struct cordon_selfjail jail = { .calls = fetch_calls,
	.call_count = sizeof(fetch_calls) / sizeof(fetch_calls[0]),
	.data_bytes = 64u << 20,
	.files = 100 };

static const struct jail_try *const forbidden[] = { &jail_socket_inet, &jail_socket_inet6,
	&jail_socket_unix, &jail_socket_netlink, &jail_pairs, &jail_connects, &jail_binds,
	&jail_opens, &jail_clones, &jail_executes };

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))

TestSuite(fetch_jail, .timeout = 60);

Test(fetch_jail, a13_control_the_calls_work_before)
{
	jail_allows_before(forbidden, FORBIDDEN);
}

Test(fetch_jail, a13_sockets_files_processes_and_programs_kill_it)
{
	jail_kills(&jail, forbidden, FORBIDDEN);
}
