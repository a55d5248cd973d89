/* The text of a profile: found by name or path, read whole, and called something in messages. */
#pragma once

#include <limits.h>
#include <stddef.h>

#include <cordon/profile.h>

#include "library.h"

enum source_place { SOURCE_FILE = -1, SOURCE_LIBRARY = 4 }; /* between: index of a directory */

struct source {
	char *text; /* owned, unless borrowed */
	size_t size;
	int borrowed;
	char file[PATH_MAX]; /* for messages; of the library: "<library>/NAME.json" */
	int place;
};

/* Finds a profile: the first of directories and library that has the name, starting with place `from`,
 * or the file when the text is a path; a relative one is below the directory of the file `beside`
 * (NULL: the current directory). Returns 0, or -1 with *err set. */
int source_find(const struct cordon_profile_places *places, const char *name, int from,
	const char *beside, struct source *ret, struct cordon_error *err) CORDON_CHECKED;
void source_finish(struct source *source);

/* True when name, and all that it extends, come from the library: no file of the operator's stands in
 * front of them. */
int source_is_library(const struct cordon_profile_places *places, const char *name);

/* True when the name of a profile is the path of its file. */
int source_is_path(const char *name);

/* The library's profile of that name; the floor is one that only this function finds. */
const struct library_entry *source_in_library(const char *name);
#define SOURCE_FLOOR "floor"
