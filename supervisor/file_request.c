/* A file of the workspace is read, written or listed by a run of its own, so that everything a profile says
 * about the workspace (hide, protect, read-only, whose files they are, limits) holds by the same
 * mechanisms, and there is no second way to a file. What is known before is said before, in words for the
 * caller: that the path leaves the workspace or a link leads there, what the profile says about it, that
 * it is no file. A path that changes meanwhile gains nothing that a run would not have. */
#include "file_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/path.h>

#include "conduct.h"
#include "serve.h"

static int
open_workspace(const struct workspace *w, struct cordon_error *err)
{
	int fd = cordon_openat2(AT_FDCWD, w->path, O_PATH | O_DIRECTORY, 0, 0);

	if (fd < 0)
		cordon_fail(err, CORDON_ESYS, errno, "could not open the workspace '%s'", w->path);
	return fd;
}

/* The path that is meant, clean and absolute; what lies in out behind the workspace is below it. */
static int
find_path(const struct workspace *w, const char *path, char out[PATH_MAX], struct cordon_error *err)
{
	CORDON_FREE char *joined = NULL;

	if (path[0] != '/' && asprintf(&joined, "%s/%s", w->path, path) < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look at '%s'", path);
	if (cordon_path_clean(joined == NULL ? path : joined, out, err) < 0)
		return -1;
	if (cordon_path_within(out, w->path))
		return 0;
	cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is not below the workspace '%s'", path, w->path);
	return cordon_because(err, "workspace.outside");
}

/* Whether the list has path, or what it is in. */
static int
is_listed(const struct cordon_strings *list, const char *path)
{
	char part[PATH_MAX];

	for (size_t length = strcspn(path, "/");; length += 1 + strcspn(path + length + 1, "/")) {
		snprintf(part, sizeof(part), "%.*s", (int)length, path);
		for (size_t i = 0; i < list->count; i++)
			if (cordon_path_match(list->items[i], part))
				return 1;
		if (path[length] == '\0')
			return 0;
	}
}

/* What the run would be refused, too, by a mechanism that gives no reason. */
static int
judge(const struct cordon_profile *profile, const char *tail, enum rpc_file_act act,
	struct cordon_error *err)
{
	const char *reason = NULL;

	if (profile->workspace == CORDON_ACCESS_NONE)
		reason = "workspace.none";
	else if (act == RPC_FILE_WRITE && profile->workspace != CORDON_ACCESS_WRITE)
		reason = "workspace.read_only";
	else if (is_listed(&profile->hide, tail))
		reason = "workspace.hidden";
	else if (act == RPC_FILE_WRITE && is_listed(&profile->protect, tail))
		reason = "workspace.protected";
	if (reason == NULL)
		return 0;
	cordon_fail(err, CORDON_EPOLICY, 0, "the profile '%s' does not let '%s' be %s",
		profile->name, tail, act == RPC_FILE_WRITE ? "written" : "read");
	return cordon_because(err, reason);
}

/* A pipe or a device would keep who opens it. */
static int
check_kind(int fd, const char *path, enum rpc_file_act act, struct cordon_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not look at '%s'", path);
	if (act == RPC_FILE_LIST ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))
		return 0;
	cordon_fail(err, CORDON_EINPUT, 0, "'%s' is not a %s", path,
		act == RPC_FILE_LIST ? "directory" : "regular file");
	return cordon_because(err, "file.kind");
}

/* Looks at what the path leads to: for a file that is not there yet, at the directory it will be in. */
static int
look(const struct workspace *w, const char *path, enum rpc_file_act act, struct cordon_error *err)
{
	CORDON_CLOSE int workspace = open_workspace(w, err), fd = -1;
	CORDON_FREE char *copy = strdup(path);
	char *slash;
	struct cordon_error why = { 0 };

	if (workspace < 0)
		return -1;
	if (copy == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look at '%s'", path);
	fd = cordon_open_beneath(workspace, copy, O_PATH, 0, &why);
	if (fd >= 0)
		return check_kind(fd, path, act, err);
	if (fd < 0 && why.code == CORDON_ENOTFOUND && act == RPC_FILE_WRITE) {
		slash = strrchr(copy, '/');
		if (slash != NULL)
			*slash = '\0';
		fd = cordon_open_beneath(
			workspace, slash == NULL ? "." : copy, O_PATH | O_DIRECTORY, 0, &why);
	}
	if (fd >= 0)
		return 0;
	*err = why;
	if (err->code == CORDON_EPOLICY)
		return cordon_because(err, "workspace.outside");
	return err->code == CORDON_ENOTFOUND ? cordon_because(err, "file.not_found") : -1;
}

static int
start(struct caller *c, const struct rpc_file *f, const char *const *argv)
{
	char *none[] = { NULL };
	char empty[] = "";
	struct rpc_start s = { .request = f->request,
		.argv = (char **)(uintptr_t)argv,
		.env = none,
		.unset = none,
		.handle = empty,
		.cwd = empty,
		.workspace = empty,
		.profile = f->profile,
		.session = f->session,
		.label = empty,
		.timeout_ms = 60000,
		.wait_approval_ms = 0,
		.stdin_pipe = f->act == RPC_FILE_WRITE };

	s.memory = s.processes = s.cpu_ms = s.open_files = s.file_bytes = s.output_bytes =
		UINT64_MAX;
	job_start(c, &s);
	return 0;
}

int
file_request_serve(struct caller *c, const struct rpc_file *f, struct cordon_error *err)
{
	struct session *session = sessions_open(&c->sessions, f->session, err);
	const struct cordon_profile *profile;
	CORDON_FREE char *output = NULL;
	char path[PATH_MAX]; /* absolute, so that no name is taken for an option */
	const char *tail;
	char mode[16]; /* what holds a protected name for the time of runs is not the caller's */

	if (session == NULL || conduct_check(c, session, err) < 0)
		return -1;
	snprintf(mode, sizeof(mode), "%o", CORDON_PLACEHOLDER_MODE);
	profile = f->profile[0] == '\0' ? session->profile
					: conduct_profile(c, session, f->profile, err);
	if (profile == NULL || find_path(&session->workspace, f->path, path, err) < 0)
		return -1;
	tail = path + strlen(session->workspace.path);
	tail = *tail == '\0' ? "." : tail + 1;
	if (judge(profile, tail, f->act, err) < 0 ||
		look(&session->workspace, tail, f->act, err) < 0)
		return -1;
	if (asprintf(&output, "of=%s", path) < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look at '%s'", f->path);
	switch ((enum rpc_file_act)f->act) {
	case RPC_FILE_READ:
		return start(c, f, (const char *[]){ "cat", "--", path, NULL });
	case RPC_FILE_WRITE:
		return start(c, f, (const char *[]){ "dd", output, "bs=64K", "status=none", NULL });
	case RPC_FILE_LIST:
		return start(c, f,
			(const char *[]){ "find", path, "-mindepth", "1", "-maxdepth", "1", "-not",
				"(", "-type", "d", "-perm", mode, "-empty", ")", "-printf",
				"%y %s %f\\0", NULL });
	default:
		return cordon_fail(err, CORDON_EINPUT, 0, "an unknown act on a file");
	}
}
