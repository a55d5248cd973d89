/* Programs that are set-user-id on the host run as the run's user inside. Red without nosuid on the
 * mounts together with no_new_privs (either alone holds), and when host uid 0 is mapped. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

/* The effective uid of a process while it runs the program called name; -1: not yet. */
static int
effective_uid(pid_t pid, const char *name)
{
	char path[64], text[2048], comm[64] = "";
	unsigned effective;
	ssize_t got;
	const char *uids;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	uids = strstr(text, "\nUid:");
	if (uids == NULL || sscanf(text, "Name: %63s", comm) != 1 || strcmp(comm, name) != 0 ||
		sscanf(uids, " Uid: %*u %u", &effective) != 1)
		return -1;
	return (int)effective;
}

/* PROGRAM is one that waits for its standard input; its uid is looked at meanwhile. */
void
attack_setuid_program(char **argv)
{
	const char *program = argument(argv, 1);
	const char *name = strrchr(program, '/') + 1;
	int input[2], uid = -1;
	struct stat st;
	pid_t pid;

	if (stat(program, &st) < 0 || (st.st_mode & S_ISUID) == 0 || pipe2(input, O_CLOEXEC) < 0)
		broken("'%s' is not set-user-id", program);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(input[0], 0);
		dup2(null, 1);
		dup2(null, 2);
		execv(program, argv + 1);
		_exit(127);
	}
	for (int i = 0; i < 2000 && uid < 0; i++) {
		uid = effective_uid(pid, name);
		if (uid < 0 && waitpid(pid, NULL, WNOHANG) == pid)
			broken("'%s' ended too soon", program);
		usleep(1000);
	}
	kill(pid, SIGKILL);
	close(input[1]);
	if (uid < 0)
		broken("'%s' was not seen", program);
	if ((unsigned)uid != geteuid() || geteuid() == 0)
		escaped("%s runs as uid %d", program, uid);
	held("%s stays uid %d", program, uid);
}
