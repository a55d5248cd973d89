/* calls: openat2 getdents64 fstat close */
#include "entries.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

int
entries_each(int workspace, const char *prefix,
	int (*fn)(void *context, const char *path, const struct dirent *entry), void *context)
{
	int fd = cordon_openat2(workspace, prefix[0] == '\0' ? "." : prefix,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (directory == NULL) {
		cordon_fd_close_p(&fd);
		return 0;
	}
	for (struct dirent *e = readdir(directory); e != NULL && result == 0;
		e = readdir(directory)) {
		char path[PATH_MAX];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] == '\0' ? "" : "/",
			    e->d_name) < (int)sizeof(path))
			result = fn(context, path, e);
		else
			result = fn(context, NULL, e);
	}
	closedir(directory);
	return result;
}

int
entries_is_directory(int workspace, const char *path, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return cordon_stat_beneath(workspace, path, &st) == 0 && S_ISDIR(st.st_mode);
}
