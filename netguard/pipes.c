/* calls: pipe2 fcntl close */
#include "pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cordon/fd.h>

#define ROOM (256 * 1024) /* of a user without privileges 64 such fit the system's default bound */

int
pipes_take(struct pipes *p, struct pipes_one *ret)
{
	struct pipes_one pipe;

	if (p->kept_count > 0) {
		*ret = p->kept[--p->kept_count];
		return 0;
	}
	if (p->count == PIPES_MAX || pipe2(pipe.ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	(void)fcntl(pipe.ends[1], F_SETPIPE_SZ, ROOM); /* or smaller, as the user may have them */
	p->count++;
	*ret = pipe;
	return 0;
}

void
pipes_give(struct pipes *p, const struct pipes_one *pipe)
{
	p->kept[p->kept_count++] = *pipe; /* at most count */
}

void
pipes_close(struct pipes *p, struct pipes_one *pipe)
{
	cordon_fd_close_p(&pipe->ends[0]);
	cordon_fd_close_p(&pipe->ends[1]);
	p->count--;
}

void
pipes_finish(struct pipes *p)
{
	while (p->kept_count > 0)
		pipes_close(p, &p->kept[--p->kept_count]);
}
