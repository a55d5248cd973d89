/* calls: none; at start: close_range rt_sigaction getsockopt write */
#include "start.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "complain.h"

static int
is_link(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* NULL: it was not cordon that started this. */
static const struct guard_role *
find_role(const struct guard_role *roles, size_t count, int argc, char **argv)
{
	const struct guard_role *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (roles[i].name == NULL ? argc == 1
					  : argc == 2 && strcmp(argv[1], roles[i].name) == 0)
			found = &roles[i];
	for (unsigned i = 0; found != NULL && i < found->links; i++)
		if (!is_link((int)(3 + i)))
			return NULL;
	return found;
}

int
guard_main(const char *program, const struct guard_role *roles, size_t count, int argc, char **argv)
{
	const struct guard_role *role;
	struct cordon_error err;
	char who[64];

	if (cordon_fd_valid_stdio(&err) < 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program, CORDON_VERSION);
		return 0;
	}
	role = find_role(roles, count, argc, argv);
	if (role == NULL) {
		fprintf(stderr, "%s: this is started by cordon, not by hand\n", program);
		return 125;
	}
	(void)close_range(3 + role->links, ~0U, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (role->run(&err) == 0)
		return 0;
	(void)snprintf(who, sizeof(who), "%s%s%s", program, role->name == NULL ? "" : " ",
		role->name == NULL ? "" : role->name);
	guard_complain(who, err.text);
	return 1;
}
