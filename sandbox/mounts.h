/* The descriptor based mount interface, as this folder uses it. No call here allocates. See
 * open_tree(2), move_mount(2), fsopen(2), mount_setattr(2). */
#pragma once

#include <stdint.h>

/* Clones the tree below the opened path fd into a detached mount with these MOUNT_ATTR_* set on all
 * of it and private propagation. idmap: user namespace to idmap it with, or -1.
 * Returns a descriptor, or -1 with errno; *ret_idmap_failed tells which of the two calls failed. */
int mounts_clone(int fd, uint64_t attributes, int idmap, int *ret_idmap_failed);

/* Attaches a detached mount on the opened place. Returns 0 or -1 with errno. */
int mounts_attach(int tree, int place);

/* Adds attributes to an attached or detached mount; not below it. */
int mounts_restrict(int mount, uint64_t attributes);

struct mounts_option {
	const char *key, *value;
};

/* A new file system of this type, detached, with these options (ended by a NULL key).
 * Returns a descriptor, or -1 with errno. */
int mounts_new(const char *type, const struct mounts_option *options, uint64_t attributes);

/* Opens the place for a mount at path below root, making what is missing: directories on the way,
 * and at the end a directory or an empty file. Links inside root are followed and stay in it.
 * Returns an O_PATH descriptor, or -1 with errno. */
int mounts_place(int root, const char *path, int directory);
