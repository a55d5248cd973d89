/* Where cordon's own executables are: beside this one in a build tree, in libexec when installed, and
 * never looked up through PATH. */
#pragma once

#include <limits.h>

#include <cordon/error.h>

/* Returns 0, or -1 with *err set. */
int programs_find(const char *name, char out[PATH_MAX], struct cordon_error *err) CORDON_CHECKED;
