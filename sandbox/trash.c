/* calls: prlimit64 close clone exit wait4 */
#include "trash.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>

#define PLENTY \
	(8u * TRASH_MAX) /* descriptors that a process may have, so that these are not missed */
#define WAYS  8 /* closing at the same time */
#define STACK 4096

void
trash_put(struct trash *trash, int fd)
{
	CORDON_CLOSE int now = fd;
	struct rlimit limit;

	if (trash != NULL && trash->count < TRASH_MAX && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		limit.rlim_cur >= PLENTY)
		trash->fds[trash->count++] = cordon_fd_take(&now);
}

void
trash_close_one(struct trash *trash)
{
	cordon_fd_close_p(&trash->fds[--trash->count]);
}

struct share {
	const struct trash *trash;
	unsigned first; /* and each WAYS further on */
};

/* In a process that shares our memory and our descriptors while we wait for it: system calls only. */
static int
close_share(void *context)
{
	const struct share *share = context;

	for (unsigned i = share->first; i < share->trash->count; i += WAYS)
		(void)syscall(SYS_close, share->trash->fds[i]);
	return 0;
}

void
trash_close_all(struct trash *trash)
{
	_Alignas(16) char stacks[WAYS][STACK];
	struct share shares[WAYS];
	pid_t helpers[WAYS];

	for (unsigned i = WAYS; i > 0; i--) {
		shares[i - 1] = (struct share){ trash, i - 1 };
		helpers[i - 1] = -1;
		if (i > 1 && i <= trash->count)
			helpers[i - 1] = clone(close_share, stacks[i - 1] + STACK,
				CLONE_VM | CLONE_FILES | SIGCHLD, &shares[i - 1]);
		if (helpers[i - 1] < 0) /* the first is ours, and what nobody could be had for */
			(void)close_share(&shares[i - 1]);
	}
	for (unsigned i = 0; i < WAYS; i++)
		while (helpers[i] > 0 && waitpid(helpers[i], NULL, 0) < 0 && errno == EINTR)
			;
	trash->count = 0;
}
