/* Watches the names that protect and hide are about, while a run is live (A04): a cover lies on an
 * inode, and a name that is replaced on the host leaves the new file uncovered. See inotify(7). */
#pragma once

#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "covers.h"

struct watch;

/* Instances that watch nothing, kept for later runs: to close one, the kernel waits until no processor
 * can still be looking at what it watched, which takes longer than all else at the end of a run. */
#define WATCH_SPARES 8
struct watch_spares {
	int fds[WATCH_SPARES];
	unsigned count;
};

/* Starts to watch below workspace, with a spare instance if there is one, and notes in covers what is
 * there. *ret is NULL when there is nothing to watch. Returns 0, or -1 with *err set (too many
 * directories for the caller's inotify limits: floor.hide, floor.protect). */
int watch_create(int workspace, const struct cordon_plan *plan, struct sandbox_covers *covers,
	struct watch_spares *spares, struct watch **ret, struct cordon_error *err) CORDON_CHECKED;
/* Ends the watch; its instance becomes a spare one, or is closed when there are enough. */
void watch_destroy(struct watch *watch, struct watch_spares *spares);
void watch_drop_spares(struct watch_spares *spares);
int watch_fd(const struct watch *watch);

/* Reads what happened. CORDON_END_EXIT: nothing of concern; else HIDE or PROTECT. A watched name that
 * must stay absent (COVER_ABSENT) has been taken away again. */
enum cordon_end watch_read(struct watch *watch);
