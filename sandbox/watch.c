/* What the events of a directory mean to one run. The instance that they come from is shared: watches.c.
 *
 * calls: fcntl openat2 renameat unlinkat getdents64 and those of watches.c */
#include "watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "entries.h"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct directory {
	int wd;
	char *path; /* below the workspace, "" is the workspace */
};

struct watch {
	struct watch *next; /* of its instance */
	struct watches *watches;
	enum cordon_end end; /* EXIT: nothing has happened */
	int workspace; /* a descriptor of its own */
	const struct cordon_plan *plan;
	const struct sandbox_covers *covers;
	int follows_all; /* a pattern with "**": every directory is watched */
	struct directory *directories;
	size_t count, capacity;
};

/* Watches one directory; one that is gone or cannot be read needs no watching. */
static int
add(struct watch *w, const char *path)
{
	CORDON_CLOSE int fd = cordon_openat2(w->workspace, path[0] == '\0' ? "." : path,
		O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);
	char *copy;
	int wd;

	if (fd < 0)
		return entries_is_absence(errno) ? 0 : -1;
	if (cordon_grow(&w->directories, &w->capacity, w->count + 1, COVERS_ENTRIES,
		    sizeof(*w->directories)) < 0)
		return -1;
	copy = strdup(path);
	wd = copy == NULL ? -1 : watches_hold(w->watches, fd);
	if (wd < 0) {
		free(copy);
		return copy != NULL && (errno == EACCES || errno == ENOENT) ? 0 : -1;
	}
	for (size_t i = 0; i < w->count; i++)
		if (w->directories[i].wd == wd) { /* by another name */
			watches_release(w->watches, wd);
			free(copy);
			return 0;
		}
	w->directories[w->count++] = (struct directory){ wd, copy };
	return 0;
}

static int
add_parent(struct watch *w, const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const size_t length = slash == NULL ? 0 : (size_t)(slash - path);

	if (length >= sizeof(parent))
		return 0;
	memcpy(parent, path, length);
	parent[length] = '\0';
	/* Paths are sorted, so that the names of one directory are neighbours. */
	if (w->count > 0 && strcmp(w->directories[w->count - 1].path, parent) == 0)
		return 0;
	return add(w, parent);
}

static int add_tree(struct watch *w, const char *path);

static int
add_entry(void *context, const char *path, const struct dirent *entry)
{
	struct watch *w = context;

	/* The walk for what is hidden has refused paths that are too long. */
	return path != NULL && entries_is_directory(w->workspace, path, entry) ? add_tree(w, path)
									       : 0;
}

/* Watches path and every directory below it; PATH_MAX bounds the depth. */
static int
add_tree(struct watch *w, const char *path)
{
	const int result = add(w, path);

	return result < 0 ? result : entries_each(w->workspace, path, add_entry, w);
}

/* What is at a covered path now; zero when there is nothing. */
static struct cordon_identity
identify(int workspace, const char *path)
{
	struct cordon_identity identity = { 0 };
	struct stat st;

	if (cordon_stat_beneath(workspace, path, &st) == 0)
		identity = (struct cordon_identity){ st.st_dev, st.st_ino };
	return identity;
}

int
watch_create(int workspace, const struct cordon_plan *plan, struct sandbox_covers *covers,
	struct watches *watches, struct watch **ret, struct cordon_error *err)
{
	struct watch *w;
	int result = 0;

