/* The run result as JSON (docs/result.md). */
#pragma once

#include <stddef.h>

#include <cordon/profile.h>
#include <cordon/run_result.h>

#include "outcome.h"

/* A fresh run id: "r-" and 26 characters, ordered by time. out has RUN_ID bytes. */
#define RUN_ID 29
int result_make_id(char out[RUN_ID], struct cordon_error *err) CORDON_CHECKED;

/* Puts what came of a run into words. profile and profile_name as below. */
void result_fill(struct run_result *result, const char *id, const char *profile_name,
	const struct cordon_profile *profile, const struct run_outcome *outcome);

/* One line of JSON without a newline; the caller frees it. profile may be NULL when it could not be
 * loaded; profile_name is what was asked for. NULL: no memory. */
char *result_json(const char *id, const char *profile_name, const struct cordon_profile *profile,
	const struct run_outcome *outcome);
