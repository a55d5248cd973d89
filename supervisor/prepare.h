/* From a caller's request to everything that a launch needs: profile, session, workspace, environment,
 * command, plan. Request parameters only narrow what the profile gives (A15). */
#pragma once

#include <cordon/error.h>
#include <cordon/rpc_proto.h>

#include "resolve.h"
#include "serve.h"

struct prepared {
	const struct cordon_profile *profile;
	const struct session *session;
	struct workspace workspace;
	const struct plan_entry *plan;
	char **env; /* owned */
	struct command command;
};

/* Returns 0, or -1 with *err set, when nothing may be started; *ret must be finished in any case. */
int prepare(struct caller *c, const struct rpc_start *request, struct prepared *ret,
	struct cordon_error *err) CORDON_CHECKED;
void prepared_finish(struct prepared *p);
