/* Sandboxes that are made ahead of their launch, per plan and workspace: each is used once, and what depends
 * on the moment (covers of the workspace, command, environment, streams) comes with the launch. A launch
 * that finds none ready, or that lowers limits, is cold. */
#pragma once

#include <cordon/launch_proto.h>

#include "run.h"

#define POOLS 8 /* of a launcher; the one that was asked for first goes */

/* Takes p->workspace. */
void pool_set(struct launcher *l, struct launcher_plan *plan, struct cordon_prepare *p);
/* The plan is forgotten: none of its pools stays. */
void pool_forget(struct launcher *l, const struct launcher_plan *plan);
/* A prepared run that this launch may have, or NULL. It belongs to no pool any more. */
struct run *pool_take(
	struct launcher *l, const struct launcher_plan *plan, const struct cordon_launch *launch);
/* Makes one run ahead where one is missing. Returns it, or NULL. Called when there is nothing else to do. */
struct run *pool_fill(struct launcher *l);
enum pool_want {
	POOL_FULL, /* pool_fill would make none */
	POOL_LACKS, /* there are fewer than asked for */
	POOL_EMPTY, /* the next launch would be cold */
};
enum pool_want pool_wants(const struct launcher *l);
/* A prepared run has died: nobody killed it, so that the next would die, too. */
void pool_lose(struct run *run);
/* Kills what is prepared while memory is short. */
void pool_look_at_memory(struct launcher *l);
/* True when something is prepared. */
int pool_any(const struct launcher *l);
void pool_finish(struct launcher *l);
