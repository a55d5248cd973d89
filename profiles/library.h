/* The profiles that are compiled into the executable. */
#pragma once

#include <stddef.h>

struct library_entry {
	const char *name;
	const char *text; /* JSON */
	size_t size;
};

extern const struct library_entry library_entries[]; /* made by the build; ends with a NULL name */
