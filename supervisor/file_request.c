/* A file of the workspace is read, written or listed by a run of its own, so that everything a profile says
 * about the workspace (hide, protect, read-only, whose files they are, limits) holds by the same
 * mechanisms, and there is no second way to a file. That the path lies below the workspace and no link
 * leads there is looked at before; a path that changes meanwhile gains nothing that a run would not have. */
#include "file_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/path.h>

#include "serve.h"

static int
open_workspace(const struct workspace *w, struct cordon_error *err)
{
	int fd = cordon_openat2(AT_FDCWD, w->path, O_PATH | O_DIRECTORY, 0, 0);

	if (fd < 0)
		cordon_fail(err, CORDON_ESYS, errno, "could not open the workspace '%s'", w->path);
	return fd;
}

/* The part of path below the workspace. */
static const char *
below(const struct workspace *w, const char *path, struct cordon_error *err)
{
	if (path[0] == '/' && !cordon_path_within(path, w->path)) {
		cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is not below the workspace '%s'", path,
			w->path);
		(void)cordon_because(err, "workspace.outside");
		return NULL;
	}
	if (path[0] == '/')
		path += strlen(w->path);
	path += strspn(path, "/");
	return *path == '\0' ? "." : path;
}

/* Looks at what the path leads to: for a file that is written, at the directory it is in. */
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
	const struct session *session = sessions_open(&c->sessions, f->session, err);
	CORDON_FREE char *path = NULL, *output = NULL;
	const char *tail;

	if (session == NULL)
		return -1;
	tail = below(&session->workspace, f->path, err);
	if (tail == NULL || look(&session->workspace, tail, f->act, err) < 0)
		return -1;
	/* Absolute, so that no name is taken for an option. */
	if (asprintf(&path, "%s/%s", session->workspace.path, tail) < 0 ||
		asprintf(&output, "of=%s", path) < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look at '%s'", f->path);
	switch ((enum rpc_file_act)f->act) {
	case RPC_FILE_READ:
		return start(c, f, (const char *[]){ "cat", "--", path, NULL });
	case RPC_FILE_WRITE:
		return start(c, f, (const char *[]){ "dd", output, "bs=64K", "status=none", NULL });
	case RPC_FILE_LIST:
		return start(c, f,
			(const char *[]){ "find", path, "-mindepth", "1", "-maxdepth", "1",
				"-printf", "%y %s %f\\0", NULL });
	default:
		return cordon_fail(err, CORDON_EINPUT, 0, "an unknown act on a file");
	}
}
