/* cordon-rpc: the jailed process that speaks with one caller. Started by a monitor, with the caller's bytes
 * as descriptors 0 and 1 and the link as 3. It parses what a stranger sends and holds the pipes of that
 * stranger's runs; taken over, it is that caller (A09).
 *
 * calls: none; at start: close_range rt_sigaction getrandom getsockopt prlimit64 write */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/selfjail.h>

#include "rpc.h"
#include "rpc_calls.h" /* made by cmake/CollectCalls.cmake */

#define LINK       3
#define DATA_BYTES (512ull << 20)
#define FILES      (3ull * RPC_RUNS + RUNS_FILES)

static int
is_link(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

/* As many descriptors as the jail will leave. */
static uint64_t
files(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < FILES ? limit.rlim_max
									       : FILES;
}

/* Everything that needs more than the jail leaves. */
static int
open_all(struct rpc *rpc, struct cordon_error *err)
{
	uint64_t secret[7];

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return cordon_fail(err, CORDON_ESYS, errno, "could not get random bytes");
	rpc->loop = cordon_loop_create(err);
	if (rpc->loop == NULL)
		return -1;
	requests_init(&rpc->requests);
	runs_init(rpc, secret, files());
	jsonrpc_prepare((size_t)secret[6]);
	in_open(&rpc->in, rpc, STDIN_FILENO);
	if (out_open(&rpc->out, rpc, rpc->loop, STDOUT_FILENO, err) < 0 ||
		link_open(&rpc->link, rpc, LINK, err) < 0)
		return -1;
	/* Memory that a large line or answer needed is given back. */
	(void)mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	return 0;
}

static int
serve(struct rpc *rpc, struct cordon_error *err)
{
	const struct cordon_selfjail jail = { .calls = rpc_calls,
		.call_count = sizeof(rpc_calls) / sizeof(rpc_calls[0]),
		.data_bytes = DATA_BYTES,
		.files = FILES };

	if (open_all(rpc, err) < 0 || cordon_selfjail_enter(&jail, err) < 0 ||
		cordon_link_send(LINK, RPC_READY, NULL, 0, NULL, 0, err) < 0)
		return -1;
	return cordon_loop_run(rpc->loop, err);
}

static void
finish(struct rpc *rpc)
{
	cordon_timer_remove(rpc->closing);
	link_finish(&rpc->link);
	in_finish(&rpc->in);
	out_finish(&rpc->out);
	requests_finish(rpc);
	runs_finish(rpc);
	sessions_finish(&rpc->sessions);
	rpc_welcome_finish(&rpc->welcome);
	cordon_loop_destroy(rpc->loop);
	free(rpc);
}

int
main(int argc, char **argv)
{
	struct cordon_error err;
	struct rpc *rpc;
	int result;

	if (cordon_fd_valid_stdio(&err) < 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("cordon-rpc " CORDON_VERSION);
		return 0;
	}
	if (!is_link(LINK)) {
		fputs("cordon-rpc: this is started by cordon, not by hand\n", stderr);
		return 125;
	}
	(void)close_range(LINK + 1, ~0U, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	rpc = cordon_array(1, sizeof(*rpc));
	if (rpc == NULL)
		return 1;
	result = serve(rpc, &err);
	if (result < 0)
		dprintf(STDERR_FILENO, "cordon-rpc: %s\n", err.text);
	finish(rpc);
	return result < 0;
}
