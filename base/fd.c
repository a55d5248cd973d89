/* calls: close fcntl read write; at start: open fstat fstatfs prlimit64 */
#include <cordon/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <cordon/mem.h>

#define ASIDE 16 /* more than one message brings */

void
cordon_fd_close_p(int *fd)
{
	if (*fd >= 0) {
		const int saved = errno;

		(void)close(*fd); /* once, whatever it says: close(2), NOTES */
		errno = saved;
	}
	*fd = -1;
}

int
cordon_fd_take(int *fd)
{
	const int taken = *fd;

	*fd = -1;
	return taken;
}

int
cordon_fd_valid_stdio(struct cordon_error *err)
{
	for (int fd = 0; fd < 3; fd++) {
		int opened;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* open(2) takes the lowest free number, which is fd. A standard stream is the one kind of
		 * descriptor that is meant to be inherited, so no O_CLOEXEC. */
		opened = open("/dev/null", O_RDWR);
		if (opened != fd)
			return cordon_fail(err, CORDON_ESYS, errno,
				"could not open '/dev/null' as standard stream %d", fd);
	}
	return 0;
}

int
cordon_fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t written = write(fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		at += written;
		size -= (size_t)written;
	}
	return 0;
}

ssize_t
cordon_fd_read_full(int fd, void *data, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, (char *)data + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

int
cordon_fd_slurp(int fd, size_t limit, char **ret_data, size_t *ret_size, struct cordon_error *err)
{
	CORDON_FREE char *data = NULL;
	size_t capacity = 0, used = 0;

	if (limit > SSIZE_MAX - 2)
		limit = SSIZE_MAX - 2;
	for (;;) {
		ssize_t got;

		/* One byte more than the limit shows that there is more; one for the NUL. */
		if (cordon_grow(&data, &capacity, used + 4096 < limit + 2 ? used + 4096 : limit + 2,
			    limit + 2, 1) < 0)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read a file");
		got = cordon_fd_read_full(fd, data + used, capacity - 1 - used);
		if (got < 0)
			return cordon_fail(err, CORDON_ESYS, errno, "could not read a file");
		used += (size_t)got;
		if (used > limit)
			return cordon_fail(
				err, CORDON_ELIMIT, 0, "it is longer than %zu bytes", limit);
		if (used < capacity - 1)
			break;
	}
	data[used] = '\0';
	*ret_size = used;
	*ret_data = data;
	data = NULL;
	return 0;
}

int
cordon_fd_nonblock(int fd, int on)
{
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void
cordon_fd_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void
cordon_fd_set_aside(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max != RLIM_INFINITY)
		limit.rlim_cur -= limit.rlim_max / 4 < ASIDE ? limit.rlim_max / 4 : ASIDE;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int
cordon_fd_is_anonymous_pipe(int fd)
{
	struct stat st;
	struct statfs fs;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == PIPEFS_MAGIC;
}
