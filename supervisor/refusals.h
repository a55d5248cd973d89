/* Which refusals of one caller go on record: the first of each reason, then one a second and reason, with a
 * count of what was left out (A37). */
#pragma once

#include <stdint.h>

#define REFUSALS_REASONS 48 /* more than a caller can bring about */
#define REFUSALS_MS      1000

struct refusals {
	struct refusals_of {
		char reason[40];
		uint64_t recorded_ms; /* when the last one was */
		uint64_t left_out; /* since then */
	} of[REFUSALS_REASONS];
	unsigned count;
};

/* Whether one with this reason goes on record at now_ms, of any clock that never goes back; then *ret_left_out
 * is how many were left out before it, which count no more. */
int refusals_take(struct refusals *r, const char *reason, uint64_t now_ms, uint64_t *ret_left_out);

/* What is left over, reason by reason. NULL when there is nothing; it is not found again. */
const struct refusals_of *refusals_left(struct refusals *r);
