#include "own_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/path.h>

/* Resolves the links of path as far as it exists; the rest is taken as it is. For comparisons only,
 * nothing is opened by the result. Returns 1 when all of it exists. */
static int
resolve(const char *path, char out[PATH_MAX])
{
	char head[PATH_MAX], resolved[PATH_MAX];
	size_t length = strnlen(path, PATH_MAX - 1);

	memcpy(head, path, length);
	head[length] = '\0';
	if (realpath(head, out) != NULL)
		return 1;
	while (length > 0) {
		while (length > 0 && head[length] != '/')
			length--;
		head[length] = '\0';
		if (realpath(length == 0 ? "/" : head, resolved) == NULL)
			continue;
		if (snprintf(out, PATH_MAX, "%s%s", strcmp(resolved, "/") == 0 ? "" : resolved,
			    path + length) < PATH_MAX)
			return 0;
	}
	snprintf(out, PATH_MAX, "%.*s", PATH_MAX - 1, path);
	return 0;
}

int
own_files_meet(const struct config *config, const char *path, enum own_files_scope scope,
	char where[PATH_MAX])
{
	char user[64], temporary[64], runtime[PATH_MAX] = "";
	const char *variable = getenv("XDG_RUNTIME_DIR");
	const char *const places[] = { config->user_directory, config->state_directory,
		config->ledger_path, config->ledger_witness, runtime, user, temporary,
		"/etc/cordon", "/var/lib/cordon", "/run/cordon" };

	snprintf(user, sizeof(user), "/run/user/%u/cordon", getuid());
	snprintf(temporary, sizeof(temporary), "/tmp/cordon-%u", getuid());
	if (variable != NULL && variable[0] == '/' && strlen(variable) < PATH_MAX - 16)
		snprintf(runtime, sizeof(runtime), "%s/cordon", variable);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int exists;

		if (places[i] == NULL || places[i][0] == '\0')
			continue;
		exists = resolve(places[i], where);
		if ((exists || scope == OWN_FILES_POSSIBLE) &&
			(cordon_path_within(where, path) || cordon_path_within(path, where)))
			return 1;
	}
	return 0;
}
