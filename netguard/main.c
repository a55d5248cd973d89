/* cordon-netguard: one executable for the processes of the network guard. Each is started by cordon with its role as the
 * only argument, its links from descriptor 3 on, and locks itself before it meets a stranger's bytes.
 *
 * calls: none; at start: close_range rt_sigaction getsockopt write */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "complain.h"
#include "dialer.h"
#include "keeper.h"
#include "relay.h"
#include "resolve_role.h"

static const struct role {
	const char *name;
	unsigned links; /* from descriptor 3 on */
	int (*run)(struct cordon_error *err);
} roles[] = {
	{ "dial", 1, dialer_run },
	{ "keep", 1, keeper_run },
	{ "relay", 2, relay_run },
	{ "resolve", 2, resolve_role_run },
};

static int
is_link(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* NULL: it was not cordon that started this. */
static const struct role *
find_role(int argc, char **argv)
{
	const struct role *found = NULL;

	for (size_t i = 0; argc == 2 && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			found = &roles[i];
	for (unsigned i = 0; found != NULL && i < found->links; i++)
		if (!is_link((int)(3 + i)))
			return NULL;
	return found;
}

int
main(int argc, char **argv)
{
	struct cordon_error err;
	const struct role *role;

	if (cordon_fd_valid_stdio(&err) < 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("cordon-netguard " CORDON_VERSION);
		return 0;
	}
	role = find_role(argc, argv);
	if (role == NULL) {
		fputs("cordon-netguard: this is started by cordon, not by hand\n", stderr);
		return 125;
	}
	(void)close_range(3 + role->links, ~0U, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (role->run(&err) == 0)
		return 0;
	guard_complain(role->name, err.text);
	return 1;
}
