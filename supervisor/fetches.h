/* Fetches of callers: what a cordon-rpc asks for, judged and recorded as what runs ask for is, and answered with what came
 * of it. The monitor hands on what a page is, and reads none of it.
 *
 * MUST 1 (M8) Nothing is dialed before it is on record; what is refused is on record, too.
 * MUST 2 A fetch is its caller's and its session's, and ends with either.
 * MUST 3 There are at most RPC_FETCHES of a caller, and FETCHES_MAX in all. */
#pragma once

#include <cordon/rpc_fetch_proto.h>

#include "serve.h"

#define FETCHES_MAX 32u
/* Where the numbers of fetches begin, for the guard: above those of all runs. */
#define FETCHES_FIRST (1ull << 49)

void fetches_start(struct caller *c, const struct rpc_fetch *r);
void fetches_check(struct caller *c, const struct rpc_check_url *r);
/* What has been answered meanwhile is ignored. */
void fetches_cancel(struct caller *c, uint64_t request);
/* The caller has gone, or closed a session (else NULL). */
void fetches_abandon(struct serve *s, const struct caller *c, const struct session *session);
/* The operator has stopped everything. */
void fetches_stop(struct serve *s);

/* For the guard's owner: of one whose number is FETCHES_FIRST or more. */
int fetches_record(struct serve *s, uint64_t number, uint32_t destination,
	const struct guard_line *line, struct cordon_error *err) CORDON_CHECKED;
