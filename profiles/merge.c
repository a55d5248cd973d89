/* What a layer may do to what it extends, and how it is told that it may not. */
#include "merge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
merge_may_widen(const struct merge *m, const char *key)
{
	if (m->base)
		return 1;
	for (size_t i = 0; i < m->layer->widens.count; i++) {
		const char *entry = m->layer->widens.items[i];
		const size_t length = strlen(entry);

		if (strncmp(key, entry, length) == 0 && (key[length] == '\0' || key[length] == '.'))
			return 1;
	}
	return 0;
}

int
merge_says_widens(const struct merge *m, const char *key)
{
	struct merge as_child = *m;

	as_child.base = 0;
	return merge_may_widen(&as_child, key);
}

int
merge_need_widens_at(const struct merge *m, const char *place, const char *key, const char *what)
{
	if (merge_may_widen(m, key))
		return 0;
	return layer_fail(m->text, m->size, m->file, place, m->err,
		"'%s' %s, which goes beyond what this profile extends; if that is meant, add "
		"\"%s\" to \"widens\"",
		key, what, key);
}

int
merge_need_widens(const struct merge *m, const char *key, const char *what)
{
	char place[128];

	snprintf(place, sizeof(place), "%s", key);
	for (char *dot = strchr(place, '.'); dot != NULL; dot = strchr(dot, '.'))
		*dot = '/';
	return merge_need_widens_at(m, place, key, what);
}

int
merge_no_memory(const struct merge *m)
{
	return cordon_fail(m->err, CORDON_ESYS, ENOMEM, "could not merge profile '%s'", m->file);
}

int
merge_limit(const struct merge *m, const char *key, int has, uint64_t *limit, uint64_t child)
{
	if (!has)
		return 0;
	if (child > *limit && merge_need_widens(m, key, "is higher") < 0)
		return -1;
	*limit = child;
	return 0;
}
