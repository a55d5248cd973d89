/* What is to be covered in a workspace (A03, A04). Made in the launcher, before the clone. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>
#include <cordon/path.h>
#include <cordon/plan.h>

#include "trash.h"

#define COVERS_MAX     4096
#define COVERS_ENTRIES 100000 /* looked at for hide patterns; more refuses the run */

/* What happens to one path below the workspace. */
enum sandbox_cover_kind {
	COVER_NOTHING, /* absent, in a directory that nobody of ours can write: nothing to do */
	COVER_PIN, /* bound onto itself, so that it cannot be renamed */
	COVER_READ_ONLY, /* bound read-only (protect) */
	COVER_ABSENT, /* cannot be held by a placeholder: watched, and taken away when it appears */
	COVER_BLANK_FILE, /* hidden: an empty file */
	COVER_BLANK_DIRECTORY, /* hidden: an empty directory */
};

struct sandbox_cover {
	char *path; /* relative to the workspace; parents come first */
	enum sandbox_cover_kind kind;
	int missing; /* not there when looked for: a placeholder is made */
	int placeholder; /* the placeholder directory, locked; else -1 */
	struct cordon_identity identity; /* of the file when it was covered; zero: not there */
};

struct sandbox_covers {
	struct sandbox_cover *items;
	size_t count, capacity;
};

/* Finds what the plan protects and hides below workspace, an O_PATH or readable descriptor of that
 * directory. Returns 0, or -1 with *err set; *covers must be finished in any case. */
int covers_find(struct sandbox_covers *covers, int workspace, const struct cordon_plan *plan,
	struct cordon_error *err) CORDON_CHECKED;

/* Makes placeholder directories for protected names that are absent, so that the run cannot make them;
 * a cover that cannot and need not be held becomes COVER_NOTHING. Returns 0, or -1 with *err set. */
int covers_hold(
	struct sandbox_covers *covers, int workspace, struct cordon_error *err) CORDON_CHECKED;

/* Removes placeholders that no other run holds, and frees. What is removed is closed at once, or put into
 * trash, unless that is NULL. covers may be all zero. */
void covers_finish(struct sandbox_covers *covers, int workspace, struct trash *trash);

/* Removes the placeholders that a killed launcher left for these patterns below workspace. Returns how
 * many somebody still holds. */
size_t covers_sweep(int workspace, char *const *protect, size_t protect_count);

/* Adds one cover; path is copied. Returns 0, or -1 with *err set. */
int covers_add(struct sandbox_covers *covers, const char *path, enum sandbox_cover_kind kind,
	int missing, struct cordon_error *err) CORDON_CHECKED;

/* Says that the search could not go on at path, for the reason in errno; -1. */
int covers_unread(struct cordon_error *err, const char *path);

/* hide.c: adds a blank for every path below workspace that matches a hide pattern. */
int covers_hide(struct sandbox_covers *covers, int workspace, const struct cordon_plan *plan,
	struct cordon_error *err) CORDON_CHECKED;

/* placeholder.c */

/* Makes the directory at path and locks it, or locks the one that another run made. Returns a
 * descriptor; -1 with errno set. EEXIST, ENOTDIR: something else is there by now. */
int placeholder_take(int workspace, const char *path);
/* True for a directory that a run made to hold its name. */
struct stat;
int placeholder_is_one(const struct stat *st);
/* Lets go of it, and removes it when nobody else holds it. Returns 1 when it is removed: placeholder may be
 * closed at any time. Else it is to be closed now, and 0 is returned. */
int placeholder_release(int workspace, const char *path, int placeholder);
/* Removes what a killed launcher left: the placeholder at path, if nobody holds it. Returns 0, or -1
 * when somebody does. */
int placeholder_sweep(int workspace, const char *path);
