#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>

static int
is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 022) == 0;
}

void
runtime_places(char paths[RUNTIME_PLACES][PATH_MAX])
{
	const char *variable = getenv("XDG_RUNTIME_DIR");
	char parent[64];

	paths[0][0] = paths[1][0] = '\0';
	snprintf(parent, sizeof(parent), "/run/user/%u", geteuid());
	if (is_ours(parent))
		snprintf(paths[0], PATH_MAX, "%s/cordon", parent);
	if (variable != NULL && variable[0] == '/' && strcmp(variable, parent) != 0 &&
		strlen(variable) < PATH_MAX - 16 && is_ours(variable))
		snprintf(paths[1], PATH_MAX, "%s/cordon", variable);
	snprintf(paths[2], PATH_MAX, "/tmp/cordon-%u", geteuid());
}

int
runtime_open(const char *path, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return cordon_fail(err, CORDON_ENOTFOUND, 0, "there is no '%s'", path);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"'%s' is not a directory of ours with mode 0700; remove it, or set "
			"XDG_RUNTIME_DIR",
			path);
		return cordon_because(err, "floor.layout");
	}
	return cordon_fd_take(&fd);
}

int
runtime_make(char path[PATH_MAX], struct cordon_error *err)
{
	char places[RUNTIME_PLACES][PATH_MAX];

	runtime_places(places);
	for (size_t i = 0; i < RUNTIME_PLACES; i++) {
		if (places[i][0] == '\0')
			continue;
		if (mkdir(places[i], 0700) < 0 && errno != EEXIST && i + 1 < RUNTIME_PLACES)
			continue;
		memcpy(path, places[i], PATH_MAX);
		return runtime_open(path, err);
	}
	return cordon_fail(err, CORDON_ENOTFOUND, 0, "there is no place for sockets");
}
