#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "spelling.h"

#define TEXT_MAX (1u << 20)

void
source_finish(struct source *source)
{
	if (!source->borrowed)
		free(source->text);
	source->text = NULL;
}

const struct library_entry *
source_in_library(const char *name)
{
	for (const struct library_entry *e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

int
source_is_path(const char *name)
{
	const size_t length = strlen(name);

	return strchr(name, '/') != NULL || (length > 5 && strcmp(name + length - 5, ".json") == 0);
}

static int
may_be_there(const char *directory, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s.json", directory, name) >= (int)sizeof(path))
		return 0;
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int
source_is_library(const struct cordon_profile_places *places, const char *name)
{
	if (source_is_path(name))
		return 0;
	/* The library's profiles extend nothing but "default". */
	for (size_t i = 0; i < SOURCE_LIBRARY && !places->builtin_only; i++)
		if (places->directories[i] != NULL &&
			(may_be_there(places->directories[i], name) ||
				may_be_there(places->directories[i], "default")))
			return 0;
	return 1;
}

/* Opens and reads a profile's file. A file that somebody else can write is not the operator's word. */
static int
read_file(const char *path, struct source *s, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return cordon_fail(err,
			errno == ENOENT || errno == ENOTDIR ? CORDON_ENOTFOUND : CORDON_ESYS, errno,
			"could not open profile '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return cordon_fail(
			err, CORDON_EINPUT, 0, "profile '%s' is not a regular file", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"profile '%s' can be written by another user, who could change what is "
			"judged (chmod go-w, and own it)",
			path);
		return cordon_because(err, "floor.file_mode");
	}
	if (cordon_fd_slurp(fd, TEXT_MAX, &s->text, &s->size, err) < 0) {
		if (err->code == CORDON_ELIMIT)
			return cordon_fail(err, CORDON_EINPUT, 0,
				"%s:1:1: a profile is at most 1 MiB long", path);
		return cordon_while(err, "profile '%s'", path);
	}
	return 0;
}

static int
find_file(const char *name, const char *beside, struct source *s, struct cordon_error *err)
{
	const char *slash = name[0] == '/' || beside == NULL ? NULL : strrchr(beside, '/');
	const int length = snprintf(s->file, sizeof(s->file), "%.*s%s",
		slash == NULL ? 0 : (int)(slash + 1 - beside), slash == NULL ? "" : beside, name);

	if (length >= (int)sizeof(s->file))
		return cordon_fail(err, CORDON_EINPUT, 0, "the path of a profile is too long");
	s->place = SOURCE_FILE;
	return read_file(s->file, s, err);
}

/* "There is no …", with what there is. */
static int
no_profile(const char *name, struct cordon_error *err)
{
	struct spelling spelling;
	char known[256] = "", hint[64];

	spelling_start(&spelling, name);
	for (const struct library_entry *e = library_entries; e->name != NULL; e++) {
		const size_t used = strlen(known);

		if (strcmp(e->name, SOURCE_FLOOR) == 0)
			continue;
		spelling_try(&spelling, e->name);
		snprintf(
			known + used, sizeof(known) - used, "%s%s", used == 0 ? "" : ", ", e->name);
	}
	return cordon_fail(err, CORDON_ENOTFOUND, 0,
		"there is no profile '%s'%s (the library has %s; for a file write a path, such as "
		"'./%s.json')",
		name, spelling_hint(&spelling, hint, sizeof(hint)), known, name);
}

int
source_find(const struct cordon_profile_places *places, const char *name, int from,
	const char *beside, struct source *ret, struct cordon_error *err)
{
	const struct library_entry *entry = source_in_library(name);
	struct source s = { 0 };

	if (source_is_path(name) && !places->builtin_only) {
		if (find_file(name, beside, &s, err) < 0)
			return -1;
		*ret = s;
		return 0;
	}
	for (s.place = from; s.place < SOURCE_LIBRARY && !places->builtin_only; s.place++) {
		struct cordon_error why;

		if (places->directories[s.place] == NULL ||
			snprintf(s.file, sizeof(s.file), "%s/%s.json", places->directories[s.place],
				name) >= (int)sizeof(s.file))
			continue;
		if (read_file(s.file, &s, &why) == 0) {
			*ret = s;
			return 0;
		}
		/* One that is there and cannot be used must not let the next be taken for it. */
		if (why.code != CORDON_ENOTFOUND) {
			*err = why;
			return -1;
		}
	}
	if (entry == NULL || strcmp(name, SOURCE_FLOOR) == 0)
		return no_profile(name, err);
	s.text = (char *)(uintptr_t)entry->text;
	s.size = entry->size;
	s.borrowed = 1;
	s.place = SOURCE_LIBRARY;
	snprintf(s.file, sizeof(s.file), "<library>/%s.json", name);
	*ret = s;
	return 0;
}
