/* cordon-launcher: started by a monitor with its link as descriptor 3. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launcher.h>

int
main(int argc, char **argv)
{
	struct cordon_error err;
	int type = 0;
	socklen_t length = sizeof(type);

	if (cordon_fd_valid_stdio(&err) < 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("cordon-launcher " CORDON_VERSION);
		return 0;
	}
	if (getsockopt(3, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET) {
		fputs("cordon-launcher: this is started by cordon, not by hand\n", stderr);
		return 125;
	}
	return cordon_launcher_main(3);
}
