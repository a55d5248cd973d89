/* calls: fstat openat2 geteuid and those of idmap.c */
#include "ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/path.h>

#include "idmap.h"

/* A range that no distribution assigns: above systemd's containers (524288 to 1879048191), below its
 * foreign images (2147352576). 63 runs for each launcher; pids end at 2^22. See systemd's
 * UIDS-GIDS. */
#define SPARE_FIRST 1879048192u
#define SPARE_SLOTS 63u

static uid_t
spare_id(unsigned slot)
{
	return SPARE_FIRST + (uid_t)getpid() % (1u << 22) * SPARE_SLOTS + slot % SPARE_SLOTS;
}

/* The namespace that idmaps the owner of the opened tree to the run; what one owner has shares it. */
static int
namespace_for(struct sandbox_setup *s, int tree, int *ret_ns, struct cordon_error *err)
{
	struct sandbox_idmap *m = s->idmaps;
	struct stat st;

	*ret_ns = -1;
	if (fstat(tree, &st) < 0)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not see who owns a granted tree");
	/* Files that already are the run's need no map, and could not be given one (EPERM for the
	 * identity is not the reason: there would be nothing to change). */
	if (st.st_uid == s->ids.uid_outside && st.st_gid == s->ids.gid_outside)
		return 0;
	while (m < s->idmaps + s->idmap_count && (m->uid != st.st_uid || m->gid != st.st_gid))
		m++;
	if (m == s->idmaps + SANDBOX_IDMAPS)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"the granted trees have more than %d different owners", SANDBOX_IDMAPS - 1);
	if (m == s->idmaps + s->idmap_count) {
		*m = (struct sandbox_idmap){ .uid = st.st_uid, .gid = st.st_gid };
		if (idmap_create(st.st_uid, s->ids.uid_outside, st.st_gid, s->ids.gid_outside,
			    &m->map, err) < 0)
			return -1;
		s->idmap_count++;
	}
	*ret_ns = m->map.ns;
	return 0;
}

static void
be(struct sandbox_ids *ids, uid_t uid, gid_t gid)
{
	ids->uid_inside = ids->uid_outside = uid;
	ids->gid_inside = ids->gid_outside = gid;
}

static void
drop_maps(struct sandbox_setup *s)
{
	while (s->idmap_count > 0)
		idmap_finish(&s->idmaps[--s->idmap_count].map);
	s->workspace_idmap = -1;
}

/* Root's run on a workspace that cannot be idmapped. */
static int
settle_without_idmap(struct sandbox_setup *s, int workspace, uid_t spare, struct cordon_error *err)
{
	struct stat st;

	if (fstat(workspace, &st) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not see who owns the workspace");
	drop_maps(s);
	if (st.st_uid != 0) {
		be(&s->ids, st.st_uid, st.st_gid != 0 ? st.st_gid : spare);
		return 0;
	}
	if ((s->plan->flags & CORDON_PLAN_MAP_ROOT) != 0) {
		be(&s->ids, spare, spare);
		s->ids.uid_outside = 0;
		s->ids.gid_outside = 0;
		s->ids.mapped_root = 1;
		return 0;
	}
	cordon_fail(err, CORDON_EFLOOR, 0,
		"the workspace '%s' belongs to root and lies on a file system that cannot be "
		"idmapped; "
		"move it to ext4, xfs, btrfs or tmpfs, or give it to an ordinary user (chown), or "
		"set "
		"\"mapRoot\": true in cordon's configuration, which weakens the floor",
		s->launch->workspace);
	return cordon_because(err, "floor.idmap");
}

static int
idmap_mounts(struct sandbox_setup *s, struct cordon_error *err)
{
	for (size_t i = 0; i < s->plan->mount_count; i++) {
		const struct cordon_plan_mount *m = &s->plan->mounts[i];
		CORDON_CLOSE int tree = -1;

		if ((m->flags & CORDON_MOUNT_OWNED) == 0)
			continue;
		tree = cordon_openat2(AT_FDCWD, m->source, O_PATH, 0, RESOLVE_NO_MAGICLINKS);
		if (tree < 0)
			return cordon_fail(
				err, CORDON_ESYS, errno, "could not open '%s'", m->source);
		if (namespace_for(s, tree, &s->mount_idmap[i], err) < 0)
			return -1;
	}
	return 0;
}

int
ids_choose(struct sandbox_setup *s, int workspace, unsigned slot, struct cordon_error *err)
{
	const uid_t spare = spare_id(slot);
	int possible;

	s->workspace_idmap = -1;
	s->mount_idmap = cordon_array(s->plan->mount_count + 1, sizeof(*s->mount_idmap));
	if (s->mount_idmap == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare the run");
	memset(s->mount_idmap, 0xff, (s->plan->mount_count + 1) * sizeof(*s->mount_idmap));
	if (geteuid() != 0) {
		be(&s->ids, geteuid(), getegid());
		return 0;
	}
	s->ids.privileged = 1;
	be(&s->ids, spare, spare);
	if (workspace >= 0) {
		if (namespace_for(s, workspace, &s->workspace_idmap, err) < 0)
			return -1;
		possible = s->workspace_idmap < 0
				   ? 1
				   : idmap_possible(workspace, s->workspace_idmap, &s->tried);
		/* A shortage is no reason to become somebody else. */
		if (possible < 0)
			return cordon_fail(
				err, CORDON_ESYS, errno, "could not try to idmap the workspace");
		if (possible == 0 && settle_without_idmap(s, workspace, spare, err) < 0)
			return -1;
	}
	return idmap_mounts(s, err);
}

void
ids_settle(struct sandbox_setup *s)
{
	cordon_fd_close_p(&s->tried);
	for (size_t i = 0; i < s->idmap_count; i++)
		idmap_settle(&s->idmaps[i].map);
}

void
ids_finish(struct sandbox_setup *s)
{
	cordon_fd_close_p(&s->tried);
	drop_maps(s);
	free(s->mount_idmap);
	s->mount_idmap = NULL;
}
