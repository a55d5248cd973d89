/* Everything the set-up child needs, prepared by the launcher before the clone: after it, nothing is
 * allocated or looked up. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "cgroup.h"
#include "covers.h"
#include "idmap.h"

/* Who the run is. inside is what it sees, outside what the host sees; both are one id. */
struct sandbox_ids {
	uid_t uid_inside, uid_outside;
	gid_t gid_inside, gid_outside;
	int privileged; /* the launcher is root: it maps, and idmaps granted trees */
	int mapped_root; /* outside is 0, by the operator's configuration */
};

#define SANDBOX_IDMAPS 17 /* of the workspace's owner, and of 16 of granted trees */

/* How the files of one owner become the run's. */
struct sandbox_idmap {
	uid_t uid;
	gid_t gid;
	struct idmap map;
};

struct sandbox_setup {
	const struct cordon_plan *plan;
	const struct cordon_launch *launch;
	struct sandbox_ids ids;
	struct sandbox_covers covers;
	struct sandbox_idmap idmaps[SANDBOX_IDMAPS];
	size_t idmap_count;
	int *mount_idmap; /* per plan mount: the ns of one of them, or -1 */
	int workspace_idmap; /* the same */
	int tried; /* a detached mount of the workspace with that map, which nobody uses; -1 */
	int stdio[3]; /* -1: the pty */
	int held; /* a byte from here releases the command; -1: it is not held */
	int init_link; /* the child's end */
	int captured; /* the plan has a network */
	int netns; /* what it enters; -1: it was cloned into a new one */
	int cgroup[CGROUP_ENTER]; /* what it enters */
	int lifeline;
	int landlock_abi;
	int notify; /* try to own a listener */
	int ahead; /* prepared for a launch that is yet to come: release.h */
	const struct sock_filter *filter_notify, *filter_plain; /* loadable forms */
};
