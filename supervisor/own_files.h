/* Where cordon's own configuration, state and sockets are: what no run may ever see (A01). Its programs
 * are plan_build.c's. */
#pragma once

#include <limits.h>

#include "config.h"

enum own_files_scope {
	OWN_FILES_PRESENT, /* those that exist */
	OWN_FILES_POSSIBLE, /* also those that somebody could create */
};

/* True when the directory path, absolute and without links, contains such files or lies among them; the
 * place is put in where. */
int own_files_meet(const struct config *config, const char *path, enum own_files_scope scope,
	char where[PATH_MAX]);
