/* Placeholders: a protected name that is absent is held, for the time of the run, by an empty
 * directory that is bound read-only inside (A03). An empty directory, because git, tar and editors
 * pass over it in silence and rmdir(2) can never remove what somebody else put there.
 *
 * Several runs may share one. Each holds a shared flock(2) on it; who gets the exclusive lock at the
 * end is the last and removes it. Its mode says that it is ours, from the moment it exists, so that
 * another run does not take it for somebody's own, and what a killed launcher left is recognised.
 *
 * calls: mkdirat openat2 fstat fstatat flock fchown unlinkat nanosleep close */
#include "covers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/plan.h>

#define ATTEMPTS 300 /* a millisecond apart, where another run is in the way */
#define BENEATH  (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* True while the name still leads to what was opened. */
static int
is_still_there(int parent, const char *name, const struct stat *opened)
{
	struct stat named;

	return fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened->st_dev == named.st_dev && opened->st_ino == named.st_ino;
}

/* The directory that path is in: the workspace, or one that is opened and put in *opened. */
static int
find_parent(int workspace, const char *path, int *opened, const char **ret_name)
{
	if (strchr(path, '/') == NULL) {
		*ret_name = path;
		return workspace;
	}
	return *opened = cordon_open_parent(workspace, path, ret_name);
}

static int
open_placeholder(int parent, const char *name)
{
	return cordon_openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);
}

int
placeholder_is_one(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_mode & 07777) == CORDON_PLACEHOLDER_MODE;
}

/* What is there by now may be somebody else's, so only our own is given to the workspace's owner. */
static void
give_away(int placeholder, int workspace)
{
	struct stat st, owner;

	if (fstat(placeholder, &st) == 0 && placeholder_is_one(&st) &&
		fstat(workspace, &owner) == 0)
		(void)!fchown(placeholder, owner.st_uid, owner.st_gid);
}

/* Removes the placeholder when nobody else holds it. Returns 1 when it has, 0 when it was not there, or
 * -1 with EWOULDBLOCK. */
static int
release(int parent, const char *name, int placeholder)
{
	struct stat st;

	if (flock(placeholder, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return fstat(placeholder, &st) == 0 && is_still_there(parent, name, &st) &&
	       unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

/* Made, and then not opened for lack of descriptors: those that are set aside are enough to take it away. */
static void
undo(int parent, const char *name)
{
	const int sys = errno;
	CORDON_CLOSE int fd = -1;

	cordon_fd_raise_limit();
	fd = open_placeholder(parent, name);
	if (fd >= 0)
		(void)!release(parent, name, fd);
	cordon_fd_set_aside();
	errno = sys;
}

int
placeholder_take(int workspace, const char *path)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	CORDON_CLOSE int opened = -1;
	const char *name;
	const int parent = find_parent(workspace, path, &opened, &name);

	if (parent < 0)
		return -1;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		CORDON_CLOSE int fd = -1;
		struct stat st;
		const int created = mkdirat(parent, name, CORDON_PLACEHOLDER_MODE) == 0;

		if (!created && errno != EEXIST)
			return -1;
		fd = open_placeholder(parent, name);
		if (fd < 0 && errno == ENOENT)
			continue; /* another run removed it in between */
		if (fd < 0) {
			if (created)
				undo(parent, name);
			return -1;
		}
		if (created && geteuid() == 0)
			give_away(fd, workspace);
		if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK)
				return -1;
			/* Being removed, by one who may have to wait for the processor. */
			if (fstat(fd, &st) == 0 && is_still_there(parent, name, &st))
				(void)nanosleep(&pause, NULL);
			continue;
		}
		if (fstat(fd, &st) < 0 || !is_still_there(parent, name, &st))
			continue;
		if (!placeholder_is_one(&st)) {
			errno = EEXIST;
			return -1;
		}
		return cordon_fd_take(&fd);
	}
	errno = EAGAIN;
	return -1;
}

int
placeholder_release(int workspace, const char *path, int placeholder)
{
	CORDON_CLOSE int opened = -1;
	const char *name;
	const int parent = find_parent(workspace, path, &opened, &name);

	return parent >= 0 && release(parent, name, placeholder) == 1;
}

int
placeholder_sweep(int workspace, const char *path)
{
	CORDON_CLOSE int opened = -1;
	const char *name;
	const int parent = find_parent(workspace, path, &opened, &name);
	CORDON_CLOSE int fd = parent < 0 ? -1 : open_placeholder(parent, name);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && placeholder_is_one(&st) &&
			       release(parent, name, fd) < 0
		       ? -1
		       : 0;
}
