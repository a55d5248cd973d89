/* Which paths below a workspace are hidden (A04): a bounded walk that follows no link, only as deep
 * as the patterns reach. It covers names, not bytes: a copy under another name is not found.
 *
 * calls: openat2 getdents64 close */
#include "covers.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>

#define DEPTH_MAX 64

struct walk {
	struct sandbox_covers *covers;
	const struct cordon_plan *plan;
	int workspace;
	unsigned depth; /* how deep the patterns reach */
	unsigned entries;
};

static unsigned
depth_of(const struct cordon_plan *plan)
{
	unsigned depth = 0;

	for (size_t i = 0; i < plan->hide_count; i++) {
		unsigned components = 1;

		if (strstr(plan->hide[i], "**") != NULL)
			return DEPTH_MAX;
		for (const char *p = plan->hide[i]; *p != '\0'; p++)
			components += *p == '/';
		if (components > depth)
			depth = components;
	}
	return depth;
}

static int
is_hidden(const struct cordon_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->hide_count; i++)
		if (cordon_path_match(plan->hide[i], path))
			return 1;
	return 0;
}

static int
too_much(struct cordon_error *err, const char *what)
{
	cordon_fail(err, CORDON_ELIMIT, 0,
		"the workspace has %s, too much to find what the profile hides; name a smaller "
		"workspace "
		"or patterns without '**'",
		what);
	return cordon_because(err, "floor.hide");
}

static int
walk(struct walk *w, const char *prefix, unsigned depth, struct cordon_error *err)
{
	int fd = cordon_openat2(w->workspace, prefix[0] == '\0' ? "." : prefix,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (directory == NULL) {
		cordon_fd_close_p(&fd);
		return 0; /* unreadable for us is unreadable for the run */
	}
	for (struct dirent *e = readdir(directory); e != NULL && result == 0;
		e = readdir(directory)) {
		char path[PATH_MAX];
		struct stat st;
		int directory_entry;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++w->entries > COVERS_ENTRIES) {
			result = too_much(err, "more than 100000 entries");
			break;
		}
		if (snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] == '\0' ? "" : "/",
			    e->d_name) >= (int)sizeof(path))
			continue;
		directory_entry =
			e->d_type == DT_DIR ||
			(e->d_type == DT_UNKNOWN &&
				fstatat(w->workspace, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				S_ISDIR(st.st_mode));
		if (is_hidden(w->plan, path))
			result = covers_add(w->covers, path,
				directory_entry ? COVER_BLANK_DIRECTORY : COVER_BLANK_FILE, 0, err);
		else if (directory_entry && depth + 1 < w->depth)
			result = walk(w, path, depth + 1, err);
		else if (directory_entry && depth + 1 >= DEPTH_MAX)
			result = too_much(err, "directories more than 64 levels deep");
	}
	closedir(directory);
	return result;
}

int
covers_hide(struct sandbox_covers *covers, int workspace, const struct cordon_plan *plan,
	struct cordon_error *err)
{
	struct walk w = {
		.covers = covers, .plan = plan, .workspace = workspace, .depth = depth_of(plan)
	};

	if (plan->hide_count == 0 || plan->workspace == CORDON_WORKSPACE_NONE)
		return 0;
	return walk(&w, "", 0, err);
}
