#include "process.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind a key at the begin of a line, or -1. */
static double
look_up(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	double value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtod(line + strlen(key), NULL);
	(void)fclose(f);
	return value;
}

static int
count_fds(pid_t pid)
{
	char path[64];
	int count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (directory == NULL)
		return -1;
	for (struct dirent *e; (e = readdir(directory)) != NULL;)
		count += e->d_name[0] != '.';
	(void)closedir(directory);
	return count;
}

void
process_cost(pid_t pid, struct process_cost *ret)
{
	ret->pss_kib = look_up(pid, "smaps_rollup", "Pss:");
	ret->rss_kib = look_up(pid, "smaps_rollup", "Rss:");
	if (ret->rss_kib < 0)
		ret->rss_kib = look_up(pid, "status", "VmRSS:");
	ret->fds = count_fds(pid);
}

double
process_cpu_us(pid_t pid)
{
	const double ns = look_up(pid, "schedstat", "");

	return ns < 0 ? -1 : ns / 1000.0;
}

/* Calls fn for each child until it returns nonzero. */
static void
each_child(pid_t pid, int (*fn)(void *context, pid_t child), void *context)
{
	DIR *directory = opendir("/proc");

	if (directory == NULL)
		return;
	for (struct dirent *e; (e = readdir(directory)) != NULL;) {
		const pid_t child = (pid_t)strtoimax(e->d_name, NULL, 10);

		if (child > 0 && look_up(child, "status", "PPid:") == (double)pid &&
			fn(context, child) != 0)
			break;
	}
	(void)closedir(directory);
}

struct sought {
	const char *name;
	pid_t found;
	size_t count;
	double kib;
};

static int
is_named(pid_t pid, const char *wanted)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(name, sizeof(name), f) != NULL)
		name[strcspn(name, "\n")] = '\0';
	(void)fclose(f);
	return strcmp(name, wanted) == 0;
}

static int
has_name(void *context, pid_t child)
{
	struct sought *s = context;

	if (!is_named(child, s->name))
		return 0;
	s->found = child;
	return 1;
}

static int
add_own(void *context, pid_t child)
{
	struct sought *s = context;

	if (is_named(child, s->name))
		s->kib += process_own_kib(child);
	return 0;
}

static int
count_one(void *context, pid_t child)
{
	struct sought *s = context;

	(void)child;
	s->count++;
	return 0;
}

pid_t
process_child(pid_t pid, const char *name)
{
	struct sought s = { .name = name, .found = -1 };

	each_child(pid, has_name, &s);
	return s.found;
}

size_t
process_count_children(pid_t pid)
{
	struct sought s = { 0 };

	each_child(pid, count_one, &s);
	return s.count;
}

double
process_own_kib(pid_t pid)
{
	return look_up(pid, "status", "RssAnon:");
}

double
process_children_own_kib(pid_t pid, const char *name)
{
	struct sought s = { .name = name };

	each_child(pid, add_own, &s);
	return s.kib;
}
