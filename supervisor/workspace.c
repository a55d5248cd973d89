#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "own_files.h"
#include "passwd.h"

/* The name of an opened file, free of links. */
static int
name_of(int fd, char out[PATH_MAX], struct cordon_error *err)
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, out, PATH_MAX - 1);
	if (length <= 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not name the workspace");
	out[length] = '\0';
	return 0;
}

static int
is_same(const struct cordon_identity *a, const char *path)
{
	struct stat st;

	return path != NULL && stat(path, &st) == 0 && st.st_dev == a->dev && st.st_ino == a->ino;
}

/* Service users have "/", "/usr" or a spool as home; only people's count, and the caller's. */
static int
is_home_of(void *identity, uid_t uid, const char *home)
{
	return home[0] == '/' && uid != 65534 && (uid >= 1000 || uid == 0 || uid == getuid()) &&
	       is_same(identity, home);
}

static int
refuse(struct cordon_error *err, const char *path, const char *why)
{
	cordon_fail(err, CORDON_EPOLICY, 0,
		"'%s' cannot be a workspace: %s; change to a project's directory or name one with "
		"--workspace",
		path, why);
	return cordon_because(err, "floor.workspace");
}

static int
judge(const struct workspace *w, const struct config *config, struct cordon_error *err)
{
	static const char *const kernel[] = { "/proc", "/sys", "/dev" };
	static const char *const shared[] = { "/tmp", "/var/tmp", "/home", "/usr", "/etc", "/var" };
	struct cordon_identity identity = w->identity;
	char where[PATH_MAX];

	if (strcmp(w->path, "/") == 0)
		return refuse(err, w->path, "it is the root directory");
	if (is_same(&w->identity, config->home) || is_same(&w->identity, getenv("HOME")) ||
		passwd_each(is_home_of, &identity) != 0)
		return refuse(err, w->path, "it is a home directory, with keys and start-up files");
	if (own_files_meet(config, w->path, OWN_FILES_POSSIBLE, where)) {
		refuse(err, w->path, "cordon's own configuration, state or sockets belong there");
		return cordon_because(err, "floor.layout");
	}
	for (size_t i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
		if (cordon_path_within(w->path, kernel[i]) &&
			strncmp(w->path, "/dev/shm/", 9) != 0) /* memory for everybody */
			return refuse(err, w->path, "it belongs to the kernel");
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strcmp(w->path, shared[i]) == 0)
			return refuse(err, w->path, "it belongs to the whole system");
	return 0;
}

static int
open_directory(const char *path, struct cordon_error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return cordon_fail(err, CORDON_EINPUT, 0, "workspace '%s' does not exist", path);
	if (errno == ENOTDIR)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "workspace '%s' is not a directory", path);
	return cordon_fail(err, CORDON_EINPUT, errno, "could not open workspace '%s'", path);
}

static int
open_cwd(int workspace, const char *cwd, struct workspace *w, struct cordon_error *err)
{
	CORDON_CLOSE int fd = -1;
	const char *below = cwd;

	if (cwd == NULL || strcmp(cwd, ".") == 0) {
		memcpy(w->cwd, w->path, sizeof(w->cwd));
		w->cwd_identity = w->identity;
		return 0;
	}
	if (cwd[0] == '/') {
		if (!cordon_path_within(cwd, w->path))
			return cordon_fail(err, CORDON_EINPUT, 0,
				"cwd '%s' is not below the workspace '%s'", cwd, w->path);
		below = cwd + strlen(w->path);
		below += strspn(below, "/");
		if (*below == '\0')
			below = ".";
	}
	fd = cordon_open_beneath(workspace, below, O_PATH | O_DIRECTORY, 0, err);
	if (fd < 0) {
		err->code = CORDON_EINPUT; /* a wrong option, whatever is wrong with it */
		return cordon_while(err, "cwd");
	}
	/* pid 1 of the run could enter it, and leave the command where it may not be. */
	if (faccessat(fd, ".", X_OK, AT_EACCESS) < 0)
		return cordon_fail(err, CORDON_EINPUT, errno, "could not enter cwd '%s'", cwd);
	if (cordon_identify(fd, &w->cwd_identity) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not look at '%s'", cwd);
	return name_of(fd, w->cwd, err);
}

int
workspace_open(const char *directory, const char *cwd, const struct config *config,
	struct workspace *ret, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open_directory(directory == NULL ? "." : directory, err);

	if (fd < 0)
		return -1;
	if (cordon_identify(fd, &ret->identity) < 0 || name_of(fd, ret->path, err) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not look at the workspace");
	if (faccessat(fd, ".", R_OK | X_OK, AT_EACCESS) < 0)
		return cordon_fail(
			err, CORDON_EINPUT, errno, "could not read workspace '%s'", ret->path);
	if (judge(ret, config, err) < 0)
		return -1;
	return open_cwd(fd, cwd, ret, err);
}

/* A caller's; on a command line one may be relative, for those who type. */
static int
check_absolute(const char *what, const char *path, struct cordon_error *err)
{
	if (path == NULL || path[0] == '/')
		return 0;
	return cordon_fail(err, CORDON_EINPUT, 0, "%s '%s' must be an absolute path", what, path);
}

int
workspace_enter(const struct workspace *base, const char *cwd, struct workspace *ret,
	struct cordon_error *err)
{
	struct workspace entered = *base;
	struct cordon_identity identity;
	CORDON_CLOSE int fd = -1;

	if (check_absolute("cwd", cwd, err) < 0)
		return -1;
	if (cwd != NULL) {
		fd = open_directory(base->path, err);
		if (fd < 0)
			return -1;
		if (cordon_identify(fd, &identity) < 0 || identity.dev != base->identity.dev ||
			identity.ino != base->identity.ino) {
			cordon_fail(err, CORDON_EPOLICY, 0,
				"the workspace '%s' is another directory by now; open the session "
				"again",
				base->path);
			return cordon_because(err, "floor.workspace");
		}
		if (open_cwd(fd, cwd, &entered, err) < 0)
			return -1;
	}
	*ret = entered;
	return 0;
}

/* Roots are compared as what they are, not as what they are called. */
static int
is_below_root(const char *path, const struct config *config)
{
	struct cordon_error ignored;

	for (size_t i = 0; i < config->workspaces.count; i++) {
		CORDON_CLOSE int fd = open_directory(config->workspaces.items[i], &ignored);
		char real[PATH_MAX];

		if (fd >= 0 && name_of(fd, real, &ignored) == 0 && cordon_path_within(path, real))
			return 1;
	}
	return 0;
}

int
workspace_name(const char *directory, const char *cwd, const struct workspace *own,
	const struct config *config, struct workspace *ret, struct cordon_error *err)
{
	struct workspace w;

	if (strcmp(directory, own->path) == 0)
		return workspace_enter(own, cwd, ret, err);
	if (check_absolute("workspace", directory, err) < 0 || check_absolute("cwd", cwd, err) < 0)
		return -1;
	/* Before it is opened: a caller learns nothing of what is elsewhere. */
	if (config->workspaces.count == 0) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"the workspace '%s' is not this monitor's, and the configuration lists no "
			"'workspaces'",
			directory);
		return cordon_because(err, "workspace.not_listed");
	}
	if (workspace_open(directory, cwd, config, &w, err) < 0 || !is_below_root(w.path, config)) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"the workspace '%s' is not below one of the configuration's 'workspaces'",
			directory);
		return cordon_because(err, "workspace.not_listed");
	}
	*ret = w;
	return 0;
}
