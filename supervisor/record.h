/* What a monitor has put on record: payloads of <cordon/ledger_payload.h> from what it knows. No secret is in
 * them (A36): redact.h, and the arguments that a rule marks. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/action.h>
#include <cordon/profile.h>

#include "decide.h"
#include "guard.h"
#include "outcome.h"
#include "resolve.h"
#include "workspace.h"

/* A run that is about to be released. Everything is borrowed. */
struct record_intent {
	const char *run; /* the id of it */
	uid_t uid; /* of the caller */
	const char *session; /* NULL or "": none */
	const struct cordon_profile *profile;
	const struct cordon_action *action;
	const uint8_t *digest; /* of it */
	const struct decision *decision;
	const struct command *command;
	const struct workspace *workspace;
	const struct cordon_action_key *key; /* of this monitor */
};

struct record_refused {
	const char *run; /* NULL or "": the caller gave it no handle */
	uid_t uid;
	const char *session, *profile; /* NULL or "": none */
	const uint8_t *digest; /* of the action, or NULL: it did not come to one */
	const char *reason, *rule; /* "": none */
	uint64_t left_out;
};

/* A destination of a run. */
struct record_connect {
	const char *run;
	uid_t uid;
	const char *session, *profile; /* NULL or "": none */
	const struct guard_line *line;
};

/* Each returns a payload for the caller to free and *ret_size without its NUL; NULL without memory. */
char *record_start(size_t *ret_size);
char *record_intent(const struct record_intent *intent, size_t *ret_size);
/* outcome: of a run that has ended, or never began although it was released. */
char *record_end(
	const char *run, uint64_t intent, const struct run_outcome *outcome, size_t *ret_size);
char *record_refused(const struct record_refused *refused, size_t *ret_size);
char *record_connect(const struct record_connect *connect, size_t *ret_size);
char *record_traffic_of(const char *run, const struct guard_line *line, size_t *ret_size);
char *record_malformed(uid_t uid, const char *reason, uint64_t count, size_t *ret_size);