	*ret = NULL;
	if (covers->count == 0 && plan->hide_count == 0)
		return 0;
	w = cordon_array(1, sizeof(*w));
	if (w == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not watch the workspace");
	*w = (struct watch){
		.watches = watches, .plan = plan, .covers = covers, .end = CORDON_END_EXIT
	};
	w->workspace = fcntl(workspace, F_DUPFD_CLOEXEC, 3);
	/* What has happened so far is no concern of this run: its own placeholders, for one. */
	if (w->workspace < 0 || watches_open(watches) < 0)
		result = -1;
	else
		watches_read(watches);
	for (size_t i = 0; i < covers->count && result == 0; i++) {
		struct sandbox_cover *c = &covers->items[i];

		if (c->kind > COVER_PIN)
			result = add_parent(w, c->path);
		/* After the watch began, so that nothing is missed in between. */
		c->identity = identify(workspace, c->path);
	}
	for (size_t i = 0; i < plan->hide_count && result == 0; i++)
		w->follows_all |= strchr(plan->hide[i], '/') != NULL;
	if (result == 0 && plan->hide_count > 0)
		result = w->follows_all ? add_tree(w, "") : add(w, "");
	if (result < 0) {
		cordon_fail(err, CORDON_EFLOOR, errno,
			"could not watch the protected and hidden names of the workspace (see "
			"sysctl "
			"fs.inotify.max_user_watches and fs.inotify.max_user_instances)");
		watch_destroy(w);
		return cordon_because(err, plan->hide_count > 0 ? "floor.hide" : "floor.protect");
	}
	w->next = watches->first;
	watches->first = w;
	*ret = w;
	return 0;
}

void
watch_destroy(struct watch *w)
{
	struct watch **at;

	if (w == NULL)
		return;
	at = &w->watches->first;
	while (*at != NULL && *at != w)
		at = &(*at)->next;
	if (*at != NULL)
		*at = w->next;
	for (size_t i = 0; i < w->count; i++) {
		watches_release(w->watches, w->directories[i].wd);
		free(w->directories[i].path);
	}
	free(w->directories);
	cordon_fd_close_p(&w->workspace);
	free(w);
}

enum cordon_end
watch_end(const struct watch *w)
{
	return w == NULL ? CORDON_END_EXIT : w->end;
}

/* Takes away what must not be there: a file, or a whole directory by a name that means nothing. */
static void
take_away(struct watch *w, const char *path)
{
	char aside[NAME_MAX + 1];
	const char *name;
	CORDON_CLOSE int parent = cordon_open_parent(w->workspace, path, &name);

	if (parent < 0 || unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return;
	if (snprintf(aside, sizeof(aside), "%s.refused-by-cordon", name) < (int)sizeof(aside))
		(void)!renameat(parent, name, parent, aside);
}

static enum cordon_end
judge(struct watch *w, const char *path, uint32_t mask)
{
	for (size_t i = 0; i < w->covers->count; i++) {
		const struct sandbox_cover *c = &w->covers->items[i];

		if (c->kind <= COVER_PIN || strcmp(c->path, path) != 0)
			continue;
		if (c->kind == COVER_ABSENT) {
			if ((mask & (IN_CREATE | IN_MOVED_TO)) == 0)
				continue;
			take_away(w, path);
		}
		return c->kind == COVER_READ_ONLY || c->kind == COVER_ABSENT ? CORDON_END_PROTECT
									     : CORDON_END_HIDE;
	}
	if ((mask & (IN_CREATE | IN_MOVED_TO)) == 0)
		return CORDON_END_EXIT;
	for (size_t i = 0; i < w->plan->hide_count; i++)
		if (cordon_path_match(w->plan->hide[i], path))
			return CORDON_END_HIDE;
	/* A new directory may bring names with it, and names may have come before its watch. */
	if ((mask & IN_ISDIR) != 0 && w->follows_all) {
		struct sandbox_covers found = { 0 };
		struct cordon_error ignored;
		size_t hidden = 0, known = 0;

		if (add_tree(w, path) < 0)
			return CORDON_END_HIDE;
		if (covers_hide(&found, w->workspace, w->plan, &ignored) < 0)
			hidden = SIZE_MAX;
		else
			hidden = found.count;
		covers_finish(&found, w->workspace, NULL);
		for (size_t i = 0; i < w->covers->count; i++)
			known += w->covers->items[i].kind >= COVER_BLANK_FILE;
		if (hidden > known)
			return CORDON_END_HIDE;
	}
	return CORDON_END_EXIT;
}

static const char *
path_of(const struct watch *w, int wd)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->directories[i].wd == wd)
			return w->directories[i].path;
	return NULL;
}

/* Events were lost, so everything is looked at: each covered path must be the file that it was, and
 * nothing new may match what is hidden. */
static enum cordon_end
look_at_all(struct watch *w)
{
	struct sandbox_covers found = { 0 };
	struct cordon_error ignored;
	size_t hidden = 0, known = 0;
	int failed;

	for (size_t i = 0; i < w->covers->count; i++) {
		const struct sandbox_cover *c = &w->covers->items[i];
		const struct cordon_identity now = identify(w->workspace, c->path);

		known += c->kind >= COVER_BLANK_FILE;
		if (c->kind <= COVER_PIN ||
			(now.dev == c->identity.dev && now.ino == c->identity.ino))
			continue;
		if (c->kind == COVER_ABSENT)
			take_away(w, c->path);
		return c->kind >= COVER_BLANK_FILE ? CORDON_END_HIDE : CORDON_END_PROTECT;
	}
	failed = w->plan->hide_count > 0 &&
		 (covers_hide(&found, w->workspace, w->plan, &ignored) < 0 ||
			 (w->follows_all && add_tree(w, "") < 0));
	hidden = found.count;
	covers_finish(&found, w->workspace, NULL);
	return failed || hidden > known ? CORDON_END_HIDE : CORDON_END_EXIT;
}

static enum cordon_end
hear(struct watch *w, const struct inotify_event *e)
{
	char path[PATH_MAX];
	const char *directory;

	if ((e->mask & IN_Q_OVERFLOW) != 0)
		return look_at_all(w);
	directory = path_of(w, e->wd);
	if (directory == NULL || e->len == 0 ||
		snprintf(path, sizeof(path), "%s%s%s", directory, directory[0] == '\0' ? "" : "/",
			e->name) >= (int)sizeof(path))
		return CORDON_END_EXIT;
	return judge(w, path, e->mask);
}

int
watch_hear(struct watch *first, const struct inotify_event *e)
{
	int news = 0;

	for (struct watch *w = first; w != NULL; w = w->next)
		if (w->end == CORDON_END_EXIT) {
			w->end = hear(w, e);
			news |= w->end != CORDON_END_EXIT;
		}
	return news;
}
