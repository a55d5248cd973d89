/* Nothing here looks at a path twice: a name becomes a descriptor in one system call, and the
 * functions on text touch no file.
 *
 * calls: openat2 fstat fstatat close */
#include <cordon/path.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int
cordon_openat2(int dirfd, const char *path, uint64_t flags, uint32_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	long fd;

	/* EAGAIN: a rename somewhere raced with the walk; openat2(2) asks to try again. */
	for (int attempt = 0; attempt < 1000; attempt++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

static int
fail_to_open(const char *path, struct cordon_error *err)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return cordon_fail(err, CORDON_ENOTFOUND, errno, "could not open '%s'", path);
	case ENOSYS:
		return cordon_fail(err, CORDON_ENOSUPPORT, 0,
			"could not open '%s': this kernel has no openat2 (Linux 5.6 or newer is "
			"needed)",
			path);
	default:
		return cordon_fail(err, CORDON_ESYS, errno, "could not open '%s'", path);
	}
}

int
cordon_open_beneath(
	int dirfd, const char *path, uint64_t flags, uint32_t mode, struct cordon_error *err)
{
	int fd = cordon_openat2(dirfd, path, flags, mode, BENEATH);

	/* EXDEV: "..", an absolute path or a link that leads out; ELOOP: a link that does not. */
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return cordon_fail(err, CORDON_EPOLICY, 0, "'%s' leaves the workspace", path);
	return fd < 0 ? fail_to_open(path, err) : fd;
}

int
cordon_open_in_root(int dirfd, const char *path, uint64_t flags, struct cordon_error *err)
{
	int fd = cordon_openat2(dirfd, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return fd < 0 ? fail_to_open(path, err) : fd;
}

int
cordon_stat_beneath(int dirfd, const char *path, struct stat *ret)
{
	int fd, result;

	/* A name in dirfd itself: there is no way to it that could lead elsewhere. */
	if (strchr(path, '/') == NULL && path[0] != '\0' && strcmp(path, "..") != 0)
		return fstatat(dirfd, path, ret, AT_SYMLINK_NOFOLLOW);
	fd = cordon_openat2(dirfd, path, O_PATH | O_NOFOLLOW, 0, BENEATH);
	if (fd < 0)
		return -1;
	result = fstat(fd, ret);
	(void)close(fd);
	return result;
}

int
cordon_open_parent(int dirfd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX] = ".";

	*ret_name = slash == NULL ? path : slash + 1;
	if (slash != NULL) {
		if (slash - path >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
	}
	return cordon_openat2(dirfd, parent, O_PATH | O_DIRECTORY, 0, BENEATH);
}

int
cordon_identify(int fd, struct cordon_identity *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	return 0;
}

int
cordon_path_clean(const char *path, char *out, struct cordon_error *err)
{
	size_t used = 0;

	if (path[0] != '/')
		return cordon_fail(err, CORDON_EINPUT, 0, "'%s' is not an absolute path", path);
	if (strlen(path) >= PATH_MAX)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "a path is longer than %d bytes", PATH_MAX - 1);
	while (*path != '\0') {
		size_t length;

		while (*path == '/')
			path++;
		length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return cordon_fail(err, CORDON_EINPUT, 0, "a path contains '..'");
		if (length > 0 && !(length == 1 && path[0] == '.')) {
			out[used++] = '/';
			memcpy(out + used, path, length);
			used += length;
		}
		path += length;
	}
	if (used == 0)
		out[used++] = '/';
	out[used] = '\0';
	return 0;
}

int
cordon_path_within(const char *path, const char *base)
{
	const size_t length = strlen(base);

	if (strcmp(base, "/") == 0)
		return path[0] == '/';
	return strncmp(path, base, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Matches one bracket expression at *pattern ("[a-z]", "[!x]"); moves past it. Ranges are of bytes. */
static int
match_bracket(const char **pattern, const char *end, unsigned char c)
{
	const char *p = *pattern + 1;
	int negated = p < end && (*p == '!' || *p == '^');
	int matched = 0, first = 1;

	p += negated;
	for (; p < end && (*p != ']' || first); first = 0) {
		unsigned char low = (unsigned char)*p++, high = low;

		if (p + 1 < end && *p == '-' && p[1] != ']') {
			high = (unsigned char)p[1];
			p += 2;
		}
		matched |= low <= c && c <= high;
	}
	if (p >= end) { /* no closing bracket: a literal one */
		*pattern += 1;
		return c == '[';
	}
	*pattern = p + 1;
	return matched != negated;
}

/* One component against one component's pattern: the last '*' is the only place to come back to. */
static int
match_component(const char *p, const char *p_end, const char *s, const char *s_end)
{
	const char *star = NULL, *star_text = NULL;

	while (s < s_end) {
		const char *next = p;
		int matched = 0;

		if (p < p_end && *p == '*') {
			star = ++p;
			star_text = s;
			continue;
		}
		if (p < p_end && *p == '?') {
			matched = 1;
			next = p + 1;
		} else if (p < p_end && *p == '[') {
			matched = match_bracket(&next, p_end, (unsigned char)*s);
		} else if (p < p_end && *p == *s) {
			matched = 1;
			next = p + 1;
		}
		if (matched) {
			p = next;
			s++;
			continue;
		}
		if (star == NULL)
			return 0;
		p = star;
		s = ++star_text;
	}
	while (p < p_end && *p == '*')
		p++;
	return p == p_end;
}

/* True when nothing, or only "**" that may stand for no component, is left of a pattern. */
static int
rest_is_optional(const char *rest)
{
	while (strncmp(rest, "/**", 3) == 0)
		rest += 3;
	return *rest == '\0';
}

int
cordon_path_match(const char *pattern, const char *path)
{
	const char *again_pattern = NULL, *again_path = NULL;

	/* The same idea one level up: the last "**" is the only place to come back to. */
	for (;;) {
		const char *p_end = strchrnul(pattern, '/');
		const char *s_end = strchrnul(path, '/');

		if (p_end - pattern == 2 && pattern[0] == '*' && pattern[1] == '*') {
			if (*p_end == '\0')
				return 1;
			pattern = again_pattern = p_end + 1;
			again_path = path;
			continue;
		}
		if (*path != '\0' && *pattern != '\0' &&
			match_component(pattern, p_end, path, s_end)) {
			if (*s_end == '\0' && rest_is_optional(p_end))
				return 1;
			if (*p_end == '/' && *s_end == '/') {
				pattern = p_end + 1;
				path = s_end + 1;
				continue;
			}
		}
		if (again_path == NULL)
			return 0;
		again_path = strchrnul(again_path, '/');
		if (*again_path == '\0')
			return 0;
		path = ++again_path;
		pattern = again_pattern;
	}
}
