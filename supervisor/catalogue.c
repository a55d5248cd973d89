#include "catalogue.h"

#include <string.h>

static const struct cordon_profile *
find(const struct catalogue *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->profiles[i]->name, name) == 0)
			return c->profiles[i];
	return NULL;
}

int
catalogue_load(struct catalogue *ret, const struct cordon_profile_places *places,
	const char *const *names, size_t count, struct cordon_error *err)
{
	struct catalogue c = { .count = 0 };

	for (size_t i = 0; i < count; i++) {
		struct cordon_profile *profile = NULL;

		if (c.count == CATALOGUE_MAX)
			(void)cordon_fail(err, CORDON_ELIMIT, 0, "more than %d profiles were named",
				CATALOGUE_MAX);
		else
			profile = cordon_profile_load(places, names[i], err);
		if (profile != NULL && find(&c, profile->name) != NULL) {
			(void)cordon_fail(err, CORDON_EINPUT, 0,
				"two of the profiles are called '%s'", profile->name);
			cordon_profile_destroy(profile);
			profile = NULL;
		}
		if (profile == NULL) {
			catalogue_finish(&c);
			return -1;
		}
		c.profiles[c.count++] = profile;
	}
	*ret = c;
	return 0;
}

void
catalogue_finish(struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		cordon_profile_destroy(c->profiles[i]);
	c->count = 0;
}

const struct cordon_profile *
catalogue_find(const struct catalogue *c, const char *name, struct cordon_error *err)
{
	const struct cordon_profile *profile = name[0] == '\0' ? c->profiles[0] : find(c, name);

	if (profile != NULL)
		return profile;
	cordon_fail(err, CORDON_EINPUT, 0, "there is no profile '%s' for this caller", name);
	(void)cordon_because(err, "profile.unknown");
	return NULL;
}
