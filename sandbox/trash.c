/* calls: prlimit64 close */
#include "trash.h"

#include <sys/resource.h>

#include <cordon/fd.h>

#define PLENTY \
	(8u * TRASH_MAX) /* descriptors that a process may have, so that these are not missed */

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
