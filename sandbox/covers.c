/* Which paths below a workspace are protected, and how (A03).
 *
 * A protected path that exists is bound read-only. One that is absent gets a placeholder, when its
 * parent exists; when the parent is absent too, making it is allowed and reported afterwards
 * (starts_code.c): `git init` in an empty workspace must work. A parent that is not a directory (the
 * .git file of a worktree) is protected itself.
 *
 * calls: openat2 fstatat fstat readlink getdents64 and those of placeholder.c and hide.c */
#include "covers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "entries.h"

#define DEPTH_MAX 32 /* of directories that "**" stands for */
#define BENEATH   (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int
covers_add(struct sandbox_covers *covers, const char *path, enum sandbox_cover_kind kind,
	int missing, struct cordon_error *err)
{
	struct sandbox_cover *c;

	if (cordon_grow(&covers->items, &covers->capacity, covers->count + 1, COVERS_MAX,
		    sizeof(*covers->items)) < 0)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"more than %d paths of the workspace are to be protected or hidden",
			COVERS_MAX);
	c = &covers->items[covers->count];
	*c = (struct sandbox_cover){ .kind = kind, .missing = missing, .placeholder = -1 };
	c->path = strdup(path);
	if (c->path == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not note a protected path");
	covers->count++;
	return 0;
}

int
covers_unread(struct cordon_error *err, const char *path)
{
	return cordon_fail(err, CORDON_ESYS, errno,
		"could not look for protected and hidden names at '%s' in the workspace",
		path[0] == '\0' ? "." : path);
}

/* Protects path, and pins the directories above it. */
static int
protect(struct sandbox_covers *covers, const char *path, int missing, struct cordon_error *err)
{
	char parent[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
		if (covers_add(covers, parent, COVER_PIN, 0, err) < 0)
			return -1;
	}
	return covers_add(covers, path, COVER_READ_ONLY, missing, err);
}

/* What a protected link leads to, when that is in the workspace: writing through the link, or past it,
 * would change what the name means. */
static int
protect_target(
	struct sandbox_covers *covers, int workspace, const char *path, struct cordon_error *err)
{
	CORDON_CLOSE int target =
		cordon_openat2(workspace, path, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	char link[32], base[PATH_MAX], name[PATH_MAX];
	ssize_t base_length, length;

	if (target < 0) /* it leads out of the workspace, or nowhere */
		return entries_is_absence(errno) ? 0 : covers_unread(err, path);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", workspace);
	base_length = readlink(link, base, sizeof(base) - 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", target);
	length = base_length <= 0 ? -1 : readlink(link, name, sizeof(name) - 1);
	if (length <= 0)
		return covers_unread(err, path);
	if (length <= base_length + 1 || name[base_length] != '/' ||
		memcmp(base, name, (size_t)base_length) != 0)
		return 0;
	name[length] = '\0';
	return protect(covers, name + base_length + 1, 0, err);
}

/* Names whose mere existence changes what git does, so that no placeholder can stand there:
 * gitrepository-layout(5), commondir; git-config(1), config.worktree. */
static int
is_read_by_git(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	return slash != NULL && strncmp(path, ".git/", 5) == 0 &&
	       (strcmp(name, "commondir") == 0 || strcmp(name, "config.worktree") == 0);
}

static int expand(struct sandbox_covers *covers, int workspace, const char *prefix,
	const char *rest, struct cordon_error *err);

struct star {
	struct sandbox_covers *covers;
	int workspace;
	const char *rest;
	struct cordon_error *err;
	unsigned depth; /* of "**" */
};

static int
expand_entry(void *context, const char *path, const struct dirent *entry)
{
	const struct star *star = context;

	(void)entry;
	if (path == NULL)
		return 0; /* no pattern of ours is that long */
	return *star->rest == '\0'
		       ? protect(star->covers, path, 0, star->err)
		       : expand(star->covers, star->workspace, path, star->rest, star->err);
}

/* "*" as one component: every entry of the directory at prefix. */
static int
expand_star(struct sandbox_covers *covers, int workspace, const char *prefix, const char *rest,
	struct cordon_error *err)
{
	struct star star = { covers, workspace, rest, err, 0 };
	const int result = entries_each(workspace, prefix, expand_entry, &star);

	return result == ENTRIES_UNREAD ? covers_unread(err, prefix) : result;
}

/* Returns 1 or 0, or -1 when that cannot be said. */
static int
exists_in(int workspace, const char *directory, const char *name, size_t length)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s%s%.*s", directory, directory[0] == '\0' ? "" : "/",
		    (int)length, name) >= (int)sizeof(path))
		return 0;
	if (cordon_stat_beneath(workspace, path, &st) == 0)
		return 1;
	return entries_is_absence(errno) ? 0 : -1;
}

