/* From a command line to a decision, for commands with a monitor of their own: configuration, profile,
 * workspace, plan, environment and program are found once, and what was judged is what is started (M2). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/action.h>
#include <cordon/error.h>
#include <cordon/plan.h>
#include <cordon/profile.h>

#include "config.h"
#include "decide.h"
#include "resolve.h"
#include "workspace.h"

#define LOCAL_ENV_MAX 256

struct local_options {
	const char *profile, *config, *workspace, *cwd, *session; /* NULL: none was named */
	char *env[LOCAL_ENV_MAX]; /* NAME=VALUE, or NAME to copy ours */
	size_t env_count;
	uint64_t timeout_ms; /* UINT64_MAX: the profile's */
	int count_output; /* output has to pass through us */
	int only_judge; /* nothing will be run */
	char **command;
};

/* Beginning with configuration, NULL or empty as far as it was not reached. */
struct local {
	struct cordon_profile *profile;
	struct config config;
	struct workspace workspace;
	struct cordon_plan plan;
	struct command command;
	char **env;
	uint64_t wall_ms;
	uint32_t umask;
	uint32_t tty; /* bit n: standard stream n is the run's own terminal */
	struct cordon_action_key key; /* of the digests of what is secret */
	struct cordon_action action;
	uint8_t digest[CORDON_DIGEST_SIZE]; /* of its record */
	int decided;
	struct decision decision;
};

/* Adds one --env. */
int local_add_env(
	struct local_options *options, char *pair, struct cordon_error *err) CORDON_CHECKED;

/* Reads the configuration into *ret, which is all zero and the caller's to finish in any case. */
int local_configure(const struct local_options *options, struct local *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* Then fills the rest of *ret. Whatever was decided, it returns 0;
 * -1 with *err set when it did not come to that. Our own standard streams say what the run's will be. */
int local_prepare(const struct local_options *options, struct local *ret,
	struct cordon_error *err) CORDON_CHECKED;
void local_finish(struct local *prepared);
