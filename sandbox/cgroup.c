/* calls: stat openat read write mkdirat unlinkat kill nanosleep getdents64 */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#define DIRECTORY_MAX 400
#define PREFIX_MAX    48

struct cgroup_host {
	char unified[DIRECTORY_MAX]; /* our own v2 cgroup, "": not mounted */
	char unified_mount[DIRECTORY_MAX]; /* where the search upwards ends */
	char memory[DIRECTORY_MAX], pids[DIRECTORY_MAX]; /* our own v1 cgroups, "": not mounted */
};

static int
write_value(const char *directory, const char *file, const char *value)
{
	char path[600];
	CORDON_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : cordon_fd_write_all(fd, value, strlen(value));
}

static int
write_number(const char *directory, const char *file, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return write_value(directory, file, text);
}

/* Reads a small file; the text ends with NUL. */
static int
read_text(const char *directory, const char *file, char *text, size_t room)
{
	char path[600];
	CORDON_CLOSE int fd = -1;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : cordon_fd_read_full(fd, text, room - 1);
	if (got < 0)
		return -1;
	text[got] = '\0';
	return 0;
}

/* The number behind "key " in a flat keyed file, or in a file that is one number (key ""). */
static uint64_t
read_number(const char *directory, const char *file, const char *key, uint64_t otherwise)
{
	char text[2048];
	const char *at = text;
	uint64_t value;

	if (read_text(directory, file, text, sizeof(text)) < 0)
		return otherwise;
	if (*key != '\0') {
		at = strstr(text, key);
		if (at == NULL)
			return otherwise;
		at += strlen(key);
	}
	return sscanf(at, "%" SCNu64, &value) == 1 ? value : otherwise;
}

/* The path of the calling process in the hierarchy named "controller" ("" for v2), proc_pid_cgroup(5):
 * lines of "number:controllers:path". */
static int
own_path(const char *controller, char *path, size_t room)
{
	CORDON_FREE char *text = NULL;
	CORDON_CLOSE int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	struct cordon_error ignored;
	size_t size;
	char *rest = NULL;

	if (fd < 0 || cordon_fd_slurp(fd, 1u << 16, &text, &size, &ignored) < 0)
		return -1;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char *controllers = strchr(line, ':');
		char *place = controllers == NULL ? NULL : strchr(controllers + 1, ':');

		if (place == NULL)
			continue;
		*place++ = '\0';
		if (strcmp(controllers + 1, controller) == 0 && strlen(place) < room) {
			memcpy(path, place, strlen(place) + 1);
			return 0;
		}
	}
	return -1;
}

static int
has_option(const char *options, const char *name)
{
	const size_t length = strlen(name);

	for (const char *at = options; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return 1;
	}
	return 0;
}

/* Puts the directory of our own cgroup together from mount point, mount root and path. */
static void
place_of(char *out, const char *mount, const char *root, const char *controller)
{
	char path[DIRECTORY_MAX];
	const size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (own_path(controller, path, sizeof(path)) < 0)
		return;
	/* In a container the mount shows a part only, or the path is seen from a namespace. */
	if (strncmp(path, root, length) != 0)
		path[0] = '\0';
	snprintf(out, DIRECTORY_MAX, "%.190s%.200s", mount, path[0] == '\0' ? "" : path + length);
	while (strlen(out) > 1 && out[strlen(out) - 1] == '/')
		out[strlen(out) - 1] = '\0';
}

struct cgroup_host *
cgroup_host_create(void)
{
	struct cgroup_host *host = cordon_array(1, sizeof(*host));
	CORDON_FREE char *text = NULL;
	CORDON_CLOSE int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct cordon_error ignored;
	size_t size;
	char *rest = NULL;

	if (host == NULL || fd < 0 || cordon_fd_slurp(fd, 4u << 20, &text, &size, &ignored) < 0)
		return host;
	/* proc_pid_mountinfo(5): id parent dev root mount options [tags] - type source superoptions */
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char root[200], mount[200], type[32], super[200];
		const char *tail = strstr(line, " - ");

		if (tail == NULL || sscanf(line, "%*s %*s %*s %199s %199s", root, mount) != 2 ||
			sscanf(tail + 3, "%31s %*s %199s", type, super) != 2)
			continue;
		if (strcmp(type, "cgroup2") == 0) {
			place_of(host->unified, mount, root, "");
			snprintf(host->unified_mount, sizeof(host->unified_mount), "%s", mount);
		} else if (strcmp(type, "cgroup") == 0 && has_option(super, "memory")) {
			place_of(host->memory, mount, root, "memory");
		} else if (strcmp(type, "cgroup") == 0 && has_option(super, "pids")) {
			place_of(host->pids, mount, root, "pids");
		}
	}
	return host;
}

void
cgroup_host_destroy(struct cgroup_host *host)
{
	free(host);
}

