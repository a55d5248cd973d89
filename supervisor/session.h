/* Sessions: what a caller's label agent:channel:peer selects. The label proves nothing and belongs to the
 * caller who introduced it: another caller's equal label is another session. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/fetch_proto.h>
#include <cordon/profile.h>

#include "breaker.h"
#include "guard.h"
#include "probe.h"
#include "workspace.h"

#define SESSIONS_MAX 256 /* of one caller */

struct session {
	struct session *next;
	char *key; /* "": what a caller uses who names none */
	const struct cordon_profile *profile; /* of runs that name none */
	struct workspace workspace; /* opened once */
	struct guard_session
		*network; /* what its names lead to; NULL: no run of it has had a network yet */
	struct breaker breaker;
	struct probe_name wrong[PROBE_SESSION]; /* that it asked for */
	int suspected; /* it is frozen */
	/* Of pages that it was given; the next goes where the oldest is. */
	char boundaries[CORDON_FETCH_EARLIER][CORDON_FETCH_BOUNDARY];
	unsigned boundary_count;
};

/* Three parts of 1 to 64 letters, digits and ._+@- (A18). what: who wrote it, for the error. */
int session_check_key(const char *key, const char *what, struct cordon_error *err) CORDON_CHECKED;

struct sessions {
	struct session *first;
	size_t count;
};

/* The open session with this key, or NULL. */
struct session *sessions_find(const struct sessions *s, const char *key);

/* Opens the session key, or finds the open one. The first of a caller, with key "", must have been opened
 * by sessions_begin. A new one begins as that. NULL with *err set. */
struct session *sessions_open(
	struct sessions *s, const char *key, struct cordon_error *err) CORDON_CHECKED;
int sessions_begin(struct sessions *s, const struct cordon_profile *profile,
	const struct workspace *workspace, struct cordon_error *err) CORDON_CHECKED;
/* Closes it; unknown: CORDON_ENOTFOUND. The one with key "" cannot be closed. One that is frozen stays so. */
int sessions_close(struct sessions *s, const char *key, struct cordon_error *err) CORDON_CHECKED;
void sessions_finish(struct sessions *s);
