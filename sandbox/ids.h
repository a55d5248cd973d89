/* Who a run is (DESIGN: identity). */
#pragma once

#include <cordon/error.h>
#include <cordon/plan.h>

#include "setup.h"

/* Fills setup->ids, mount_idmap (allocated, one per mount) and workspace_idmap. workspace: O_PATH
 * descriptor of the workspace, or -1. slot: number of the run in this launcher.
 *
 * An ordinary user's run is that user. Root's run is a spare uid, and what is granted to it is
 * idmapped from its owner; where the file system cannot be idmapped, the run is the owner when that
 * is not root, and else refused (floor.idmap) unless the plan says that root may be mapped. */
int ids_choose(struct sandbox_setup *setup, int workspace, unsigned slot,
	struct cordon_error *err) CORDON_CHECKED;
/* The run has started: reaps the helpers of the maps, which ended when these were made, and lets go of what
 * was tried. */
void ids_settle(struct sandbox_setup *setup);
void ids_finish(struct sandbox_setup *setup);
