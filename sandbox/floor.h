/* The floor as the launcher knows it (A14): what no plan may leave out, whoever sent it. */
#pragma once

#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/plan.h>

/* Returns 0, or -1 with CORDON_EFLOOR and reason floor.plan: the launcher then refuses the plan. */
int floor_check_plan(const struct cordon_plan *plan, struct cordon_error *err) CORDON_CHECKED;

/* True when the opened source of a mount may be bound: links may have led to what a plan could not have
 * named. Between clone and exec, too. */
int floor_allows_source(int fd);

/* True for a place that a workspace may have in a run; "" is none. */
int floor_allows_workspace(const char *path);

/* The same for one launch: its workspace and streams. */
int floor_check_launch(const struct cordon_launch *launch, const int *fds, unsigned fd_count,
	struct cordon_error *err) CORDON_CHECKED;
