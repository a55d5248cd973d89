/* A bounded look, not a parse: names, change times, and whether a word occurs. What it overlooks is
 * no worse than not looking; protect (covers.c) is what prevents.
 *
 * calls: openat2 getdents64 fstat read close */
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

#include "entries.h"

#define ENTRIES_MAX 4096
#define DEPTH_MAX   6
#define BENEATH     (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct search {
	int workspace;
	const struct timespec *since;
	struct cordon_exited *exited;
	unsigned entries, depth;
};

static void
note(struct search *s, const char *path)
{
	struct cordon_exited *e = s->exited;

	if (e->starts_code_count < sizeof(e->starts_code) / sizeof(e->starts_code[0]))
		snprintf(e->starts_code[e->starts_code_count++], sizeof(e->starts_code[0]),
			"%.190s", path);
}

/* The type of the file at path, when it has changed since the run began; else 0. */
static mode_t
changed(const struct search *s, const char *path)
{
	struct stat st;

	if (cordon_stat_beneath(s->workspace, path, &st) < 0 ||
		st.st_ctim.tv_sec < s->since->tv_sec ||
		(st.st_ctim.tv_sec == s->since->tv_sec && st.st_ctim.tv_nsec < s->since->tv_nsec))
		return 0;
	return st.st_mode & S_IFMT;
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

static int
look_at_hook(void *context, const char *path, const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);
	const int sample = length > 7 && strcmp(entry->d_name + length - 7, ".sample") == 0;

	if (path != NULL && entry->d_name[0] != '.' && !sample &&
		changed(context, path) != S_IFDIR && changed(context, path) != 0)
		note(context, path);
	return 0;
}

static void
join(char child[PATH_MAX], const char *path, const char *name)
{
	snprintf(child, PATH_MAX, "%.3000s%s%s", path, path[0] == '\0' ? "" : "/", name);
}

/* path is a directory with a repository in it: ".git", or a bare one. Links are not followed, so that a
 * new one is worth a word by itself. */
static void
look_into(struct search *s, const char *path)
{
	char child[PATH_MAX];
	mode_t type;

	join(child, path, "config");
	type = changed(s, child);
	if (type == S_IFLNK || (type == S_IFREG && config_starts_code(s, child)))
		note(s, child);
	join(child, path, "hooks");
	if (changed(s, child) == S_IFLNK)
		note(s, child);
	(void)entries_each(s->workspace, child, look_at_hook, s);
}

static int
has(const struct search *s, const char *path, const char *name)
{
	char child[PATH_MAX];
	struct stat st;

	join(child, path, name);
	return cordon_stat_beneath(s->workspace, child, &st) == 0;
}

/* What git takes for a repository, or for the common part of one (gitrepository-layout(5),
 * commondir), which has no HEAD. */
static int
is_repository(const struct search *s, const char *path, const char *name)
{
	return strcmp(name, ".git") == 0 || (has(s, path, "objects") && has(s, path, "refs"));
}

static int
search_entry(void *context, const char *path, const struct dirent *entry)
{
	struct search *s = context;

	if (++s->entries > ENTRIES_MAX)
		return 1;
	if (path == NULL || !entries_is_directory(s->workspace, path, entry))
		return 0;
	if (is_repository(s, path, entry->d_name)) {
		look_into(s, path);
		return 0;
	}
	if (s->depth == DEPTH_MAX)
		return 0;
	s->depth++;
	(void)entries_each(s->workspace, path, search_entry, s);
	s->depth--;
	return 0;
}

void
starts_code_find(int workspace, const struct timespec *since, struct cordon_exited *exited)
{
	struct search s = { .workspace = workspace, .since = since, .exited = exited };

	/* The workspace itself may have become a bare repository. */
	if (is_repository(&s, "", ""))
		look_into(&s, "");
	(void)entries_each(workspace, "", search_entry, &s);
}
