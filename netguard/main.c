/* cordon-netguard: one executable for the processes of the network guard. Each is started by cordon with its role as the
 * only argument, its links from descriptor 3 on, and locks itself before it meets a stranger's bytes.
 *
 * calls: none */
#include "dialer.h"
#include "keeper.h"
#include "relay.h"
#include "resolve_role.h"
#include "start.h"

static const struct guard_role roles[] = {
	{ "dial", 1, dialer_run },
	{ "keep", 1, keeper_run },
	{ "relay", 2, relay_run },
	{ "resolve", 2, resolve_role_run },
};

int
main(int argc, char **argv)
{
	return guard_main("cordon-netguard", roles, sizeof(roles) / sizeof(roles[0]), argc, argv);
}
