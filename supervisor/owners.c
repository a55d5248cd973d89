#include "owners.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ENTRIES_MAX 1000

int
owners_find_foreign(const char *workspace, char *name, size_t room)
{
	DIR *directory = opendir(workspace);
	struct stat own, st;
	int found = 0;

	if (directory == NULL)
		return 0;
	if (fstat(dirfd(directory), &own) == 0)
		for (int i = 0; i < ENTRIES_MAX && !found; i++) {
			const struct dirent *e = readdir(directory);

			if (e == NULL)
				break;
			found = strcmp(e->d_name, "..") != 0 &&
				fstatat(dirfd(directory), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
					0 &&
				st.st_uid != own.st_uid;
			if (found)
				snprintf(name, room, "%s", e->d_name);
		}
	closedir(directory);
	return found;
}