static int expand_tree(const struct star *star, const char *prefix);

static int
expand_tree_entry(void *context, const char *path, const struct dirent *entry)
{
	const struct star *star = context;
	struct star below = *star;

	below.depth++;
	return path != NULL && below.depth < DEPTH_MAX &&
			       entries_is_directory(star->workspace, path, entry)
		       ? expand_tree(&below, path)
		       : 0;
}

/* "**" as one component: prefix and the directories below it. Names that are absent are held in
 * repositories only, where git would read them; what is in one is not searched but for the
 * repositories of its submodules: gitrepository-layout(5). */
static int
expand_tree(const struct star *star, const char *prefix)
{
	const size_t length = strcspn(star->rest, "/");
	const int repository = exists_in(star->workspace, prefix, "HEAD", 4);
	const int named = repository != 0 ? repository
					  : exists_in(star->workspace, prefix, star->rest, length);
	char modules[PATH_MAX];
	int result;

	if (named < 0)
		return covers_unread(star->err, prefix);
	if (named && expand(star->covers, star->workspace, prefix, star->rest, star->err) < 0)
		return -1;
	if (repository &&
		snprintf(modules, sizeof(modules), "%s/modules", prefix) >= (int)sizeof(modules))
		return 0;
	result = entries_each(star->workspace, repository ? modules : prefix, expand_tree_entry,
		(void *)(uintptr_t)star);
	return result == ENTRIES_UNREAD ? covers_unread(star->err, prefix) : result;
}

/* Follows one pattern: prefix has been found, rest is to come. */
static int
expand(struct sandbox_covers *covers, int workspace, const char *prefix, const char *rest,
	struct cordon_error *err)
{
	const char *end = strchrnul(rest, '/');
	const char *next = *end == '/' ? end + 1 : end;
	char path[PATH_MAX];
	struct stat st;
	CORDON_CLOSE int opened = -1;
	int parent = workspace, length;

	if (end - rest == 1 && *rest == '*')
		return expand_star(covers, workspace, prefix, next, err);
	if (end - rest == 2 && memcmp(rest, "**", 2) == 0)
		return expand_tree(&(struct star){ covers, workspace, next, err, 0 }, prefix);
	length = snprintf(path, sizeof(path), "%s%s%.*s", prefix, prefix[0] == '\0' ? "" : "/",
		(int)(end - rest), rest);
	if (length >= (int)sizeof(path))
		return 0;
	if (prefix[0] != '\0')
		parent = opened =
			cordon_openat2(workspace, prefix, O_PATH | O_DIRECTORY, 0, BENEATH);
	if (parent < 0)
		return entries_is_absence(errno) ? 0 : covers_unread(err, prefix);
	if (fstatat(parent, path + (prefix[0] == '\0' ? 0 : strlen(prefix) + 1), &st,
		    AT_SYMLINK_NOFOLLOW) < 0) {
		if (!entries_is_absence(errno))
			return covers_unread(err, path);
		if (errno != ENOENT || *next != '\0')
			return 0;
		if (is_read_by_git(path))
			return covers_add(covers, path, COVER_ABSENT, 0, err);
		return protect(covers, path, 1, err);
	}
	if (S_ISLNK(st.st_mode) && protect_target(covers, workspace, path, err) < 0)
		return -1;
	/* Another run's placeholder is held too, so that the last of them takes it away. */
	if (*next == '\0' || !S_ISDIR(st.st_mode))
		return protect(covers, path, placeholder_is_one(&st), err);
	return expand(covers, workspace, path, next, err);
}

