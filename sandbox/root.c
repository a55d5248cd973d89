/* The root of a run, built from nothing.
 *
 * MUST 1 (A02) No descriptor and no path leads to a mount of the host: what is visible was cloned
 *        into this namespace, and the old root is detached at the end.
 * MUST 2 Every mount is nosuid, and nodev but for six read-only binds of one device each; what is
 *        writable is noexec unless the plan says otherwise.
 * MUST 3 (M2) A tree is bound only when it is the file that was judged, by device and inode, and not
 *        when links led to what the floor keeps (A14).
 * MUST 4 (A40) /proc is mounted here, before a privileged launcher's child enters its user namespace.
 *
 * The order: clone the host's pieces while the host's tree is still whole (a workspace may lie below
 * the directory that the new root is first attached to), attach the new root, make what is fixed,
 * attach the pieces and the workspace, change over; then, when it is known, cover and seal. A root that is
 * prepared for a later launch holds nothing of the host's tree but what is granted.
 *
 * calls: mount openat2 fstat open_tree mount_setattr fsopen fsconfig fsmount move_mount mkdirat
 * symlinkat openat write readlink fchmod fchdir pivot_root umount2 chdir */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#include "floor.h"
#include "mounts.h"
#include "workspace.h"

#define ALWAYS        (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define SCRATCH_TREES 3

static const char *const device_names[] = { "null", "zero", "full", "random", "urandom", "tty" };
#define DEVICES (sizeof(device_names) / sizeof(device_names[0]))

/* The host's pieces, detached. */
struct pieces {
	int mounts[CORDON_PLAN_MOUNTS];
	int devices[DEVICES];
	int workspace;
};

static int
same_file(int fd, const struct cordon_identity *expected)
{
	struct cordon_identity identity;

	return cordon_identify(fd, &identity) == 0 && identity.dev == expected->dev &&
	       identity.ino == expected->ino;
}

static int
clone_mounts(const struct sandbox_setup *s, struct pieces *pieces, struct sandbox_fault *fault)
{
	for (unsigned i = 0; i < s->plan->mount_count; i++) {
		const struct cordon_plan_mount *m = &s->plan->mounts[i];
		CORDON_CLOSE int source = -1;
		uint64_t attributes = ALWAYS;
		int idmap_failed = 0;

		source = cordon_openat2(AT_FDCWD, m->source, O_PATH, 0, RESOLVE_NO_MAGICLINKS);
		if (source < 0)
			return sandbox_fault(fault, STAGE_MOUNT, i);
		errno = 0;
		if (!same_file(source, &m->identity))
			return sandbox_fault(fault, STAGE_IDENTITY, i);
		if (!floor_allows_source(source))
			return sandbox_fault(fault, STAGE_SOURCE, i);
		if ((m->flags & CORDON_MOUNT_WRITE) == 0)
			attributes |= MOUNT_ATTR_RDONLY;
		if ((m->flags & CORDON_MOUNT_EXEC) == 0)
			attributes |= MOUNT_ATTR_NOEXEC;
		pieces->mounts[i] =
			mounts_clone(source, attributes, s->mount_idmap[i], &idmap_failed);
		if (pieces->mounts[i] < 0)
			return sandbox_fault(fault, idmap_failed ? STAGE_IDMAP : STAGE_MOUNT, i);
	}
	return 0;
}

static int
clone_devices(struct pieces *pieces, struct sandbox_fault *fault)
{
	for (unsigned i = 0; i < DEVICES; i++) {
		char path[32];
		CORDON_CLOSE int source = -1;
		struct stat st;
		int ignored;

		snprintf(path, sizeof(path), "/dev/%s", device_names[i]);
		source =
			cordon_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);
		if (source < 0)
			return sandbox_fault(fault, STAGE_DEVICE, i);
		errno = ENODEV;
		if (fstat(source, &st) < 0 || !S_ISCHR(st.st_mode))
			return sandbox_fault(fault, STAGE_DEVICE, i);
		/* Read-only guards the node (mode, times), not what is written through it. */
		pieces->devices[i] = mounts_clone(source,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, -1, &ignored);
		if (pieces->devices[i] < 0)
			return sandbox_fault(fault, STAGE_DEVICE, i);
	}
	return 0;
}

