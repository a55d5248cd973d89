/* What a session has done lately, and what follows from it: breaker.h and probe.h, fed with what is asked and
 * what became of it. A pause ends by itself, and with its session. Who is frozen stays so, whatever session is
 * closed, until the link ends: it is an operator's to look what it was after, and the caller's to come again. */
#pragma once

#include <cordon/error.h>

#include "decide.h"
#include "outcome.h"
#include "serve.h"

struct rpc_fetch;

struct decide_state conduct_state(const struct caller *c, const struct session *session);
/* Returns 0, or -1 with *err set when nothing is begun any more, whoever asks. */
int conduct_check_serving(const struct caller *c, struct cordon_error *err) CORDON_CHECKED;
/* Returns 0, or -1 with *err set while the session may not start anything; the same words whatever it asks
 * for. */
int conduct_check(const struct caller *c, const struct session *session,
	struct cordon_error *err) CORDON_CHECKED;
/* The same for what starts nothing, and names something: a pause is no reason. */
int conduct_check_names(const struct caller *c, const struct session *session,
	struct cordon_error *err) CORDON_CHECKED;

/* catalogue_find for what a session names; a wrong name is remembered. */
const struct cordon_profile *conduct_profile(struct caller *c, struct session *session,
	const char *name, struct cordon_error *err) CORDON_CHECKED;
/* No run of the caller's has, or had, the name. */
void conduct_wrong_run(struct caller *c, const char *name);

/* What was asked for, when no action came of it. */
void conduct_digest_start(const struct rpc_start *r, uint8_t out[CORDON_DIGEST_SIZE]);
void conduct_digest_file(const struct rpc_file *f, uint8_t out[CORDON_DIGEST_SIZE]);
void conduct_digest_fetch(const struct rpc_fetch *f, uint8_t out[CORDON_DIGEST_SIZE]);
/* It was refused, or could not be begun. session: NULL when it did not come to that. */
void conduct_refused(struct caller *c, struct session *session,
	const uint8_t digest[CORDON_DIGEST_SIZE], const struct cordon_error *err);
/* A run is over. */
void conduct_ended(struct caller *c, struct session *session,
	const uint8_t digest[CORDON_DIGEST_SIZE], const struct run_outcome *o);
/* A fetch is over that was allowed. reason: "" when there is an answer. */
void conduct_fetched(struct caller *c, struct session *session,
	const uint8_t digest[CORDON_DIGEST_SIZE], const char *reason);
