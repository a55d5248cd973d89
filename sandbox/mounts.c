/* calls: open_tree move_mount fsopen fsconfig fsmount mount_setattr openat2 mkdirat mknodat openat */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

int
mounts_clone(int fd, uint64_t attributes, int idmap, int *ret_idmap_failed)
{
	CORDON_CLOSE int tree = -1;
	struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };

	*ret_idmap_failed = 0;
	/* Recursive always: a mount that a less privileged owner copied is locked to what covers it,
	 * and a plain bind would be refused rather than show what lies beneath. */
	tree = open_tree(
		fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return -1;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return -1;
	if (idmap >= 0) {
		struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP,
			.userns_fd = (uint64_t)idmap };

		if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &map, sizeof(map)) < 0) {
			*ret_idmap_failed = 1;
			return -1;
		}
	}
	return cordon_fd_take(&tree);
}

int
mounts_attach(int tree, int place)
{
	return move_mount(tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int
mounts_restrict(int mount, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes };

	return mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

int
mounts_new(const char *type, const struct mounts_option *options, uint64_t attributes)
{
	CORDON_CLOSE int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	for (; options->key != NULL; options++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options->key, options->value, 0) < 0)
			return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

int
mounts_place(int root, const char *path, int directory)
{
	char parent[PATH_MAX];
	const char *name;
	CORDON_CLOSE int above = -1;
	int at = root, made;

	path += strspn(path, "/");
	name = strrchr(path, '/');
	if (name != NULL) {
		memcpy(parent, path, (size_t)(name - path));
		parent[name - path] = '\0';
		/* Each is resolved from the root, so that a link on the way (/bin) means what it
		 * means inside the run. */
		above = cordon_openat2(root, parent, O_PATH | O_DIRECTORY, 0,
			RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (above < 0 && errno == ENOENT)
			above = mounts_place(root, parent, 1);
		at = above;
	}
	if (at < 0)
		return -1;
	name = name == NULL ? path : name + 1;
	made = directory ? mkdirat(at, name, 0755) : mknodat(at, name, S_IFREG | 0444, 0);
	if (made == 0)
		return openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return errno != EEXIST ? -1
			       : cordon_openat2(root, path, O_PATH, 0,
					 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}
