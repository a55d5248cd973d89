/* The entries of one directory below a workspace. */
#pragma once

struct dirent;

/* Whether errno means that a name is not there, or that the run cannot get there either. Anything else, a
 * lack of descriptors or of memory, says nothing about the name: who takes it for absence leaves a
 * protected or hidden file open. */
int entries_is_absence(int sys);

#define ENTRIES_UNREAD (-2)

/* Calls fn with the path (relative to workspace) of every entry of the directory at prefix ("" is the
 * workspace), no link followed, until it returns something else than 0, which is returned. A directory
 * that is absent in the sense above has no entries. path is NULL for an entry whose path would be longer
 * than PATH_MAX. Returns ENTRIES_UNREAD with errno when a directory could not be read to its end. */
int entries_each(int workspace, const char *prefix,
	int (*fn)(void *context, const char *path, const struct dirent *entry), void *context);

/* True for a directory, also where the file system does not say so in its entries, and for what cannot be
 * looked at: who opens it as one learns why. */
int entries_is_directory(int workspace, const char *path, const struct dirent *entry);
