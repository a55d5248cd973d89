/* MUST 1 No target lies where the launcher puts its own mounts (/proc, /dev), none is the root, and
 *        no source is the root or lies in /proc, /sys or /dev, whatever links lead there.
 * MUST 2 The filter refuses what no profile may allow: floor_filter.c.
 * MUST 3 Descriptors 0 to 2 of a run are pipes or /dev/null: no file, directory, socket or device of
 *        the host (A02).
 * Namespaces, ids, capabilities and no_new_privs are not in plans at all.
 *
 * calls: fstat fstatfs readlink */
#include "floor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#include "floor_filter.h"

static int
refuse(struct cordon_error *err, const char *what, const char *on)
{
	cordon_fail(err, CORDON_EFLOOR, 0, "the plan breaks the floor: %s '%s'", what, on);
	return cordon_because(err, "floor.plan");
}

static int
is_clean(const char *path)
{
	char clean[4096];
	struct cordon_error ignored;

	return cordon_path_clean(path, clean, &ignored) == 0 && strcmp(path, clean) == 0;
}

/* The root, and what lies in the kernel's file systems. */
static int
is_kernels(const char *path)
{
	static const char *const places[] = { "/proc", "/dev", "/sys" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (cordon_path_within(path, places[i]))
			return 1;
	return strcmp(path, "/") == 0;
}

static int
is_reserved(const char *target)
{
	return is_kernels(target) || strcmp(target, "/tmp") == 0 ||
	       strcmp(target, "/var/tmp") == 0 || strcmp(target, "/home/user") == 0 ||
	       strcmp(target, "/home") == 0;
}

static int
check_paths(const struct cordon_plan *plan, struct cordon_error *err)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct cordon_plan_mount *m = &plan->mounts[i];

		if (!is_clean(m->source) || is_kernels(m->source))
			return refuse(err, "it binds", m->source);
		if (!is_clean(m->target) || is_reserved(m->target))
			return refuse(err, "it binds something at", m->target);
		if ((m->flags & ~(uint32_t)CORDON_MOUNT_FLAGS) != 0)
			return refuse(err, "it has unknown flags for", m->target);
	}
	for (size_t i = 0; i < plan->link_count; i++)
		if (!is_clean(plan->links[i].target) || is_reserved(plan->links[i].target))
			return refuse(err, "it makes a link at", plan->links[i].target);
	for (size_t i = 0; i < plan->file_count; i++)
		if (!is_clean(plan->files[i].target) || is_reserved(plan->files[i].target))
			return refuse(err, "it makes a file at", plan->files[i].target);
	return 0;
}

int
floor_allows_source(int fd)
{
	char name[32], path[4096];
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	/* "(unreachable)…" has no slash in front. */
	return path[0] == '/' && !is_kernels(path);
}

/* Relative, without "." or ".." or empty components. */
static int
is_below(const char *pattern)
{
	char absolute[4097] = "/";

	if (pattern[0] == '\0' || pattern[0] == '/' || strlen(pattern) >= sizeof(absolute) - 1)
		return 0;
	memcpy(absolute + 1, pattern, strlen(pattern) + 1);
	return is_clean(absolute);
}

int
floor_check_plan(const struct cordon_plan *plan, struct cordon_error *err)
{
	if (check_paths(plan, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->protect_count; i++)
		if (!is_below(plan->protect[i]))
			return refuse(err, "it protects", plan->protect[i]);
	for (size_t i = 0; i < plan->hide_count; i++)
		if (!is_below(plan->hide[i]))
			return refuse(err, "it hides", plan->hide[i]);
	for (size_t i = 0; i < plan->exec_count; i++)
		if (!is_clean(plan->exec[i]))
			return refuse(err, "it lets execute", plan->exec[i]);
	/* tmpfs(5): 0 would be no limit. */
	if (plan->tmp_bytes == 0 || plan->tmp_inodes == 0)
		return refuse(err, "its private temporary files have no", "limit");
	if (plan->open_files < 8 || plan->processes == 0 || plan->memory_bytes == 0)
		return refuse(err, "a limit is too small to start", "anything");
	return floor_check_filter(plan, err);
}

static int
is_null_device(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int
floor_allows_workspace(const char *path)
{
	/* Below /dev/shm it lies in the run's own, which is a place like /tmp. */
	return path[0] == '\0' ||
	       (is_clean(path) && (!is_reserved(path) || strncmp(path, "/dev/shm/", 9) == 0));
}

int
floor_check_launch(const struct cordon_launch *launch, const int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const unsigned streams = cordon_launch_fd_count(launch) - (launch->held != 0);

	if (fd_count != cordon_launch_fd_count(launch))
		return refuse(err, "the launch has the wrong number of", "streams");
	if (launch->held && !cordon_fd_is_anonymous_pipe(fds[streams]))
		return refuse(err, "what releases the launch is not", "a pipe");
	for (unsigned i = 0; i < streams; i++)
		if (!cordon_fd_is_anonymous_pipe(fds[i]) && !is_null_device(fds[i]))
			return refuse(err, "a standard stream is neither pipe nor", "/dev/null");
	if (!is_clean(launch->exe) || !is_clean(launch->cwd))
		return refuse(err, "its command or directory is not a clean path:", launch->exe);
	if (launch->open_files != 0 && launch->open_files < 8)
		return refuse(err, "it leaves too few descriptors for", launch->exe);
	if (!floor_allows_workspace(launch->workspace))
		return refuse(err, "its workspace is", launch->workspace);
	return 0;
}
