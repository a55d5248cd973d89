/* MUST 1 (A01) What is bound is the directory that was judged, by device and inode.
 * MUST 2 (A03) A protected path is bound read-only over itself, and each directory between it and
 *        the workspace is bound onto itself: a mount point cannot be renamed or removed.
 * MUST 3 (A04) A hidden path is covered by something empty.
 *
 * Every cover is cloned from the run's own tree and attached to the inode it was cloned from; that this is
 * the file that was looked at is the launcher's watch to say.
 *
 * calls: openat2 fstat open_tree mount_setattr move_mount fsopen fsconfig fsmount mkdirat openat
 * umount2 unlinkat fchdir chdir */
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#include "mounts.h"

#define BLANKS  ".blanks" /* gone before the run starts */
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* Empty things to hide others with. */
struct blanks {
	int file, directory; /* O_PATH, on a tmpfs of their own */
};

static uint64_t
attributes_of(const struct cordon_plan *plan, int writable)
{
	uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	if (!writable)
		attributes |= MOUNT_ATTR_RDONLY;
	if ((plan->flags & CORDON_PLAN_WORKSPACE_EXEC) == 0)
		attributes |= MOUNT_ATTR_NOEXEC;
	return attributes;
}

int
workspace_clone(const struct sandbox_setup *s, int *ret_tree, struct sandbox_fault *fault)
{
	const struct cordon_launch *l = s->launch;
	CORDON_CLOSE int source = -1;
	struct cordon_identity identity;
	int idmap_failed = 0;

	*ret_tree = -1;
	if (l->workspace[0] == '\0' || s->plan->workspace == CORDON_WORKSPACE_NONE)
		return 0;
	source = cordon_openat2(AT_FDCWD, l->workspace, O_PATH | O_DIRECTORY, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (source < 0 || cordon_identify(source, &identity) < 0)
		return sandbox_fault(fault, STAGE_WORKSPACE, 0);
	errno = 0;
	if (identity.dev != l->workspace_identity.dev || identity.ino != l->workspace_identity.ino)
		return sandbox_fault(fault, STAGE_WORKSPACE_IDENTITY, 0);
	*ret_tree = mounts_clone(source,
		attributes_of(s->plan, s->plan->workspace == CORDON_WORKSPACE_WRITE),
		s->workspace_idmap, &idmap_failed);
	if (*ret_tree < 0)
		return sandbox_fault(
			fault, idmap_failed ? STAGE_WORKSPACE_IDMAP : STAGE_WORKSPACE, 0);
	return 0;
}

/* Makes the blanks on a tmpfs that is attached for a moment, since only an attached mount can be
 * cloned from; the clones keep it alive. */
static int
make_blanks(int root, struct blanks *ret)
{
	static const struct mounts_option options[] = { { "size", "64k" }, { "nr_inodes", "8" },
		{ "mode", "0755" }, { NULL, NULL } };
	CORDON_CLOSE int place = mounts_place(root, BLANKS, 1);
	CORDON_CLOSE int mount = -1;
	CORDON_CLOSE int file = -1;

	if (place < 0)
		return -1;
	mount = mounts_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount < 0 || mounts_attach(mount, place) < 0)
		return -1;
	file = openat(mount, "file", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0);
	if (file < 0 || mkdirat(mount, "directory", 0555) < 0)
		return -1;
	ret->file = openat(mount, "file", O_PATH | O_CLOEXEC);
	ret->directory = openat(mount, "directory", O_PATH | O_CLOEXEC);
	return ret->file < 0 || ret->directory < 0 ? -1 : 0;
}

static int
is_hidden(const struct sandbox_cover *c)
{
	return c->kind == COVER_BLANK_FILE || c->kind == COVER_BLANK_DIRECTORY;
}

static int
any_hidden(const struct sandbox_covers *covers)
{
	for (size_t i = 0; i < covers->count; i++)
		if (is_hidden(&covers->items[i]))
			return 1;
	return 0;
}

/* The cover is a clone of what lies there in the run's own tree, with its owner's map: the same file,
 * whatever its name has come to mean on the host. */
static int
cover(const struct sandbox_setup *s, const struct sandbox_cover *c, const struct blanks *blanks,
	int workspace)
{
	const int pinned = c->kind == COVER_PIN && s->plan->workspace == CORDON_WORKSPACE_WRITE;
	CORDON_CLOSE int place =
		cordon_openat2(workspace, c->path, O_PATH | O_NOFOLLOW, 0, BENEATH);
	CORDON_CLOSE int tree = -1;
	int ignored;

	if (place < 0)
		return -1;
	if (is_hidden(c))
		tree = mounts_clone(c->kind == COVER_BLANK_FILE ? blanks->file : blanks->directory,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				MOUNT_ATTR_RDONLY,
			-1, &ignored);
	else
		tree = mounts_clone(place, attributes_of(s->plan, pinned), -1, &ignored);
	return tree < 0 ? -1 : mounts_attach(tree, place);
}

int
workspace_attach(const struct sandbox_setup *s, int root, int tree, struct sandbox_fault *fault)
{
	CORDON_CLOSE int place = -1;

	if (tree < 0)
		return 0;
	place = mounts_place(root, s->launch->workspace, 1);
	if (place < 0 || mounts_attach(tree, place) < 0)
		return sandbox_fault(fault, STAGE_WORKSPACE, 0);
	return 0;
}

/* Takes the blanks' own mount away; its clones stay. */
static int
drop_blanks(int root)
{
	CORDON_CLOSE int mount = openat(root, BLANKS, O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* fchdir, because umount2(2) takes no descriptor. */
	if (mount < 0 || fchdir(mount) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -1;
	return unlinkat(root, BLANKS, AT_REMOVEDIR);
}

int
workspace_cover(const struct sandbox_setup *s, int root, int tree, struct sandbox_fault *fault)
{
	struct blanks blanks = { -1, -1 };
	int result = 0;

	if (tree < 0)
		return 0;
	if (any_hidden(&s->covers) && make_blanks(root, &blanks) < 0)
		result = sandbox_fault(fault, STAGE_ROOT, 0);
	for (unsigned i = 0; i < s->covers.count && result == 0; i++) {
		const struct sandbox_cover *c = &s->covers.items[i];

		if (c->kind == COVER_ABSENT || c->kind == COVER_NOTHING)
			continue;
		if (cover(s, c, &blanks, tree) < 0)
			result = sandbox_fault(fault, is_hidden(c) ? STAGE_HIDE : STAGE_PROTECT, i);
	}
	if (blanks.file >= 0 && result == 0 && drop_blanks(root) < 0)
		result = sandbox_fault(fault, STAGE_HIDE, 0);
	cordon_fd_close_p(&blanks.file);
	cordon_fd_close_p(&blanks.directory);
	return result;
}