/* Attaches the root's tmpfs where pivot_root(2) can take it from. */
static int
attach_root(int root)
{
	static const char *const places[] = { "/tmp", "/proc", "/usr" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CORDON_CLOSE int place = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (place >= 0 && mounts_attach(root, place) == 0)
			return 0;
	}
	return -1;
}

/* Mounts a fresh file system at path. */
static int
mount_new(int root, const char *path, const char *type, const struct mounts_option *options,
	uint64_t attributes)
{
	CORDON_CLOSE int place = -1;
	CORDON_CLOSE int mount = mounts_new(type, options, attributes);

	if (mount < 0)
		return -1;
	place = mounts_place(root, path, 1);
	if (place < 0)
		return -1;
	return mounts_attach(mount, place);
}

static int
mount_scratch(const struct sandbox_setup *s, int root, struct sandbox_fault *fault)
{
	static const struct {
		const char *path, *mode;
		int may_exec;
	} trees[SCRATCH_TREES] = {
		{ "/tmp", "1777", 1 },
		{ "/home/user", "0700", 1 },
		{ "/dev/shm", "1777", 0 },
	};
	char size[24], inodes[24], uid[16], gid[16];

	snprintf(size, sizeof(size), "%llu", (unsigned long long)s->plan->tmp_bytes);
	snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)s->plan->tmp_inodes);
	/* A privileged child is still in the host's user namespace, an ordinary user's is in the
	 * run's: the numbers are those of the namespace that mounts. */
	snprintf(
		uid, sizeof(uid), "%u", s->ids.privileged ? s->ids.uid_outside : s->ids.uid_inside);
	snprintf(
		gid, sizeof(gid), "%u", s->ids.privileged ? s->ids.gid_outside : s->ids.gid_inside);
	for (unsigned i = 0; i < SCRATCH_TREES; i++) {
		const struct mounts_option options[] = { { "size", size }, { "nr_inodes", inodes },
			{ "mode", trees[i].mode }, { "uid", uid }, { "gid", gid }, { NULL, NULL } };
		const int exec = trees[i].may_exec && (s->plan->flags & CORDON_PLAN_TMP_EXEC) != 0;

		if (mount_new(root, trees[i].path, "tmpfs", options,
			    ALWAYS | (exec ? 0 : MOUNT_ATTR_NOEXEC)) < 0)
			return sandbox_fault(fault, STAGE_TMPFS, i);
	}
	return 0;
}

/* /var/tmp is /tmp, mounted again and not linked: a workspace below it is at its own path. */
static int
mount_var_tmp(int root, struct sandbox_fault *fault)
{
	CORDON_CLOSE int scratch = mounts_place(root, "/tmp", 1);
	CORDON_CLOSE int place = mounts_place(root, "/var/tmp", 1);
	CORDON_CLOSE int mount = -1;
	int idmap_failed;

	if (scratch >= 0 && place >= 0)
		mount = mounts_clone(scratch, 0, -1, &idmap_failed);
	if (mount < 0 || mounts_attach(mount, place) < 0)
		return sandbox_fault(fault, STAGE_TMPFS, 0);
	return 0;
}

static int
mount_proc(const struct sandbox_setup *s, int root, struct sandbox_fault *fault)
{
	static const struct mounts_option run[] = { { "hidepid", "invisible" }, { "subset", "pid" },
		{ NULL, NULL } };
	static const struct mounts_option system[] = { { "hidepid", "invisible" }, { NULL, NULL } };
	const int whole = (s->plan->flags & CORDON_PLAN_PROC_SYSTEM) != 0;

	if (mount_new(root, "/proc", "proc", whole ? system : run,
		    ALWAYS | MOUNT_ATTR_NOEXEC | (whole ? MOUNT_ATTR_RDONLY : 0)) == 0)
		return 0;
	/* fs/namespace.c mount_too_revealing(): only for an unprivileged owner. */
	return sandbox_fault(fault, errno == EPERM ? STAGE_PROC_MASKED : STAGE_PROC, 0);
}

