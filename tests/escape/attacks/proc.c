/* A02, A11, A40: /proc is the run's own, shows the run's processes alone, has no knobs of the kernel,
 * and leads to nothing of the host. Red without the pid namespace, without subset=pid and hidepid, when
 * pid 1 is dumpable, or when the payload is started from a descriptor of a host mount. */
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

/* A file of the host's below the root or working directory of any process. */
void
attack_proc_root(char **argv)
{
	static const char *const links[] = { "root", "cwd/../../../../../../.." };
	const char *path = argument(argv, 1);
	char name[4096];
	glob_t found;

	if (glob("/proc/[0-9]*", 0, NULL, &found) != 0)
		held("no process can be seen");
	for (size_t i = 0; i < found.gl_pathc; i++)
		for (size_t k = 0; k < 2; k++) {
			snprintf(name, sizeof(name), "%s/%s%s", found.gl_pathv[i], links[k], path);
			if (open(name, O_RDONLY | O_CLOEXEC) >= 0)
				escaped("%s", name);
		}
	held("no root of a process leads to it");
}

/* A knob of the kernel, opened for writing and left as it is. */
void
attack_proc_open(char **argv)
{
	const char *path = argument(argv, 1);

	verdict(open(path, O_WRONLY | O_CLOEXEC), path);
}

/* The program that another process runs, opened for writing. A program that is running gives
 * ETXTBSY: it was reached, and an attacker would only have to wait. */
void
attack_proc_exe(char **argv)
{
	char self[64];
	glob_t found;

	(void)argv;
	snprintf(self, sizeof(self), "/proc/%d/exe", getpid());
	if (glob("/proc/[0-9]*/exe", 0, NULL, &found) != 0)
		held("no program of another process can be seen");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd;

		if (strcmp(found.gl_pathv[i], self) == 0)
			continue;
		fd = open(found.gl_pathv[i], O_WRONLY | O_CLOEXEC);
		if (fd >= 0 || errno == ETXTBSY)
			escaped("%s can be written", found.gl_pathv[i]);
	}
	held("no program of another process can be written");
}

static pid_t
start_victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

/* Everything that one process can learn of, or do to, another: pid 1 inside, a child of ours as the
 * control. */
void
attack_proc_inspect(char **argv)
{
	static const char *const names[] = { "fd", "fdinfo", "mem", "maps", "environ", "exe", "cwd",
		"root", "map_files", "ns/mnt", "syscall", "stack", "auxv" };
	const int child = strcmp(argument(argv, 1), "child") == 0;
	const pid_t pid = child ? start_victim() : (pid_t)number(argv, 1);
	char path[64], what[128] = "", buffer[256];
	struct iovec here = { buffer, sizeof(buffer) }, there = { (void *)buffer, sizeof(buffer) };
	int pidfd;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && (read(fd, buffer, 1) > 0 || errno == EISDIR || errno == EIO))
			snprintf(what, sizeof(what), "%s can be read", path);
		if (readlink(path, buffer, sizeof(buffer)) > 0)
			snprintf(what, sizeof(what), "%s can be followed", path);
	}
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) > 0)
		snprintf(what, sizeof(what), "its memory can be read");
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
		snprintf(what, sizeof(what), "it can be traced");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int fd = 0; fd < 16 && pidfd >= 0; fd++)
		if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
			snprintf(what, sizeof(what), "its descriptor %d can be taken", fd);
	if (child)
		kill(pid, SIGKILL);
	if (what[0] != '\0')
		escaped("%s", what);
	held("nothing of process %d can be read", pid);
}
