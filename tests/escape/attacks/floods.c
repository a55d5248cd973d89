/* M10: whatever a run can make grow has a limit. Each says ESCAPED when it got as much as it asked for;
 * asked for is more than the profile grants. Red without the limit that the name says. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

/* COUNT processes at one time. */
void
attack_forks(char **argv)
{
	const long wanted = number(argv, 1);
	static pid_t pids[4096];
	long made = 0;
	int sys = 0;

	if (wanted > (long)(sizeof(pids) / sizeof(pids[0])))
		broken("too many");
	while (made < wanted) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0) {
			sys = errno;
			break;
		}
		pids[made++] = pid;
	}
	for (long i = 0; i < made; i++)
		kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	if (made == wanted)
		escaped("%ld processes", made);
	errno = sys;
	held_by_errno("fork");
}

/* BYTES of memory, used for a second by a child that may be killed for it: where it is only sampled, it has to be there
 * when somebody looks. */
void
attack_memory(char **argv)
{
	const size_t wanted = (size_t)number(argv, 1);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char *room = mmap(
			NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (room == MAP_FAILED)
			_exit(1);
		for (size_t i = 0; i < wanted; i += 4096)
			((volatile char *)room)[i] = 1;
		sleep(1);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		broken("fork");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		escaped("%zu bytes of memory", wanted);
	held("memory: %s", WIFSIGNALED(status) ? "killed" : "ENOMEM");
}

/* DIRECTORY BYTES */
void
attack_fill(char **argv)
{
	static char block[1 << 16];
	const long wanted = number(argv, 2);
	char path[512];
	int fd, sys = 0;
	long got = 0;

	signal(SIGXFSZ, SIG_IGN); /* then it is EFBIG */
	snprintf(path, sizeof(path), "%s/filling", argument(argv, 1));
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		held_by_errno(path);
	while (got < wanted) {
		ssize_t n = write(fd, block, sizeof(block));

		if (n <= 0) {
			sys = errno;
			break;
		}
		got += n;
	}
	unlink(path);
	if (got >= wanted)
		escaped("%ld bytes in %s", got, argv[1]);
	errno = sys;
	held_by_errno(path);
}

/* DIRECTORY COUNT */
void
attack_inodes(char **argv)
{
	const long wanted = number(argv, 2);

	for (long i = 0; i < wanted; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/inode-%ld", argument(argv, 1), i);
		if (mkdir(path, 0700) < 0)
			held_by_errno("mkdir");
	}
	escaped("%ld directories in %s", wanted, argv[1]);
}

/* COUNT descriptors; the limit cannot be raised either. */
void
attack_descriptors(char **argv)
{
	const long wanted = number(argv, 1);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (long i = 0; i < wanted; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			held_by_errno("open");
	escaped("%ld descriptors", wanted);
}

/* A17: the kernel counts descriptors that are under way in sockets per user, against the limit of the
 * one who sends. Sends as many as it can, says so, and keeps them under way until standard input
 * ends: the driver tries to pass one for the same user meanwhile. */
void
attack_descriptors_in_flight(char **argv)
{
	int sent = 0;
	char c = 'x';

	(void)argv;
	for (int pairs = 0; pairs < 400; pairs++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			break;
		for (int i = 0; i < 200; i++) {
			union {
				struct cmsghdr header;
				char room[CMSG_SPACE(sizeof(int))];
			} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
			struct iovec byte = { &c, 1 };
			struct msghdr message = { .msg_iov = &byte,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control.room) };

			memcpy(CMSG_DATA(&control.header), &pair[1], sizeof(int));
			if (sendmsg(pair[0], &message, MSG_DONTWAIT) < 0)
				break;
			sent++;
		}
	}
	dprintf(2, "sent %d\n", sent);
	while (read(0, &c, 1) > 0)
		;
	held("%d descriptors were under way", sent);
}