/* Removes one directory. A cgroup is busy until its last process is quite gone, which the kernel may
 * finish a moment after its parent was told; on a busy machine some seconds. */
static void
remove_directory(const char *directory)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char text[4096];

	for (int attempt = 0; attempt < 10000; attempt++) {
		char *rest = NULL;

		if (rmdir(directory) == 0 || errno != EBUSY)
			return;
		if (attempt > 0 && write_value(directory, "cgroup.kill", "1") < 0 &&
			read_text(directory, "cgroup.procs", text, sizeof(text)) == 0)
			for (char *pid = strtok_r(text, "\n", &rest); pid != NULL;
				pid = strtok_r(NULL, "\n", &rest)) {
				int number;

				if (sscanf(pid, "%d", &number) == 1 && number > 1)
					(void)kill(number, SIGKILL);
			}
		(void)nanosleep(&pause, NULL);
	}
}

/* Makes the cgroup at directory and sets the plan's limits. Returns what a process is cloned into, or -1
 * when it cannot be had. */
static int
make_unified(const char *directory, const struct cordon_plan *plan)
{
	int into;

	if (mkdir(directory, 0755) < 0)
		return -1;
	into = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (into < 0 ||
		(plan->memory_bytes != UINT64_MAX &&
			write_number(directory, "memory.max", plan->memory_bytes) < 0) ||
		(plan->processes != UINT64_MAX &&
			write_number(directory, "pids.max", plan->processes) < 0)) {
		cordon_fd_close_p(&into);
		remove_directory(directory);
		return -1;
	}
	/* One process out of memory is the end of the run, not a run that goes on without it. */
	(void)!write_value(directory, "memory.oom.group", "1");
	(void)!write_value(directory, "memory.swap.max", "0");
	return into;
}

/* v2: the nearest cgroup at or above our own in which a child of ours has both controllers. */
static int
create_unified(struct cgroup *group, const struct cgroup_host *host, const char *name,
	const struct cordon_plan *plan)
{
	char parent[DIRECTORY_MAX];
	char *directory = group->memory_directory;

	if (host->unified[0] == '\0')
		return -1;
	memcpy(parent, host->unified, sizeof(parent));
	while (strlen(parent) >= strlen(host->unified_mount)) {
		char *slash = strrchr(parent, '/');

		snprintf(directory, sizeof(group->memory_directory), "%s/%s", parent, name);
		group->into = make_unified(directory, plan);
		if (group->into >= 0) {
			memcpy(group->processes_directory, directory,
				sizeof(group->processes_directory));
			group->memory = plan->memory_bytes == UINT64_MAX ? CORDON_LIMIT_NONE
									 : CORDON_LIMIT_CGROUP2;
			group->processes = plan->processes == UINT64_MAX ? CORDON_LIMIT_NONE
									 : CORDON_LIMIT_CGROUP2;
			return 0;
		}
		directory[0] = '\0';
		if (slash == NULL || slash == parent)
			break;
		*slash = '\0';
	}
	return -1;
}

/* Makes the cgroup at directory and sets its limit. Returns what a process writes "0" to to enter it, or
 * -1 when it cannot be had. */
static int
make_v1(const char *directory, const char *limit, uint64_t value)
{
	char path[600];
	int enter;

	if (mkdir(directory, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/tasks", directory);
	enter = open(path, O_WRONLY | O_CLOEXEC);
	if (enter < 0 || write_number(directory, limit, value) < 0) {
		cordon_fd_close_p(&enter);
		remove_directory(directory);
	}
	return enter;
}

static void
create_v1(struct cgroup *group, const struct cgroup_host *host, const char *name,
	const struct cordon_plan *plan)
{
	char *memory = group->memory_directory, *processes = group->processes_directory;

	if (host->memory[0] != '\0' && plan->memory_bytes != UINT64_MAX) {
		snprintf(memory, sizeof(group->memory_directory), "%s/%s", host->memory, name);
		group->enter[0] = make_v1(memory, "memory.limit_in_bytes", plan->memory_bytes);
	}
	if (group->enter[0] >= 0) {
		/* Memory and swap together; absent without swap accounting. */
		(void)!write_number(memory, "memory.memsw.limit_in_bytes", plan->memory_bytes);
		group->memory = CORDON_LIMIT_CGROUP1;
	} else {
		memory[0] = '\0';
	}
	if (host->pids[0] != '\0' && plan->processes != UINT64_MAX) {
		snprintf(processes, sizeof(group->processes_directory), "%s/%s", host->pids, name);
		group->enter[1] = make_v1(processes, "pids.max", plan->processes);
	}
	if (group->enter[1] >= 0)
		group->processes = CORDON_LIMIT_CGROUP1;
	else
		processes[0] = '\0';
}

/* The pid namespace is part of the name: in a container on the same hierarchy the same pid is another
 * process, and one that lives may look dead. */
static void
put_prefix(char prefix[PREFIX_MAX], pid_t launcher)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0)
		st.st_ino = 0;
	snprintf(prefix, PREFIX_MAX, "cordon-%llx-%d-", (unsigned long long)st.st_ino, launcher);
}

