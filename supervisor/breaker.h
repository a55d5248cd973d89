/* Loops of a session (T-IMPACT-002): an agent that does the same thing again and again, and fails in the same
 * way each time, is stopped for a while, and longer each time.
 *
 * A failure is a start that was refused, or a run that ended otherwise than with status 0; two are equal when
 * the action (its digest) and the way of failing are. What counts is a row of them: whatever ends well ends the
 * row, so that who edits, tests and fails again is in none. A row may go round: up to BREAKER_KINDS different
 * failures in any order are one, a further one begins it anew.
 *
 * Pure: the time is the owner's to say, and all zero is a session that has done nothing. */
#pragma once

#include <stdint.h>

#define BREAKER_ROW        40 /* equal failures until the first pause */
#define BREAKER_AGAIN      10 /* more of them until the next */
#define BREAKER_KINDS      4
#define BREAKER_PAUSE_MS   5000 /* the first; each is twice as long as the last */
#define BREAKER_LONGEST_MS (5 * 60 * 1000)

struct breaker {
	struct {
		uint64_t failure;
		unsigned count;
	} row[BREAKER_KINDS];
	unsigned kinds;
	uint64_t pause_ms; /* the last pause of this row, 0: none */
	uint64_t until_ms;
};

/* failure: the same number for equal ones. Returns how long the session is paused from now on, or 0. What was
 * begun before a pause and fails in it does not count. */
uint64_t breaker_failed(struct breaker *b, uint64_t failure, uint64_t now_ms);
void breaker_succeeded(struct breaker *b);
/* For how long it is still paused; 0: it is not. */
uint64_t breaker_wait_ms(const struct breaker *b, uint64_t now_ms);
