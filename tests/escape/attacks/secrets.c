/* M6, T-DISC-004: nothing of the caller's environment, files or shared memory is in a run. Red when the
 * environment is inherited, when the root is not built from nothing, and without the ipc namespace. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "attacks.h"

extern char **environ;

static int
contains(const char *path, const char *text)
{
	static char buffer[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer));

	if (fd >= 0)
		close(fd);
	return got > 0 && memmem(buffer, (size_t)got, text, strlen(text)) != NULL;
}

/* A value that the caller has, in our environment or in that of any process we can see. */
void
attack_parent_environment(char **argv)
{
	const char *secret = argument(argv, 1);
	glob_t found;

	for (char **e = environ; *e != NULL; e++)
		if (strstr(*e, secret) != NULL)
			escaped("the environment has the secret");
	if (glob("/proc/[0-9]*/environ", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (contains(found.gl_pathv[i], secret))
				escaped("%s has the secret", found.gl_pathv[i]);
	held("the secret is in no environment");
}

/* A file of the host's by its own name. */
void
attack_read_file(char **argv)
{
	const char *path = argument(argv, 1);

	verdict(open(path, O_RDONLY | O_CLOEXEC), path);
}

/* A System V shared memory segment of the host's. */
void
attack_sysv_memory(char **argv)
{
	verdict(shmget((key_t)number(argv, 1), 0, 0), "the host's shared memory");
}

/* The same, POSIX. */
void
attack_posix_memory(char **argv)
{
	verdict(shm_open(argument(argv, 1), O_RDONLY, 0), "the host's shared memory file");
}
