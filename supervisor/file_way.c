/* A name leads through directories, and through links that lead through others; whoever can write one of them
 * can make the name mean another file. So the way is walked as the kernel walks it (path_resolution(7)),
 * and what is found on it adds up: the first owner that is not root, and whether others may write. */
#include "file_way.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* MAXSYMLINKS, linux/namei.h */

struct way {
	char at[PATH_MAX]; /* where we are: absolute, without links; "" is the root */
	char rest[PATH_MAX]; /* what is still to go */
	unsigned links;
	uint32_t owner, mode;
	struct stat last; /* of what is at `at` */
};

static void
add_directory(struct way *w)
{
	if (w->owner == 0)
		w->owner = w->last.st_uid;
	w->mode |= w->last.st_mode & 022;
}

static void
to_parent(struct way *w)
{
	char *slash = strrchr(w->at, '/');

	if (slash != NULL)
		*slash = '\0';
}

/* Puts what the link at `at` says in front of the rest. Returns 0, or an errno value. */
static int
follow_link(struct way *w)
{
	char text[PATH_MAX], rest[PATH_MAX];
	const ssize_t length = readlink(w->at, text, sizeof(text) - 1);

	if (length < 0)
		return errno;
	if (++w->links > LINKS_MAX)
		return ELOOP;
	text[length] = '\0';
	if (snprintf(rest, sizeof(rest), "%s/%s", text, w->rest) >= (int)sizeof(rest))
		return ENAMETOOLONG;
	memcpy(w->rest, rest, sizeof(w->rest));
	if (text[0] == '/')
		w->at[0] = '\0';
	else
		to_parent(w);
	return 0;
}

/* One component. Returns 0, or an errno value. */
static int
step(struct way *w)
{
	const size_t skip = strspn(w->rest, "/"), length = strcspn(w->rest + skip, "/"),
		     at = strlen(w->at);
	const char *name = w->rest + skip;

	if (length == 2 && memcmp(name, "..", 2) == 0) {
		to_parent(w);
	} else if (length > 0 && !(length == 1 && name[0] == '.')) {
		if (at + 1 + length >= sizeof(w->at))
			return ENAMETOOLONG;
		w->at[at] = '/';
		memcpy(w->at + at + 1, name, length);
		w->at[at + 1 + length] = '\0';
	}
	memmove(w->rest, name + length, strlen(name + length) + 1);
	if (lstat(w->at[0] == '\0' ? "/" : w->at, &w->last) < 0)
		return errno;
	if (S_ISLNK(w->last.st_mode))
		return follow_link(w);
	if (S_ISDIR(w->last.st_mode))
		add_directory(w);
	else if (w->rest[strspn(w->rest, "/")] != '\0')
		return ENOTDIR;
	return 0;
}

static int
walk(struct way *w)
{
	int error = step(w); /* the root itself */

	while (error == 0 && w->rest[strspn(w->rest, "/")] != '\0')
		error = step(w);
	return error;
}

int
file_way_look(const char *path, struct cordon_action_file *ret, struct cordon_error *err)
{
	struct way w = { 0 };
	int error = ENAMETOOLONG;

	/* The first step goes nowhere, so that the root is looked at, too. */
	if (snprintf(w.rest, sizeof(w.rest), "./%s", path) < (int)sizeof(w.rest))
		error = walk(&w);
	if (error != 0)
		return cordon_fail(err, CORDON_EPOLICY, error, "could not look at '%s'", path);
	if (!S_ISREG(w.last.st_mode))
		return cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is not a regular file", path);
	ret->path = strdup(path);
	ret->real = strdup(w.at);
	if (ret->path == NULL || ret->real == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look at '%s'", path);
	ret->identity = (struct cordon_identity){ w.last.st_dev, w.last.st_ino };
	ret->size = (uint64_t)w.last.st_size;
	ret->owner = w.last.st_uid != 0 ? w.last.st_uid : w.owner;
	ret->mode = (w.last.st_mode & 07777) | w.mode;
	return 0;
}
