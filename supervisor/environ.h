/* The environment of a run, built from nothing (M6). */
#pragma once

#include <stddef.h>

#include <cordon/error.h>
#include <cordon/profile.h>

/* extra: NAME=VALUE, or NAME to copy the caller's, of --env. cwd: becomes PWD. The result ends with
 * NULL; free it with environ_free. NULL with *err set. */
char **environ_build(const struct cordon_profile *profile, char *const *extra, size_t extra_count,
	const char *cwd, struct cordon_error *err) CORDON_CHECKED;
void environ_free(char **env);
/* The value of name in env, or NULL. */
const char *environ_get(char *const *env, const char *name);
