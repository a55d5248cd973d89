/* From a caller's request to everything that a launch needs, and to what is decided about it: profile,
 * session, workspace, environment, command, plan, action record. Request parameters only narrow what the
 * profile gives (A15). */
#pragma once

#include <cordon/error.h>
#include <cordon/rpc_proto.h>

#include "decide.h"
#include "resolve.h"
#include "serve.h"

struct prepared {
	const struct cordon_profile *profile;
	struct session *session;
	struct workspace workspace;
	const struct plan_entry *plan;
	char **env; /* owned */
	struct command command;
	struct cordon_action action;
	uint8_t digest[CORDON_DIGEST_SIZE]; /* of its record */
	int decided;
	struct decision decision;
};

/* Returns 0 whatever was decided, or -1 with *err set when it did not come to that; *ret must be finished in
 * any case. */
int prepare(struct caller *c, const struct rpc_start *request, struct prepared *ret,
	struct cordon_error *err) CORDON_CHECKED;
void prepared_finish(struct prepared *p);
