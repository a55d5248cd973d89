/* The launch that a prepared pid 1 waits for: everything that was not known when it was cloned, in one
 * message of base's link format over its link to the launcher. */
#pragma once

#include "setup.h"

/* The launcher: sends launch, the covers in s and fds. Returns 0, or -1 with *err set. */
int release_send(int link, const struct cordon_launch *launch, const struct sandbox_covers *covers,
	const int *fds, unsigned fd_count, struct cordon_error *err) CORDON_CHECKED;

/* pid 1: waits for it, and puts it into s; or for the end of the lifeline. Returns 0, or -1 when there is
 * none. It allocates; no other process shares this memory. */
int release_await(struct sandbox_setup *s);
