/* From what a command line or a request asks for to the record that is decided about (A21). */
#pragma once

#include <cordon/action.h>
#include <cordon/error.h>
#include <cordon/plan.h>
#include <cordon/profile.h>

#include "resolve.h"
#include "workspace.h"

/* What is known once the command has been found. Everything is borrowed. */
struct action_source {
	const struct cordon_profile *profile;
	const uint8_t *plan_digest; /* action_plan_digest */
	const struct workspace *workspace; /* path "": none */
	const struct command *command;
	char **argv, **env; /* as the launcher gets them */
	const char *caller;
	const char *session; /* or NULL */
	uint8_t streams[3]; /* enum cordon_stream_kind */
	uint32_t umask;
	struct cordon_action_limits limits; /* those that will hold */
	const struct cordon_action_key *key; /* the monitor's */
};

/* The caller finishes *ret, which is written in any case. Returns 0, or -1 with *err set: CORDON_EPOLICY when
 * a file is not there any more, or another than when it was found. */
int action_build(const struct action_source *source, struct cordon_action *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* Of the plan's bytes, which the launcher gets; a plan needs it once. */
int action_plan_digest(const struct cordon_plan *plan, uint8_t out[CORDON_DIGEST_SIZE],
	struct cordon_error *err) CORDON_CHECKED;

/* What a profile says, before a request lowers any of it. */
struct cordon_action_limits action_limits(const struct cordon_profile *profile);

/* The digest that names the action, from its record. */
int action_digest_of(const struct cordon_action *action, uint8_t out[CORDON_DIGEST_SIZE],
	struct cordon_error *err) CORDON_CHECKED;