void
cgroup_create(struct cgroup *group, const struct cgroup_host *host, pid_t launcher, unsigned number,
	const struct cordon_plan *plan)
{
	char prefix[PREFIX_MAX], name[PREFIX_MAX + 16];

	*group = (struct cgroup){ .into = -1, .enter = { -1, -1 } };
	if (host == NULL || (plan->memory_bytes == UINT64_MAX && plan->processes == UINT64_MAX))
		return;
	put_prefix(prefix, launcher);
	snprintf(name, sizeof(name), "%s%u", prefix, number);
	if (create_unified(group, host, name, plan) < 0)
		create_v1(group, host, name, plan);
}

int
cgroup_enter(const int enter[CGROUP_ENTER])
{
	for (int i = 0; i < CGROUP_ENTER; i++) {
		CORDON_CLOSE int tasks = enter[i];

		if (tasks >= 0 && cordon_fd_write_all(tasks, "0", 1) < 0)
			return -1;
	}
	return 0;
}

void
cgroup_close(struct cgroup *group)
{
	cordon_fd_close_p(&group->into);
	for (int i = 0; i < CGROUP_ENTER; i++)
		cordon_fd_close_p(&group->enter[i]);
}

uint64_t
cgroup_memory_kills(const struct cgroup *group)
{
	if (group->memory == CORDON_LIMIT_CGROUP2)
		return read_number(group->memory_directory, "memory.events", "oom_kill ", 0);
	if (group->memory == CORDON_LIMIT_CGROUP1)
		return read_number(group->memory_directory, "memory.oom_control", "oom_kill ", 0);
	return 0;
}

uint64_t
cgroup_most_processes(const struct cgroup *group)
{
	if (group->processes == CORDON_LIMIT_NONE)
		return UINT64_MAX;
	return read_number(group->processes_directory, "pids.peak", "", UINT64_MAX);
}

void
cgroup_destroy(struct cgroup *group)
{
	if (group->memory_directory[0] != '\0')
		remove_directory(group->memory_directory);
	if (group->processes_directory[0] != '\0' &&
		strcmp(group->processes_directory, group->memory_directory) != 0)
		remove_directory(group->processes_directory);
	cgroup_close(group);
	*group = (struct cgroup){ .into = -1, .enter = { -1, -1 } };
}

static void
sweep_directory(const char *parent, const char *prefix)
{
	DIR *directory = opendir(parent);

	if (directory == NULL)
		return;
	for (struct dirent *e = readdir(directory); e != NULL; e = readdir(directory)) {
		char path[800];

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", parent, e->d_name);
		remove_directory(path);
	}
	closedir(directory);
}

static void
sweep_dead_below(const char *parent)
{
	DIR *directory = parent[0] == '\0' ? NULL : opendir(parent);

	if (directory == NULL)
		return;
	for (struct dirent *e = readdir(directory); e != NULL; e = readdir(directory)) {
		char path[800], prefix[PREFIX_MAX];
		int launcher;

		if (sscanf(e->d_name, "cordon-%*x-%d-", &launcher) != 1 || launcher <= 1)
			continue;
		put_prefix(prefix, launcher);
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || kill(launcher, 0) == 0 ||
			errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/%s", parent, e->d_name);
		(void)rmdir(path); /* one that is in use stays: EBUSY */
	}
	closedir(directory);
}

void
cgroup_sweep_dead(const struct cgroup_host *host)
{
	sweep_dead_below(host->unified);
	sweep_dead_below(host->memory);
	sweep_dead_below(host->pids);
}

void
cgroup_sweep(pid_t launcher)
{
	struct cgroup_host *host = cgroup_host_create();
	char prefix[PREFIX_MAX];

	if (host == NULL)
		return;
	put_prefix(prefix, launcher);
	if (host->memory[0] != '\0')
		sweep_directory(host->memory, prefix);
	if (host->pids[0] != '\0')
		sweep_directory(host->pids, prefix);
	while (host->unified[0] != '\0' && strlen(host->unified) >= strlen(host->unified_mount)) {
		char *slash = strrchr(host->unified, '/');

		sweep_directory(host->unified, prefix);
		if (slash == NULL)
			break;
		*slash = '\0';
	}
	cgroup_host_destroy(host);
}

void
cgroup_probe(enum cordon_limit_kind *memory, enum cordon_limit_kind *processes)
{
	const struct cordon_plan plan = { .memory_bytes = 1u << 30, .processes = 64 };
	struct cgroup_host *host = cgroup_host_create();
	struct cgroup group;

	cgroup_create(&group, host, getpid(), 0, &plan);
	*memory = group.memory;
	*processes = group.processes;
	cgroup_destroy(&group);
	cgroup_host_destroy(host);
}
