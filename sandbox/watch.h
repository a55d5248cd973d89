/* Watches the names that protect and hide are about, while a run is live (A04): a cover lies on an
 * inode, and a name that is replaced on the host leaves the new file uncovered. See inotify(7). */
#pragma once

#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "covers.h"
#include "watches.h"

/* Starts to watch below workspace, and notes in covers what is there. *ret is NULL when there is nothing to
 * watch. Returns 0, or -1 with *err set (too many directories for the caller's inotify limits: floor.hide,
 * floor.protect). */
int watch_create(int workspace, const struct cordon_plan *plan, struct sandbox_covers *covers,
	struct watches *watches, struct watch **ret, struct cordon_error *err) CORDON_CHECKED;
void watch_destroy(struct watch *watch);

/* What watches_read has found about it. CORDON_END_EXIT: nothing of concern; else HIDE or PROTECT. A watched
 * name that must stay absent (COVER_ABSENT) has been taken away again. NULL is accepted. */
enum cordon_end watch_end(const struct watch *watch);

/* watches.c: one event, for all watches from first. Returns whether it concerns one. */
struct inotify_event;
int watch_hear(struct watch *first, const struct inotify_event *event);
