/* The floor's word on a plan's filter (A14). */
#pragma once

#include <cordon/error.h>
#include <cordon/plan.h>

/* Returns 0, or -1 with CORDON_EFLOOR and reason floor.plan. The filter is one that cordon_bpf_check has
 * accepted: cordon_plan_decode sees to it. */
int floor_check_filter(const struct cordon_plan *plan, struct cordon_error *err) CORDON_CHECKED;