static int
by_path(const void *a, const void *b)
{
	const struct sandbox_cover *first = a, *second = b;
	int order = strcmp(first->path, second->path);

	return order != 0 ? order : (int)second->kind - (int)first->kind;
}

static int
is_below(const char *path, const char *directory)
{
	const size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* Sorts, and drops what an earlier cover includes: the same path again, or anything below a path
 * that is read-only or hidden as a whole (a writable pin there would open it again). */
static void
reduce(struct sandbox_covers *covers)
{
	size_t kept = 0;

	if (covers->count == 0)
		return;
	qsort(covers->items, covers->count, sizeof(*covers->items), by_path);
	for (size_t i = 0; i < covers->count; i++) {
		struct sandbox_cover *c = &covers->items[i];
		int included = 0;

		for (size_t k = kept; k > 0 && !included; k--) {
			const struct sandbox_cover *before = &covers->items[k - 1];

			included = strcmp(before->path, c->path) == 0 ||
				   (is_below(c->path, before->path) &&
					   (before->kind == COVER_BLANK_DIRECTORY ||
						   (before->kind == COVER_READ_ONLY &&
							   c->kind <= COVER_ABSENT)));
		}
		if (included)
			free(c->path);
		else
			covers->items[kept++] = *c;
	}
	covers->count = kept;
}

/* What cannot be made because the workspace is not writable for us cannot be made by the run either. */
int
covers_hold(struct sandbox_covers *covers, int workspace, struct cordon_error *err)
{
	for (size_t i = 0; i < covers->count; i++) {
		struct sandbox_cover *c = &covers->items[i];

		if (!c->missing)
			continue;
		c->placeholder = placeholder_take(workspace, c->path);
		if (c->placeholder >= 0 || errno == EEXIST || errno == ENOTDIR)
			continue;
		if (errno != EACCES && errno != EROFS) {
			cordon_fail(err, CORDON_EFLOOR, errno,
				"could not hold the protected name '%s' in the workspace", c->path);
			return cordon_because(err, "floor.protect");
		}
		c->kind = COVER_NOTHING;
	}
	return 0;
}

int
covers_find(struct sandbox_covers *covers, int workspace, const struct cordon_plan *plan,
	struct cordon_error *err)
{
	if (plan->workspace == CORDON_WORKSPACE_WRITE)
		for (size_t i = 0; i < plan->protect_count; i++)
			if (expand(covers, workspace, "", plan->protect[i], err) < 0)
				return -1;
	if (covers_hide(covers, workspace, plan, err) < 0)
		return -1;
	reduce(covers);
	return 0;
}

void
covers_finish(struct sandbox_covers *covers, int workspace, struct trash *trash)
{
	/* Children before parents. */
	for (size_t i = covers->count; i > 0; i--) {
		struct sandbox_cover *c = &covers->items[i - 1];

		if (c->placeholder >= 0)
			trash_put(placeholder_release(workspace, c->path, c->placeholder) ? trash
											  : NULL,
				c->placeholder);
		free(c->path);
	}
	free(covers->items);
	*covers = (struct sandbox_covers){ 0 };
}

size_t
covers_sweep(int workspace, char *const *protect, size_t protect_count)
{
	struct sandbox_covers covers = { 0 };
	struct cordon_error ignored;
	size_t held = 0;

	for (size_t i = 0; i < protect_count; i++)
		(void)!expand(&covers, workspace, "", protect[i], &ignored);
	for (size_t i = 0; i < covers.count; i++)
		if (covers.items[i].missing)
			held += placeholder_sweep(workspace, covers.items[i].path) < 0;
	covers_finish(&covers, workspace, NULL);
	return held;
}
