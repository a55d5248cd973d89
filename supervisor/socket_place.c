#include "socket_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cordon/fd.h>

#define TEMPORARY 32 /* bytes of a name */

struct place {
	int directory;
	const char *base; /* name in it */
	char temporary[TEMPORARY];
};

static int
find_place(const char *path, struct place *p, struct cordon_error *err)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	const size_t length = slash == NULL || slash == path ? 1 : (size_t)(slash - path);

	p->base = slash == NULL ? path : slash + 1;
	if (length >= sizeof(directory) || p->base[0] == '\0')
		return cordon_fail(err, CORDON_EINPUT, 0, "'%s' is no name for a socket", path);
	snprintf(directory, sizeof(directory), "%.*s", (int)length, slash == NULL ? "." : path);
	p->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->directory < 0)
		return cordon_fail(
			err, CORDON_EINPUT, errno, "could not open the directory '%s'", directory);
	snprintf(p->temporary, sizeof(p->temporary), ".cordon-%d", getpid());
	return 0;
}

/* By the directory's descriptor, so that a path as long as a socket's may be has room for this name, too. */
static int
bind_temporary(int fd, const struct place *p)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int result;

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", p->directory,
		p->temporary);
	(void)unlinkat(p->directory, p->temporary, 0); /* of one that had our pid and was killed */
	mask = umask(0177);
	result = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	return result;
}

static int
rename_to_base(const struct place *p)
{
	if (renameat2(p->directory, p->temporary, p->directory, p->base, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	/* A file system without that flag. link(2) does not replace either. */
	if (linkat(p->directory, p->temporary, p->directory, p->base, 0) < 0)
		return -1;
	(void)unlinkat(p->directory, p->temporary, 0);
	return 0;
}

int
socket_place(const char *path, int type, int backlog, struct cordon_error *err)
{
	CORDON_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct place place = { .directory = -1 };
	int failed;

	if (fd < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a socket");
	if (find_place(path, &place, err) < 0)
		return -1;
	failed = bind_temporary(fd, &place) < 0;
	if (failed)
		cordon_fail(err, CORDON_EINPUT, errno, "could not bind '%s'", path);
	else if (listen(fd, backlog) < 0 || rename_to_base(&place) < 0) {
		cordon_fail(err, errno == EEXIST ? CORDON_EINPUT : CORDON_ESYS, errno,
			"could not make the socket '%s'", path);
		(void)unlinkat(place.directory, place.temporary, 0);
		failed = 1;
	}
	cordon_fd_close_p(&place.directory);
	return failed ? -1 : cordon_fd_take(&fd);
}
