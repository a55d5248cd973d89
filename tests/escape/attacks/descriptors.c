/* A02, M6: what a caller has open, or stands in, is not the run's. Red without the close_range(2) before
 * the payload, when cwd is inherited instead of opened again inside the run's root, and when a host
 * file is passed as standard input instead of relayed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attacks.h"

/* Anything open beside the standard streams. */
void
attack_leaked_descriptor(char **argv)
{
	DIR *list = opendir("/proc/self/fd");
	struct dirent *entry;

	(void)argv;
	if (list == NULL)
		broken("no /proc/self/fd");
	while ((entry = readdir(list)) != NULL) {
		char link[300], target[256];
		int fd = atoi(entry->d_name);
		ssize_t length;

		if (entry->d_name[0] == '.' || fd <= 2 || fd == dirfd(list))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%s", entry->d_name);
		length = readlink(link, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		escaped("descriptor %d is '%s'", fd, target);
	}
	held("only the standard streams are open");
}

/* A file of the host's through any directory descriptor, the standard streams included. */
void
attack_leaked_directory(char **argv)
{
	const char *name = argument(argv, 1);

	for (int fd = 0; fd < 1024; fd++) {
		int file = openat(fd, name, O_RDONLY | O_CLOEXEC);
		struct stat st;

		if (file >= 0)
			escaped("'%s' was opened by way of descriptor %d", name, fd);
		/* Landlock may refuse what lies behind it; it should not be here at all. */
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			escaped("descriptor %d is a directory", fd);
	}
	held("no descriptor leads to '%s'", name);
}

/* The same by way of the working directory, and the one above it. */
void
attack_leaked_cwd(char **argv)
{
	const char *name = argument(argv, 1);
	char above[512], cwd[4096];

	snprintf(above, sizeof(above), "../%s", name);
	if (open(name, O_RDONLY | O_CLOEXEC) >= 0 || open(above, O_RDONLY | O_CLOEXEC) >= 0)
		escaped("'%s' was opened by way of the working directory", name);
	if (getcwd(cwd, sizeof(cwd)) == NULL || cwd[0] != '/')
		escaped("the working directory lies outside of the root");
	held_by_errno(above);
}

/* Standard input was opened for reading; /proc/self/fd/0 opens it for writing. */
void
attack_stdin_reopened(char **argv)
{
	struct stat st;
	int fd;

	(void)argv;
	if (fstat(0, &st) < 0)
		held_by_errno("standard input");
	if (!S_ISREG(st.st_mode))
		held("standard input is no file");
	fd = open("/proc/self/fd/0", O_WRONLY | O_CLOEXEC);
	verdict(fd, "standard input opened for writing");
}

/* Standard output was opened for appending; that does not keep it from being emptied. */
void
attack_stdout_emptied(char **argv)
{
	(void)argv;
	verdict(ftruncate(1, 0), "standard output emptied");
}
