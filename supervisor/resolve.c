/* The command is looked up here, on the host's files that the run will see at the same paths, and
 * identified by device and inode; inside the run the path is opened again and must be that file. What
 * differs inside (/tmp, /home/user, /etc) is not visible from here, so it cannot be started by name
 * from outside; a shell inside can. */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launch_proto.h>

#define STRING_MAX (128u * 1024) /* MAX_ARG_STRLEN, linux/binfmts.h */
#define TOTAL_MAX  (2u * 1024 * 1024) /* a quarter of the usual stack limit */

/* Where path lies on the host, for a path that the run sees: the same place, when something that the
 * run has is there. /bin and the like are links that the run has too. */
static int
is_visible(const char *real, const struct cordon_plan *plan, const struct workspace *workspace)
{
	if (plan->workspace != CORDON_WORKSPACE_NONE && cordon_path_within(real, workspace->path))
		return 1;
	for (size_t i = 0; i < plan->mount_count; i++)
		if (cordon_path_within(real, plan->mounts[i].target))
			return 1;
	return 0;
}

/* The name that the opened file really has. */
static int
real_name(int fd, char out[PATH_MAX])
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, out, PATH_MAX - 1);
	if (length <= 0)
		return -1;
	out[length] = '\0';
	return 0;
}

/* Reads the "#!" line as the kernel does (load_script, fs/binfmt_script.c). Returns 1 for a script. */
static int
is_script(const char *path, struct command *ret)
{
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[SCRIPT_LINE];
	ssize_t got = fd < 0 ? -1 : cordon_fd_read_full(fd, line, sizeof(line) - 1);
	size_t start = 2, length, end;

	ret->interpreter[0] = ret->argument[0] = '\0';
	if (got < 3 || line[0] != '#' || line[1] != '!')
		return 0;
	line[got] = '\0';
	start += strspn(line + 2, " \t");
	length = strcspn(line + start, " \t\r\n");
	memcpy(ret->interpreter, line + start, length);
	ret->interpreter[length] = '\0';
	start += length;
	start += strspn(line + start, " \t");
	end = start + strcspn(line + start, "\n");
	while (end > start && strchr(" \t", line[end - 1]) != NULL)
		end--;
	memcpy(ret->argument, line + start, end - start);
	ret->argument[end - start] = '\0';
	return 1;
}

/* A relative interpreter is found from the working directory, by the kernel: not judged here. */
static int
has_interpreter(
	const char *interpreter, const struct cordon_plan *plan, const struct workspace *workspace)
{
	CORDON_CLOSE int fd = open(interpreter, O_PATH | O_CLOEXEC);
	char real[PATH_MAX];

	if (interpreter[0] != '/')
		return interpreter[0] != '\0';
	return fd >= 0 && real_name(fd, real) == 0 && is_visible(real, plan, workspace);
}

/* Takes path when it is a file that the run can start. Returns 1, 0 when there is nothing there, or -1
 * with *err: it is there, and cannot be executed. */
static int
try_path(const char *path, const struct cordon_plan *plan, const struct workspace *workspace,
	struct command *ret, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	char real[PATH_MAX];
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0 || real_name(fd, real) < 0)
		return cordon_fail(err, CORDON_EPOLICY, errno, "could not look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return cordon_fail(
			err, CORDON_EPOLICY, 0, "'%s' is a directory, not a command", path);
	if (!S_ISREG(st.st_mode))
		return cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is not a regular file", path);
	if (!is_visible(real, plan, workspace))
		return cordon_fail(err, CORDON_ENOTFOUND, 0,
			"'%s' exists on this machine, but the profile does not grant it to the run "
			"(filesystem.read)",
			real);
	/* The run's user is not this one: any x bit will do here, the kernel decides inside. */
	if ((st.st_mode & 0111) == 0)
		return cordon_fail(
			err, CORDON_EPOLICY, 0, "'%s' is not executable (chmod +x)", path);
	ret->script = is_script(path, ret);
	if (ret->script && !has_interpreter(ret->interpreter, plan, workspace))
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"the interpreter '%s' of the script '%s' does not exist inside the run",
			ret->interpreter, path);
	ret->identity = (struct cordon_identity){ st.st_dev, st.st_ino };
	return 1;
}