static int
make_dev(int root, const struct pieces *pieces, struct sandbox_fault *fault)
{
	static const struct {
		const char *name, *text;
	} links[] = {
		{ "dev/fd", "/proc/self/fd" },
		{ "dev/stdin", "/proc/self/fd/0" },
		{ "dev/stdout", "/proc/self/fd/1" },
		{ "dev/stderr", "/proc/self/fd/2" },
		{ "dev/ptmx", "pts/ptmx" },
	};
	static const struct mounts_option pts[] = { { "ptmxmode", "0666" }, { "mode", "0620" },
		{ NULL, NULL } };

	for (unsigned i = 0; i < DEVICES; i++) {
		char path[32];
		CORDON_CLOSE int place = -1;

		snprintf(path, sizeof(path), "/dev/%s", device_names[i]);
		place = mounts_place(root, path, 0);
		if (place < 0 || mounts_attach(pieces->devices[i], place) < 0)
			return sandbox_fault(fault, STAGE_DEVICE, i);
	}
	for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].text, root, links[i].name) < 0)
			return sandbox_fault(fault, STAGE_ROOT, 0);
	if (mount_new(root, "/dev/pts", "devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC) < 0)
		return sandbox_fault(fault, STAGE_DEVPTS, 0);
	return 0;
}

static int
attach_mounts(const struct sandbox_setup *s, int root, const struct pieces *pieces,
	struct sandbox_fault *fault)
{
	for (unsigned i = 0; i < s->plan->mount_count; i++) {
		CORDON_CLOSE int place = -1;
		struct stat st;

		if (fstat(pieces->mounts[i], &st) < 0)
			return sandbox_fault(fault, STAGE_MOUNT, i);
		place = mounts_place(root, s->plan->mounts[i].target, S_ISDIR(st.st_mode));
		if (place < 0 || mounts_attach(pieces->mounts[i], place) < 0)
			return sandbox_fault(fault, STAGE_PLACE, i);
	}
	return 0;
}

/* Makes the directories above path and returns the last one; *ret_name is its last component. */
static int
open_parent(int root, const char *path, const char **ret_name)
{
	char parent[4096];
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);

	if (length >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	*ret_name = slash == NULL ? path : slash + 1;
	memcpy(parent, path, length);
	parent[length] = '\0';
	if (length == 0)
		return openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mounts_place(root, parent, 1);
}

/* Writes text with "%u" and "%g" replaced by the run's ids, so that /etc/passwd is true. */
static int
write_text(int fd, const struct sandbox_ids *ids, const char *text)
{
	char out[1024];
	size_t used = 0;

	for (; *text != '\0'; text++) {
		/* A number has ten digits at most. */
		if (sizeof(out) - used < 16) {
			if (cordon_fd_write_all(fd, out, used) < 0)
				return -1;
			used = 0;
		}
		if (text[0] == '%' && (text[1] == 'u' || text[1] == 'g'))
			used += (size_t)snprintf(out + used, sizeof(out) - used, "%u",
				*++text == 'u' ? ids->uid_inside : ids->gid_inside);
		else
			out[used++] = *text;
	}
	return cordon_fd_write_all(fd, out, used);
}

static int
make_links_and_files(const struct sandbox_setup *s, int root, struct sandbox_fault *fault)
{
	const char *name;

	for (unsigned i = 0; i < s->plan->link_count; i++) {
		CORDON_CLOSE int parent = open_parent(root, s->plan->links[i].target, &name);

		if (parent < 0 || symlinkat(s->plan->links[i].text, parent, name) < 0)
			return sandbox_fault(fault, STAGE_LINK, i);
	}
	for (unsigned i = 0; i < s->plan->file_count; i++) {
		const struct cordon_plan_file *f = &s->plan->files[i];
		CORDON_CLOSE int parent = open_parent(root, f->target, &name);
		CORDON_CLOSE int file = -1;

		if (parent < 0)
			return sandbox_fault(fault, STAGE_FILE, i);
		file = openat(
			parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0444);
		if (file < 0 || write_text(file, &s->ids, f->text) < 0)
			return sandbox_fault(fault, STAGE_FILE, i);
	}
	return 0;
}

static int
make_fixed_places(int root, struct sandbox_fault *fault)
{
	static const char *const directories[] = { "/usr", "/etc", "/run", "/var", "/dev", "/proc",
		"/home" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		CORDON_CLOSE int place = mounts_place(root, directories[i], 1);

		if (place < 0)
			return sandbox_fault(fault, STAGE_ROOT, 0);
	}
	if (symlinkat("/run", root, "var/run") < 0)
		return sandbox_fault(fault, STAGE_ROOT, 0);
	return 0;
}

/* Makes root the root directory of this namespace and lets the host's tree go. */
static int
change_over(int root, struct sandbox_fault *fault)
{
	/* pivot_root(2), NOTES: with "." twice the old root ends up on top of the new one, and is
	 * detached from there; no directory for it is needed. */
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return sandbox_fault(fault, STAGE_PIVOT, 0);
	return 0;
}

static int
populate(
	const struct sandbox_setup *s, int root, struct pieces *pieces, struct sandbox_fault *fault)
{
	if (make_fixed_places(root, fault) < 0 || mount_scratch(s, root, fault) < 0 ||
		mount_var_tmp(root, fault) < 0 || make_dev(root, pieces, fault) < 0 ||
		mount_proc(s, root, fault) < 0 || attach_mounts(s, root, pieces, fault) < 0 ||
		make_links_and_files(s, root, fault) < 0)
		return -1;
	if (workspace_attach(s, root, pieces->workspace, fault) < 0)
		return -1;
	return change_over(root, fault);
}

int
root_build(const struct sandbox_setup *s, struct root *ret, struct sandbox_fault *fault)
{
	static const struct mounts_option options[] = { { "size", "4m" }, { "nr_inodes", "4096" },
		{ "mode", "0755" }, { NULL, NULL } };
	CORDON_CLOSE int root = -1;
	struct pieces pieces;
	int result = -1;

	memset(&pieces, 0xff, sizeof(pieces)); /* every descriptor is -1 */
	umask(0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return sandbox_fault(fault, STAGE_PRIVATE, 0);
	if (clone_mounts(s, &pieces, fault) == 0 && clone_devices(&pieces, fault) == 0 &&
		workspace_clone(s, &pieces.workspace, fault) == 0) {
		root = mounts_new("tmpfs", options, 0);
		if (root < 0 || attach_root(root) < 0)
			sandbox_fault(fault, STAGE_ROOT, 0);
		else
			result = populate(s, root, &pieces, fault);
	}
	*ret = (struct root){ -1, -1 };
	if (result == 0)
		*ret = (struct root){ cordon_fd_take(&root), cordon_fd_take(&pieces.workspace) };
	for (size_t i = 0; i < s->plan->mount_count; i++)
		cordon_fd_close_p(&pieces.mounts[i]);
	for (size_t i = 0; i < DEVICES; i++)
		cordon_fd_close_p(&pieces.devices[i]);
	cordon_fd_close_p(&pieces.workspace);
	return result;
}

int
root_seal(const struct sandbox_setup *s, struct root *root, struct sandbox_fault *fault)
{
	int result = workspace_cover(s, root->root, root->workspace, fault);

	if (result == 0 &&
		mounts_restrict(root->root, ALWAYS | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY) < 0)
		result = sandbox_fault(fault, STAGE_SEAL, 0);
	cordon_fd_close_p(&root->workspace);
	cordon_fd_close_p(&root->root);
	return result;
}

int
root_enter_cwd(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	CORDON_CLOSE int cwd = -1;

	cwd = cordon_openat2(AT_FDCWD, s->launch->cwd, O_PATH | O_DIRECTORY, 0,
		RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
	if (cwd < 0)
		return sandbox_fault(fault, STAGE_CWD, 0);
	errno = 0;
	/* The run's own home, where there is no workspace, is nobody's but the run's. */
	if (s->launch->cwd_identity.ino != 0 && !same_file(cwd, &s->launch->cwd_identity))
		return sandbox_fault(fault, STAGE_CWD_IDENTITY, 0);
	if (fchdir(cwd) < 0)
		return sandbox_fault(fault, STAGE_CWD, 0);
	return 0;
}
