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
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>

#define ATTEMPTS 300 /* a millisecond apart, where another run is in the way */
#define MARK     01555 /* nobody makes a directory sticky that nobody can write */
#define BENEATH  (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* True while the name still leads to the opened directory. */
static int
is_still_there(int parent, const char *name, int placeholder)
{
	struct stat opened, named;

	return fstat(placeholder, &opened) == 0 &&
	       fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int
open_placeholder(int parent, const char *name)
{
	return cordon_openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);
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
	const struct timespec pause = { .tv_nsec = 1000000 };
	const char *name;
	CORDON_CLOSE int parent = cordon_open_parent(workspace, path, &name);

	if (parent < 0)
		return -1;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		CORDON_CLOSE int fd = -1;
		struct stat owner;
		const int created = mkdirat(parent, name, MARK) == 0;

		if (!created && errno != EEXIST)
			return -1;
		fd = open_placeholder(parent, name);
		if (fd < 0 && errno == ENOENT)
			continue; /* another run removed it in between */
		if (fd < 0)
			return -1;
		/* What is there by now may be somebody else's, so only our own is given away. */
		if (created && geteuid() == 0 && is_marked(fd) && fstat(workspace, &owner) == 0)
			(void)!fchown(fd, owner.st_uid, owner.st_gid);
		if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK)
				return -1;
			/* Being removed, by one who may have to wait for the processor. */
			(void)nanosleep(&pause, NULL);
			continue;
		}
		if (!is_still_there(parent, name, fd))
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

/* Removes the placeholder when nobody else holds it. Returns 0, or -1 with EWOULDBLOCK. */
static int
release(int parent, const char *name, int placeholder)
{
	if (flock(placeholder, LOCK_EX | LOCK_NB) < 0)
		return -1;
	if (is_still_there(parent, name, placeholder))
		(void)!unlinkat(parent, name, AT_REMOVEDIR);
	return 0;
}

void
placeholder_release(int workspace, const char *path, int placeholder)
{
	const char *name;
	CORDON_CLOSE int fd = placeholder;
	CORDON_CLOSE int parent = cordon_open_parent(workspace, path, &name);

	if (parent >= 0)
		(void)!release(parent, name, fd);
}

int
placeholder_sweep(int workspace, const char *path)
{
	const char *name;
	CORDON_CLOSE int parent = cordon_open_parent(workspace, path, &name);
	CORDON_CLOSE int fd = parent < 0 ? -1 : open_placeholder(parent, name);

	return fd >= 0 && is_marked(fd) ? release(parent, name, fd) : 0;
}
