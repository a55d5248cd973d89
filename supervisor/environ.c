#include "environ.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define VARIABLES_MAX 4096

struct list {
	char **items;
	size_t count, capacity;
};

/* Sets NAME=VALUE, replacing an earlier one: names are unique, so that nobody reads another value
 * than was judged. */
static int
set(struct list *list, const char *name, size_t length, const char *value)
{
	const size_t value_size = strlen(value) + 1;
	char *pair = malloc(length + 1 + value_size);

	if (pair == NULL)
		return -1;
	memcpy(pair, name, length);
	pair[length] = '=';
	memcpy(pair + length + 1, value, value_size);
	for (size_t i = 0; i < list->count; i++)
		if (strncmp(list->items[i], pair, length + 1) == 0) {
			free(list->items[i]);
			list->items[i] = pair;
			return 0;
		}
	if (cordon_grow(&list->items, &list->capacity, list->count + 2, VARIABLES_MAX,
		    sizeof(*list->items)) < 0) {
		free(pair);
		return -1;
	}
	list->items[list->count++] = pair;
	list->items[list->count] = NULL;
	return 0;
}

static int
set_pair(struct list *list, const char *pair)
{
	const size_t length = strcspn(pair, "=");

	return set(list, pair, length, pair + length + 1);
}

static int
fill(struct list *list, const struct cordon_profile *profile, char *const *extra,
	size_t extra_count, const char *cwd)
{
	static const char *const fixed[] = { "HOME=/home/user", "USER=user", "LOGNAME=user",
		"PATH=/usr/local/bin:/usr/bin:/bin", "SHELL=/bin/sh", "TMPDIR=/tmp",
		"CORDON=1" }; /* a mark for programs that ask; it protects nothing */

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (set_pair(list, fixed[i]) < 0)
			return -1;
	if (set(list, "PWD", 3, cwd) < 0)
		return -1;
	for (size_t i = 0; i < profile->pass.count; i++) {
		const char *value = getenv(profile->pass.items[i]);

		if (value != NULL && set(list, profile->pass.items[i],
					     strlen(profile->pass.items[i]), value) < 0)
			return -1;
	}
	for (size_t i = 0; i < profile->set.count; i++)
		if (set_pair(list, profile->set.items[i]) < 0)
			return -1;
	for (size_t i = 0; i < extra_count; i++) {
		const char *value = strchr(extra[i], '=');

		if (value == NULL)
			value = getenv(extra[i]);
		else
			value++;
		if (value != NULL && set(list, extra[i], strcspn(extra[i], "="), value) < 0)
			return -1;
	}
	return 0;
}

char **
environ_build(const struct cordon_profile *profile, char *const *extra, size_t extra_count,
	const char *cwd, struct cordon_error *err)
{
	struct list list = { 0 };

	for (size_t i = 0; i < extra_count; i++)
		if (extra[i][0] == '\0' || extra[i][0] == '=') {
			cordon_fail(err, CORDON_EINPUT, 0,
				"--env needs NAME or NAME=VALUE, not '%.60s'", extra[i]);
			return NULL;
		}
	if (fill(&list, profile, extra, extra_count, cwd) < 0) {
		environ_free(list.items);
		cordon_fail(err, CORDON_ELIMIT, 0, "the environment has more than %d variables",
			VARIABLES_MAX);
		return NULL;
	}
	return list.items;
}

void
environ_free(char **env)
{
	cordon_vector_free(env);
}

const char *
environ_get(char *const *env, const char *name)
{
	const size_t length = strlen(name);

	for (size_t i = 0; env[i] != NULL; i++)
		if (strncmp(env[i], name, length) == 0 && env[i][length] == '=')
			return env[i] + length + 1;
	return NULL;
}
