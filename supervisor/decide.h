/* The one decision about every action (DESIGN, section 4).
 *
 * MUST 1 Pure: the same action, profile and state give the same decision. Nothing is looked up, opened,
 *        allocated or remembered here; what a decision rests on is in the action.
 * MUST 2 No by default: what is not an action, not by this profile, of an unknown kind, or not listed is
 *        refused.
 * MUST 3 Of all rules that fit the most severe decides. A program has the names of its file and the one
 *        that it was told (argv[0], anybody's choice): what holds or refuses fits by any of them, what allows
 *        only by both (A19), and only where nobody but root could have put another file there (A06).
 * Tests: tests/unit/test_decide.c, tests/system/decide.bash. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/action.h>
#include <cordon/error.h>
#include <cordon/profile.h>

/* What a session has going, and what it did. */
struct decide_state {
	uint64_t runs, runs_max; /* live runs, and how many there may be */
	uint64_t
		wait_ms; /* it is paused for so long, since it goes round in a loop; 0: it is not */
	int suspected; /* it asked for too many names that are not its own */
};

struct decision {
	enum cordon_decision verdict;
	const char *reason; /* stable code (docs/reasons.md), "" for what is allowed */
	const char *rule; /* id of the rule that decided, or NULL; the profile's */
	const char *why; /* that rule's, or NULL */
	uint64_t wait_ms; /* of breaker.loop: until it may be asked again */
};

/* state: NULL for a session without any. The profile must be the one that the action names. */
struct decision decide(const struct cordon_action *action, const struct cordon_profile *profile,
	const struct decide_state *state);

/* Which words of action's argv a rule of the profile marks as secret, for the ledger (A36). Writes
 * CORDON_SECRET_BITS(argc) words, bit i % 64 of word i / 64 for argv[i]; returns how many are set. The action is
 * one that decide has not called input.invalid. Pure, as decide is. */
size_t decide_secrets(const struct cordon_action *action, const struct cordon_profile *profile,
	uint64_t *ret_bits);

/* What of it rests on the session alone, whatever it asks for: a refusal, or CORDON_ALLOW. */
struct decision decide_session(const struct decide_state *state);

/* What a hold becomes while nobody can answer it and nobody is waited for. */
struct decision decide_unanswered(const struct decision *hold);

/* Returns 0 for what is allowed; else -1 with *err set to the sentence for people and the reason:
 * CORDON_EPOLICY, or CORDON_ELIMIT for limit.… and CORDON_EINPUT for input.invalid. */
int decide_enforce(const struct decision *decision, const struct cordon_action *action,
	const struct cordon_profile *profile, struct cordon_error *err) CORDON_CHECKED;
/* The same for what decide_session says. */
int decide_enforce_session(
	const struct decision *decision, struct cordon_error *err) CORDON_CHECKED;
