/* Which bytes may run. In `strict` nothing that the run can write: not by the dynamic loader, not by a
 * mapping, not as a memory file, not in /tmp. The same is allowed in `default`, where the workspace is
 * executable; there these are no attacks. Red without noexec on the mounts, and without the rule on
 * memfd_create. Programs are run with the argument of an attack that answers at once. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

#ifdef __x86_64__
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#else
#define LOADER "/lib/ld-linux-aarch64.so.1"
#endif

extern char **environ;

/* Runs what start executes and tells how that went. */
static _Noreturn void
try(void (*start)(const void *), const void *with, const char *what)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		dup2(null, 2);
		start(with);
		_exit(errno == EACCES || errno == EPERM ? 20 : 127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		broken("fork");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		escaped("%s was executed", what);
	held("%s: %s", what,
		WIFEXITED(status) && WEXITSTATUS(status) == 20 ? "not permitted"
							       : "it did not run");
}

static void
by_loader(const void *program)
{
	execl(LOADER, LOADER, (const char *)program, (char *)NULL);
}

/* PROGRAM by way of the dynamic loader, which only reads and maps it. */
void
attack_through_loader(char **argv)
{
	try(by_loader, argument(argv, 1), "a program by way of the loader");
}

/* FILE mapped as code. */
void
attack_mapped_executable(char **argv)
{
	int fd = open(argument(argv, 1), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		held_by_errno(argv[1]);
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		held_by_errno("mapping a file as code");
	escaped("a file was mapped as code");
}

/* A copy of PROGRAM in a new file. */
static void
copy(const char *program, int to)
{
	int from = open(program, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		broken("could not read '%s'", program);
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	close(from);
}

static void
by_descriptor(const void *fd)
{
	char name[] = "program", *const arguments[] = { name, NULL };

	syscall(SYS_execveat, *(const int *)fd, "", arguments, environ, AT_EMPTY_PATH);
}

/* PROGRAM copied to a memory file. */
void
attack_memory_file(char **argv)
{
	const char *program = argument(argv, 1);
	int fd = memfd_create("program", MFD_CLOEXEC);

	if (fd < 0)
		held_by_errno("memfd_create");
	copy(program, fd);
	(void)!fchmod(fd, 0755);
	try(by_descriptor, &fd, "a memory file");
}

static void
by_name(const void *path)
{
	execl(path, path, (char *)NULL);
}

/* PROGRAM copied to PLACE. */
void
attack_copied_program(char **argv)
{
	const char *program = argument(argv, 1), *place = argument(argv, 2);
	int fd = open(place, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

	if (fd < 0)
		held_by_errno(place);
	copy(program, fd);
	close(fd);
	try(by_name, place, "a copied program");
}
