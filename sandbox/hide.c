/* Which paths below a workspace are hidden (A04): a bounded walk that follows no link, only as deep
 * as the patterns reach. It covers names, not bytes: a copy under another name is not found.
 *
 * calls: those of entries.c */
#include "covers.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "entries.h"

#define DEPTH_MAX 64

struct walk {
	struct sandbox_covers *covers;
	const struct cordon_plan *plan;
	int workspace;
	unsigned depth; /* how deep the patterns reach */
	unsigned entries;
	struct cordon_error *err;
};

struct step { /* one directory of the walk */
	struct walk *walk;
	unsigned depth;
};

static int walk(struct walk *w, const char *prefix, unsigned depth);

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
walk_entry(void *context, const char *path, const struct dirent *entry)
{
	const struct step *step = context;
	struct walk *w = step->walk;
	int directory;

	if (++w->entries > COVERS_ENTRIES)
		return too_much(w->err, "more than 100000 entries");
	if (path == NULL)
		return too_much(w->err, "a path longer than 4095 bytes");
	directory = entries_is_directory(w->workspace, path, entry);
	if (is_hidden(w->plan, path))
		return covers_add(w->covers, path,
			directory ? COVER_BLANK_DIRECTORY : COVER_BLANK_FILE, 0, w->err);
	if (!directory)
		return 0;
	if (step->depth + 1 < w->depth)
		return walk(w, path, step->depth + 1);
	return step->depth + 1 >= DEPTH_MAX
		       ? too_much(w->err, "directories more than 64 levels deep")
		       : 0;
}

static int
walk(struct walk *w, const char *prefix, unsigned depth)
{
	struct step step = { w, depth };
	const int result = entries_each(w->workspace, prefix, walk_entry, &step);

	return result == ENTRIES_UNREAD ? covers_unread(w->err, prefix) : result;
}

int
covers_hide(struct sandbox_covers *covers, int workspace, const struct cordon_plan *plan,
	struct cordon_error *err)
{
	struct walk w = { .covers = covers,
		.plan = plan,
		.workspace = workspace,
		.depth = depth_of(plan),
		.err = err };

	if (plan->hide_count == 0 || plan->workspace == CORDON_WORKSPACE_NONE)
		return 0;
	return walk(&w, "", 0);
}
