/* The directories that hold the sockets of a user's monitors (INTERFACES, files). */
#pragma once

#include <limits.h>

#include <cordon/error.h>

#define RUNTIME_PLACES 3

/* Puts the places in paths, best first; those that this user cannot have are "". */
void runtime_places(char paths[RUNTIME_PLACES][PATH_MAX]);

/* Opens path when it is a real directory, ours and nobody else's to enter. Returns a descriptor; -1 with
 * *err set: CORDON_ENOTFOUND, or CORDON_EPOLICY with reason floor.layout. */
int runtime_open(const char *path, struct cordon_error *err) CORDON_CHECKED;

/* Opens the first place that can be had, making it; its path is put in path. */
int runtime_make(char path[PATH_MAX], struct cordon_error *err) CORDON_CHECKED;
