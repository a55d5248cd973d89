/* A bounded look, not a parse: names, change times, and whether a word occurs. What it overlooks is
 * no worse than not looking; protect (covers.c) is what prevents.
 *
 * calls: openat2 getdents64 fstat fstatat read close */
#include "starts_code.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#define ENTRIES_MAX 4096
#define DEPTH_MAX   6
#define BENEATH     (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct search {
	int workspace;
	const struct timespec *since;
	struct cordon_exited *exited;
	unsigned entries;
};

static void
note(struct search *s, const char *path)
{
	struct cordon_exited *e = s->exited;

	if (e->starts_code_count < sizeof(e->starts_code) / sizeof(e->starts_code[0]))
		snprintf(e->starts_code[e->starts_code_count++], sizeof(e->starts_code[0]),
			"%.190s", path);
}

static int
changed(const struct search *s, const char *path, mode_t type)
{
	struct stat st;

	if (fstatat(s->workspace, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		(st.st_mode & S_IFMT) != type)
		return 0;
	return st.st_ctim.tv_sec > s->since->tv_sec ||
	       (st.st_ctim.tv_sec == s->since->tv_sec && st.st_ctim.tv_nsec >= s->since->tv_nsec);
}

/* Words of git-config(1) that name a program. */
static int
config_starts_code(const struct search *s, const char *path)
{
	static const char *const words[] = { "fsmonitor", "hookspath", "sshcommand", "askpass",
		"editor", "pager", "filter", "textconv", "external", "driver", "helper", "command",
		"alias", "include", "program", "proxy" };
	char text[65536];
	CORDON_CLOSE int fd = cordon_openat2(s->workspace, path, O_RDONLY | O_NONBLOCK, 0, BENEATH);
	ssize_t got = fd < 0 ? -1 : cordon_fd_read_full(fd, text, sizeof(text) - 1);

	if (got < 0)
		return 0;
	text[got] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(text, words[i]) != NULL)
			return 1;
	return got == (ssize_t)sizeof(text) - 1;
}

static DIR *
open_directory(const struct search *s, const char *path)
{
	int fd = cordon_openat2(s->workspace, path[0] == '\0' ? "." : path,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL)
		cordon_fd_close_p(&fd);
	return directory;
}

/* path is a directory with a repository in it: ".git", or a bare one. */
static void
look_into(struct search *s, const char *path)
{
	char child[PATH_MAX];
	DIR *hooks;

	if (snprintf(child, sizeof(child), "%.3000s/config", path) > 0 &&
		changed(s, child, S_IFREG) && config_starts_code(s, child))
		note(s, child);
	snprintf(child, sizeof(child), "%.3000s/hooks", path);
	hooks = open_directory(s, child);
	if (hooks == NULL)
		return;
	for (struct dirent *e = readdir(hooks); e != NULL; e = readdir(hooks)) {
		const size_t length = strlen(e->d_name);

		if (e->d_name[0] == '.' ||
			(length > 7 && strcmp(e->d_name + length - 7, ".sample") == 0))
			continue;
		snprintf(child, sizeof(child), "%.3000s/hooks/%s", path, e->d_name);
		if (changed(s, child, S_IFREG) || changed(s, child, S_IFLNK))
			note(s, child);
	}
	closedir(hooks);
}

static int
is_repository(const struct search *s, const char *path, const char *name)
{
	char head[PATH_MAX];
	struct stat st;

	if (strcmp(name, ".git") == 0)
		return 1;
	snprintf(head, sizeof(head), "%.3000s/HEAD", path);
	if (fstatat(s->workspace, head, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	snprintf(head, sizeof(head), "%.3000s/objects", path);
	return fstatat(s->workspace, head, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void
search(struct search *s, const char *path, unsigned depth)
{
	DIR *directory = open_directory(s, path);

	if (directory == NULL)
		return;
	for (struct dirent *e = readdir(directory); e != NULL; e = readdir(directory)) {
		char child[PATH_MAX];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++s->entries > ENTRIES_MAX)
			break;
		if (e->d_type != DT_DIR ||
			snprintf(child, sizeof(child), "%s%s%s", path, path[0] == '\0' ? "" : "/",
				e->d_name) >= (int)sizeof(child))
			continue;
		if (is_repository(s, child, e->d_name))
			look_into(s, child);
		else if (depth + 1 < DEPTH_MAX)
			search(s, child, depth + 1);
	}
	closedir(directory);
}

void
starts_code_find(int workspace, const struct timespec *since, struct cordon_exited *exited)
{
	struct search s = { .workspace = workspace, .since = since, .exited = exited };

	search(&s, "", 0);
}
