/* A file that is to be executed: where it really is, and who could put another in its place (A06). */
#pragma once

#include <cordon/action.h>
#include <cordon/error.h>

/* Follows path, absolute, link by link, looking at each directory on the way. Fills path, real, identity,
 * size, owner and mode of *ret, which the caller finishes with its action, also after an error. Returns 0,
 * or -1 with *err set: CORDON_EPOLICY for what is no regular file or cannot be looked at. */
int file_way_look(
	const char *path, struct cordon_action_file *ret, struct cordon_error *err) CORDON_CHECKED;
