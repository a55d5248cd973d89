/* From an effective profile to a plan: the words of a profile become those of the kernel. */
#pragma once

#include <cordon/error.h>
#include <cordon/plan.h>
#include <cordon/profile.h>

#include "config.h"

/* workspace: its path, or "" for none. The caller finishes *ret. Returns 0, or -1 with *err set. */
int plan_build(const struct cordon_profile *profile, const char *workspace,
	const struct config *config, struct cordon_plan *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* Gives the plan a network that is captured: its flag, and a name server that is there; plan_build does so for profiles
 * that open it. Returns 0, or -1 with *err set. */
int plan_capture(struct cordon_plan *plan, struct cordon_error *err) CORDON_CHECKED;
