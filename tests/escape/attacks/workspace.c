/* A03: what starts code later on the host cannot be written, made or replaced in the workspace. Red when
 * `protect` is not applied; the renames when the directories above are not bound onto themselves; the
 * absent names without placeholders. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attacks.h"

static const char text[] = "#!/bin/sh\ntouch owned\n";

/* FILE, new or old. */
void
attack_write_file(char **argv)
{
	const char *path = argument(argv, 1);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	verdict(fd < 0 ? -1 : write(fd, text, sizeof(text) - 1), path);
}

void
attack_make_directory(char **argv)
{
	verdict(mkdir(argument(argv, 1), 0755), argv[1]);
}

/* TARGET NAME */
void
attack_make_symlink(char **argv)
{
	verdict(symlink(argument(argv, 1), argument(argv, 2)), argv[2]);
}

/* FROM TO: also a way to take a protected thing away. */
void
attack_rename_path(char **argv)
{
	verdict(rename(argument(argv, 1), argument(argv, 2)), argv[1]);
}

/* FILE NAME: NAME becomes a second name of FILE and is written. */
void
attack_link_and_write(char **argv)
{
	const char *path = argument(argv, 1), *name = argument(argv, 2);
	int fd;

	if (link(path, name) < 0)
		held_by_errno("link");
	fd = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
	verdict(fd < 0 ? -1 : write(fd, "#\n", 2), name);
}