static int
take(const char *path, const char *as, const struct cordon_plan *plan,
	const struct workspace *workspace, struct command *ret, struct cordon_error *err)
{
	const int found = try_path(path, plan, workspace, ret, err);

	if (found == 1)
		return cordon_path_clean(path, ret->path, err);
	if (found == 0)
		return cordon_fail(err, CORDON_ENOTFOUND, 0, "there is no command '%s'", as);
	return -1;
}

/* As execvp(3): what is there and cannot be executed is passed over, and only named when nothing else is
 * found. */
static int
search_path(const char *name, const char *search, const struct cordon_plan *plan,
	const struct workspace *workspace, struct command *ret, struct cordon_error *err)
{
	struct cordon_error first = { 0 };
	char path[PATH_MAX];

	while (search != NULL && *search != '\0') {
		const size_t length = strcspn(search, ":");

		if (search[0] == '/' && snprintf(path, sizeof(path), "%.*s/%s", (int)length, search,
						name) < (int)sizeof(path)) {
			const int found = try_path(path, plan, workspace, ret, err);

			if (found > 0)
				return cordon_path_clean(path, ret->path, err);
			if (found < 0 &&
				(first.code == CORDON_OK || first.code == CORDON_ENOTFOUND))
				first = *err;
		}
		search += length;
		search += *search == ':';
	}
	if (first.code != CORDON_OK) {
		*err = first;
		return -1;
	}
	return cordon_fail(
		err, CORDON_ENOTFOUND, 0, "there is no command '%s' in the run's PATH", name);
}

static int
find_command(const char *name, const char *search, const struct cordon_plan *plan,
	const struct workspace *workspace, struct command *ret, struct cordon_error *err)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (name[0] == '\0')
		return cordon_fail(err, CORDON_ENOTFOUND, 0, "the command is an empty string");
	if (strchr(name, '/') != NULL) {
		CORDON_CLOSE int fd = -1;

		if (snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : workspace->cwd,
			    name[0] == '/' ? "" : "/", name) >= (int)sizeof(path))
			return cordon_fail(
				err, CORDON_ENOTFOUND, 0, "the command's path is too long");
		/* ".." and links: the name without them is the one that means the same inside. */
		if (strstr(path, "..") != NULL)
			fd = open(path, O_PATH | O_CLOEXEC);
		if (fd >= 0 && real_name(fd, real) == 0)
			return take(real, name, plan, workspace, ret, err);
		return take(path, name, plan, workspace, ret, err);
	}
	return search_path(name, search, plan, workspace, ret, err);
}

int
resolve_command(const char *name, const char *search, const struct cordon_plan *plan,
	const struct workspace *workspace, struct command *ret, struct cordon_error *err)
{
	const int result = find_command(name, search, plan, workspace, ret, err);

	if (result < 0 && err->reason[0] == '\0' && err->code == CORDON_ENOTFOUND)
		return cordon_because(err, "exec.not_found");
	if (result < 0 && err->reason[0] == '\0' && err->code == CORDON_EPOLICY)
		return cordon_because(err, "exec.not_executable");
	return result;
}

void
resolve_into_launch(
	struct command *command, struct workspace *workspace, struct cordon_launch *launch)
{
	launch->exe = command->path;
	launch->exe_identity = command->identity;
	launch->script = command->script;
	launch->cwd = workspace->cwd;
	launch->cwd_identity = workspace->cwd_identity;
	launch->workspace = workspace->path;
	launch->workspace_identity = workspace->identity;
}

int
resolve_check_size(char *const *argv, char *const *env, struct cordon_error *err)
{
	size_t total = 0;

	for (int list = 0; list < 2; list++)
		for (char *const *s = list == 0 ? argv : env; *s != NULL; s++) {
			const size_t length = strlen(*s) + 1;

			total += length + sizeof(char *);
			if (length > STRING_MAX || total > TOTAL_MAX) {
				cordon_fail(err, CORDON_ELIMIT, 0,
					"the command line and environment are too long for execve: "
					"at most "
					"%u bytes for one string and %u in all",
					STRING_MAX - 1, TOTAL_MAX);
				return cordon_because(err, "limit.arguments");
			}
		}
	return 0;
}
