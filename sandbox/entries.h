/* The entries of one directory below a workspace. */
#pragma once

struct dirent;

/* Calls fn with the path (relative to workspace) of every entry of the directory at prefix ("" is the
 * workspace), no link followed, until it returns something else than 0, which is returned. A directory
 * that is gone or cannot be read has no entries: what is unreadable for us is so for the run. path is
 * NULL for an entry whose path would be longer than PATH_MAX. */
int entries_each(int workspace, const char *prefix,
	int (*fn)(void *context, const char *path, const struct dirent *entry), void *context);

/* True for a directory, also where the file system does not say so in its entries. */
int entries_is_directory(int workspace, const char *path, const struct dirent *entry);
