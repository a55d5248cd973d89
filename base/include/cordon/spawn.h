/* Starting a helper of ours: an executable of cordon's own, with a list of descriptors and nothing else. */
#pragma once

#include <cordon/error.h>

#define CORDON_SPAWN_FDS 8

/* Executes path as name with an empty environment. fds[i] becomes its descriptor i; every other one is
 * closed, all signals are at their defaults and none is blocked. *ret_pidfd becomes readable when it
 * ends. Returns its pid, or -1 with *err set; that path cannot be executed shows as exit status 127.
 * See clone3(2), close_range(2). */
int cordon_spawn(const char *path, const char *name, const int *fds, unsigned fd_count,
	int *ret_pidfd, struct cordon_error *err) CORDON_CHECKED;

/* The same for an executable that has several roles: role is its only argument. */
int cordon_spawn_role(const char *path, const char *name, const char *role, const int *fds,
	unsigned fd_count, int *ret_pidfd, struct cordon_error *err) CORDON_CHECKED;
