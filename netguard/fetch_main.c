/* cordon-fetch: one process for one fetch, started by cordon with its links from descriptor 3 on. An executable of its own,
 * since libcurl and what it stands on would be in the others' memory and start (docs/decisions/0017).
 *
 * calls: none */
#include "fetch_role.h"
#include "start.h"

int
main(int argc, char **argv)
{
	static const struct guard_role role = { NULL, 2, fetch_role_run };

	return guard_main("cordon-fetch", &role, 1, argc, argv);
}
