/* calls: openat2 getdents64 fstat close */
#include "entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

int
entries_is_absence(int sys)
{
	static const int absences[] = { ENOENT, ENOTDIR, ELOOP, EXDEV, EACCES, ENAMETOOLONG,
		ENOTCONN, ESTALE }; /* the last two: a file system whose server has gone */

	for (size_t i = 0; i < sizeof(absences) / sizeof(absences[0]); i++)
		if (sys == absences[i])
			return 1;
	return 0;
}

/* The next entry; NULL at the end, where errno is 0, or says what went wrong. */
static struct dirent *
next(DIR *directory)
{
	errno = 0;
	return readdir(directory);
}

int
entries_each(int workspace, const char *prefix,
	int (*fn)(void *context, const char *path, const struct dirent *entry), void *context)
{
	int fd = cordon_openat2(workspace, prefix[0] == '\0' ? "." : prefix,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int result = 0, sys;

	if (directory == NULL) {
		cordon_fd_close_p(&fd); /* errno stays */
		return entries_is_absence(errno) ? 0 : ENTRIES_UNREAD;
	}
	for (struct dirent *e = next(directory); e != NULL; e = next(directory)) {
		char path[PATH_MAX];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] == '\0' ? "" : "/",
			    e->d_name) < (int)sizeof(path))
			result = fn(context, path, e);
		else
			result = fn(context, NULL, e);
		if (result != 0)
			break;
	}
	sys = errno;
	(void)closedir(directory);
	errno = sys;
	return result == 0 && sys != 0 && !entries_is_absence(sys) ? ENTRIES_UNREAD : result;
}

int
entries_is_directory(int workspace, const char *path, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	if (cordon_stat_beneath(workspace, path, &st) < 0)
		return !entries_is_absence(errno);
	return S_ISDIR(st.st_mode);
}
