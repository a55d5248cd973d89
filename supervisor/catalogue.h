/* The profiles that callers of a pipe may name (A15): loaded before the first caller is heard, and never
 * again. A caller names one of them, or gets the first; a name that is not here and one that does not
 * exist are the same. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>
#include <cordon/profile.h>

#define CATALOGUE_MAX 64

struct catalogue {
	struct cordon_profile *profiles[CATALOGUE_MAX];
	size_t count; /* at least one; the first is the default */
};

/* names: profiles by name or file, as for --profile. Returns 0, or -1 with *err set. */
int catalogue_load(struct catalogue *ret, const struct cordon_profile_places *places,
	const char *const *names, size_t count, struct cordon_error *err) CORDON_CHECKED;
void catalogue_finish(struct catalogue *c);
/* name "": the default. NULL with *err set (profile.unknown). */
const struct cordon_profile *catalogue_find(
	const struct catalogue *c, const char *name, struct cordon_error *err) CORDON_CHECKED;
