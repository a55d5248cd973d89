/* The profiles that can be named. */
#include <cordon/profile.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "source.h"

typedef void list_fn(void *context, const char *name, const char *description, const char *origin);

/* One that a profile of the same name stands in front of cannot be named, and is not listed. */
static void
list_one(struct cordon_strings *listed, const struct cordon_profile_places *places,
	const char *name, const char *origin, list_fn *fn, void *context)
{
	struct cordon_error err = { 0 };
	struct cordon_profile *p;

	if (strings_has(listed, name) || strings_add(listed, name) < 0)
		return;
	p = cordon_profile_load(places, name, &err);
	if (p == NULL)
		fn(context, name, err.text, origin);
	else
		fn(context, name, p->description == NULL ? "" : p->description, origin);
	cordon_profile_destroy(p);
}

static int
is_profile(const struct dirent *e)
{
	const size_t length = strlen(e->d_name);

	return length > 5 && e->d_name[0] != '.' && strcmp(e->d_name + length - 5, ".json") == 0;
}

int
cordon_profile_list(const struct cordon_profile_places *places, list_fn *fn, void *context,
	struct cordon_error *err)
{
	struct cordon_strings listed = { 0 };

	for (size_t i = 0; i < 4 && !places->builtin_only; i++) {
		struct dirent **entries = NULL;
		int count =
			places->directories[i] == NULL
				? 0
				: scandir(places->directories[i], &entries, is_profile, alphasort);

		if (count < 0 && errno != ENOENT && errno != EACCES) {
			strings_finish(&listed);
			return cordon_fail(err, CORDON_ESYS, errno, "could not list '%s'",
				places->directories[i]);
		}
		for (int k = 0; k < count; k++) {
			char name[256], origin[1024];

			snprintf(name, sizeof(name), "%.*s", (int)strlen(entries[k]->d_name) - 5,
				entries[k]->d_name);
			snprintf(origin, sizeof(origin), "%.500s/%.500s", places->directories[i],
				entries[k]->d_name);
			list_one(&listed, places, name, origin, fn, context);
			free(entries[k]);
		}
		free(entries);
	}
	for (const struct library_entry *e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, SOURCE_FLOOR) != 0)
			list_one(&listed, places, e->name, "library", fn, context);
	strings_finish(&listed);
	return 0;
}
