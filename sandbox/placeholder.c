/* Placeholders: a protected name that is absent is held, for the time of the run, by an empty
 * directory that is bound read-only inside (A03). An empty directory, because git, tar and editors
 * pass over it in silence and rmdir(2) can never remove what somebody else put there.
 *
 * Several runs may share one. Each holds a shared flock(2) on it; who gets the exclusive lock at the
 * end is the last and removes it. Its mode says that it is ours, from the moment it exists, so that
 * another run does not take it for somebody's own, and what a killed launcher left is recognised.
 *
 * calls: mkdirat openat2 fstat fstatat flock fchown unlinkat close */
#include "covers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>

#define MARK    01555 /* nobody makes a directory sticky that nobody can write */
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* True while the name still leads to the opened directory. */
static int
is_still_there(int workspace, const char *path, int placeholder)
{
	struct stat opened, named;

	return fstat(placeholder, &opened) == 0 &&
	       fstatat(workspace, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int
placeholder_is_one(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_mode & 07777) == MARK;
}

static int
is_marked(int placeholder)
{
	struct stat st;

	return fstat(placeholder, &st) == 0 && placeholder_is_one(&st);
}

int
placeholder_take(int workspace, const char *path)
{
	for (int attempt = 0; attempt < 100; attempt++) {
		CORDON_CLOSE int fd = -1;
		struct stat parent;
		const int created = mkdirat(workspace, path, MARK) == 0;

		if (!created && errno != EEXIST)
			return -1;
		fd = cordon_openat2(
			workspace, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);
		if (fd < 0 && errno == ENOENT)
			continue; /* another run removed it in between */
		if (fd < 0)
			return -1;
		if (created && geteuid() == 0 && fstat(workspace, &parent) == 0)
			(void)!fchown(fd, parent.st_uid, parent.st_gid);
		if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				continue; /* being removed */
			return -1;
		}
		if (!is_still_there(workspace, path, fd))
			continue;
		if (!is_marked(fd)) {
			errno = EEXIST;
			return -1;
		}
		return cordon_fd_take(&fd);
	}
	errno = EAGAIN;
	return -1;
}

void
placeholder_release(int workspace, const char *path, int placeholder)
{
	CORDON_CLOSE int fd = placeholder;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_there(workspace, path, fd))
		(void)!unlinkat(workspace, path, AT_REMOVEDIR);
}

void
placeholder_sweep(int workspace, char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int fd = cordon_openat2(
			workspace, paths[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);

		if (fd >= 0 && is_marked(fd))
			placeholder_release(workspace, paths[i], fd);
		else
			cordon_fd_close_p(&fd);
	}
}
