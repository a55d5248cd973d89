/* calls: openat read getdents64 close */
#include "sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fd.h>

#define DEPTH_MAX 512

static ssize_t
read_file(const char *path, char *text, size_t room)
{
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : cordon_fd_read_full(fd, text, room - 1);

	if (got >= 0)
		text[got] = '\0';
	return got;
}

/* proc_pid_statm(5): size resident shared …, in pages. */
static uint64_t
private_bytes(pid_t pid)
{
	char path[32], text[256];
	unsigned long long size = 0, resident = 0, shared = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (read_file(path, text, sizeof(text)) < 0 ||
		sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3 || resident < shared)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t tree(pid_t pid, unsigned depth);

/* Each thread lists the processes that it started itself. UINT64_MAX: the kernel does not say. */
static uint64_t
children_of(pid_t pid, const char *thread, unsigned depth)
{
	char path[64], text[16384];
	uint64_t total = 0;
	char *rest = NULL;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, thread);
	if (read_file(path, text, sizeof(text)) < 0)
		return UINT64_MAX;
	for (char *child = strtok_r(text, " ", &rest); child != NULL;
		child = strtok_r(NULL, " ", &rest)) {
		int number;

		if (sscanf(child, "%d", &number) == 1 && number > 0)
			total += tree(number, depth + 1);
	}
	return total;
}

static uint64_t
tree(pid_t pid, unsigned depth)
{
	char path[32];
	uint64_t total = private_bytes(pid);
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = depth == DEPTH_MAX ? NULL : opendir(path);
	if (threads == NULL)
		return total;
	for (struct dirent *e = readdir(threads); e != NULL; e = readdir(threads)) {
		uint64_t below = e->d_name[0] == '.' ? 0 : children_of(pid, e->d_name, depth);

		if (below != UINT64_MAX)
			total += below;
		else if (depth == 0)
			total = UINT64_MAX;
	}
	closedir(threads);
	return total;
}

uint64_t
sample_memory(pid_t init)
{
	return tree(init, 0);
}
