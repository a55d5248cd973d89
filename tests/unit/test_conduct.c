/* Pauses and freezes, with a clock of our own: what is a loop and what is work, what is a guess. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "breaker.h"
#include "decide.h"
#include "peers.h"
#include "probe.h"

static uint64_t now;

/* The pause after so many equal failures in a row, each a second after the last; 0: none. */
static uint64_t
fail(struct breaker *b, uint64_t failure, unsigned count)
{
	uint64_t pause = 0;

	for (unsigned i = 0; i < count && pause == 0; i++) {
		now += 1000;
		pause = breaker_failed(b, failure, now);
	}
	return pause;
}

Test(breaker, pauses_at_the_fortieth_equal_failure_in_a_row)
{
	struct breaker b = { 0 };

	now = 0;
	cr_expect(eq(u64, fail(&b, 7, BREAKER_ROW - 1), 0));
	cr_expect(eq(u64, breaker_wait_ms(&b, now), 0));
	cr_expect(eq(u64, fail(&b, 7, 1), BREAKER_PAUSE_MS));
	cr_expect(eq(u64, breaker_wait_ms(&b, now), BREAKER_PAUSE_MS));
	cr_expect(eq(u64, breaker_wait_ms(&b, now + BREAKER_PAUSE_MS - 1), 1));
	cr_expect(eq(u64, breaker_wait_ms(&b, now + BREAKER_PAUSE_MS), 0));
}

/* An agent edits, runs its tests and fails, a hundred times. */
Test(breaker, work_that_succeeds_in_between_is_no_loop)
{
	struct breaker b = { 0 };

	for (unsigned i = 0; i < 100; i++) {
		cr_assert(eq(u64, fail(&b, 7, 10), 0));
		breaker_succeeded(&b);
	}
}

Test(breaker, different_failures_are_no_loop)
{
	struct breaker b = { 0 };

	for (uint64_t i = 0; i < 1000; i++)
		cr_assert(eq(u64, fail(&b, i, 1), 0));
	/* Nor are more of them in turn than a row may have. */
	for (uint64_t i = 0; i < 1000; i++)
		cr_assert(eq(u64, fail(&b, i % (BREAKER_KINDS + 1), 1), 0));
}

Test(breaker, a_row_may_go_round)
{
	struct breaker b = { 0 };
	unsigned count = 0;

	while (count < 1000 && fail(&b, count % BREAKER_KINDS, 1) == 0)
		count++;
	cr_expect(eq(uint, count, BREAKER_KINDS * (BREAKER_ROW - 1)));
}

Test(breaker, each_pause_of_a_row_is_twice_as_long_up_to_a_bound)
{
	struct breaker b = { 0 };
	uint64_t pause = fail(&b, 7, BREAKER_ROW), last = pause;

	for (unsigned i = 0; i < 20; i++) {
		now += pause;
		cr_assert(eq(u64, fail(&b, 7, BREAKER_AGAIN - 1), 0));
		pause = fail(&b, 7, 1);
		cr_assert(eq(
			u64, pause, last * 2 < BREAKER_LONGEST_MS ? last * 2 : BREAKER_LONGEST_MS));
		last = pause;
	}
	now += pause;
	breaker_succeeded(&b);
	cr_expect(eq(u64, fail(&b, 7, BREAKER_ROW), BREAKER_PAUSE_MS), "a new row begins anew");
}

Test(breaker, what_ends_in_a_pause_neither_counts_nor_ends_it)
{
	struct breaker b = { 0 };

	cr_assert(ne(u64, fail(&b, 7, BREAKER_ROW), 0));
	for (unsigned i = 0; i < 100; i++)
		cr_assert(eq(u64, breaker_failed(&b, 7, now), 0));
	breaker_succeeded(&b);
	cr_expect(eq(u64, breaker_wait_ms(&b, now), BREAKER_PAUSE_MS));
}

Test(probe, the_last_of_so_many_different_names_is_too_many)
{
	struct probe_name seen[PROBE_SESSION] = { 0 };

	for (uint64_t i = 1; i < PROBE_SESSION; i++)
		cr_assert(eq(int, probe_note(seen, PROBE_SESSION, i, 5), 0));
	for (uint64_t i = 1; i < PROBE_SESSION; i++) /* the same ones again */
		cr_assert(eq(int, probe_note(seen, PROBE_SESSION, i, 6), 0));
	cr_expect(eq(int, probe_note(seen, PROBE_SESSION, 99, 7), 1));
	cr_expect(eq(int, probe_note(seen, PROBE_SESSION, 100, 8), 1));
}

Test(probe, names_are_forgotten_after_an_hour)
{
	struct probe_name seen[PROBE_SESSION] = { 0 };

	/* One in three minutes and a bit, for a week: never twenty within an hour. */
	for (uint64_t i = 0; i < 3000; i++)
		cr_assert(eq(int, probe_note(seen, PROBE_SESSION, i, i * 190000), 0));
	/* One a minute. */
	memset(seen, 0, sizeof(seen));
	for (uint64_t i = 0; i < PROBE_SESSION - 1; i++)
		cr_assert(eq(int, probe_note(seen, PROBE_SESSION, i, i * 60000), 0));
	cr_expect(eq(int, probe_note(seen, PROBE_SESSION, 50, PROBE_SESSION * 60000), 1));
}

Test(probe, a_name_that_is_tried_again_stays_recent)
{
	struct probe_name seen[2] = { 0 };

	cr_assert(eq(int, probe_note(seen, 2, 1, 0), 0));
	cr_assert(eq(int, probe_note(seen, 2, 1, PROBE_WINDOW_MS - 1), 0));
	cr_expect(eq(int, probe_note(seen, 2, 2, PROBE_WINDOW_MS + 1), 1));
}

Test(decide_session, a_pause_and_a_freeze_are_refusals_with_a_way_on)
{
	const struct decide_state paused = { .wait_ms = 1500 },
				  frozen = { .suspected = 1, .wait_ms = 1 }, fine = { .runs = 3 };
	struct cordon_error err = { 0 };
	struct decision d = decide_session(&fine);

	cr_expect(eq(int, (int)d.verdict, CORDON_ALLOW));
	cr_expect(eq(int, decide_enforce_session(&d, &err), 0));
	d = decide_session(NULL);
	cr_expect(eq(int, (int)d.verdict, CORDON_ALLOW));
	d = decide_session(&paused);
	cr_expect(eq(int, (int)d.verdict, CORDON_REFUSE));
	cr_expect(eq(int, decide_enforce_session(&d, &err), -1));
	cr_expect(eq(str, err.reason, (char *)"breaker.loop"));
	cr_expect(eq(int, (int)err.code, CORDON_ELIMIT));
	cr_expect(ne(ptr, strstr(err.text, "1500 ms"), NULL));
	cr_expect(ne(ptr, strstr(err.text, "close the session"), NULL));
	d = decide_session(&frozen);
	cr_expect(eq(int, decide_enforce_session(&d, &err), -1));
	cr_expect(eq(str, err.reason, (char *)"probe.suspected"));
	cr_expect(eq(int, (int)err.code, CORDON_EPOLICY));
	cr_expect(ne(ptr, strstr(err.text, "connect anew"), NULL));
}

/* How many of count failures at that moment make the user slow: one, or none. */
static int
fall(struct peers *p, uid_t uid, unsigned count, uint64_t at)
{
	int slowed = 0;

	for (unsigned i = 0; i < count; i++)
		slowed += peers_failed(p, uid, at);
	return slowed;
}

Test(peers, a_burst_of_failures_makes_a_user_slow_once_and_nobody_else)
{
	struct peers p = { 0 };

	cr_expect(eq(int, fall(&p, 7, PEERS_BURST, 100), 0));
	cr_expect(eq(int, peers_is_slow(&p, 7, 100), 0));
	cr_expect(eq(int, fall(&p, 7, 1000, 100), 1));
	cr_expect(eq(int, peers_is_slow(&p, 7, 100), 1));
	cr_expect(eq(int, peers_is_slow(&p, 8, 100), 0));
	cr_expect(eq(int, peers_is_slow(&p, 7, 100 + PEERS_CALM_MS - 1), 1));
	cr_expect(eq(int, peers_is_slow(&p, 7, 100 + PEERS_CALM_MS), 0));
	cr_expect(eq(int, fall(&p, 7, 9, 100 + PEERS_CALM_MS), 0), "a few are nothing again");
	cr_expect(eq(int, fall(&p, 7, 100, 100 + PEERS_CALM_MS), 1), "the next burst");
}

Test(peers, now_and_then_one_is_nothing)
{
	struct peers p = { 0 };

	for (uint64_t at = 0; at < 10000000; at += 1000)
		cr_assert(eq(int, peers_failed(&p, 7, at), 0));
}

Test(peers, who_has_been_quiet_longest_is_forgotten)
{
	struct peers p = { 0 };

	cr_assert(eq(int, fall(&p, 1, 100, 5), 1));
	for (uid_t uid = 2; uid < 2 + PEERS_MAX - 1; uid++)
		cr_assert(eq(int, fall(&p, uid, 1, uid * 10), 0));
	cr_expect(eq(int, peers_is_slow(&p, 1, 200), 1));
	cr_assert(eq(int, fall(&p, 1000, 1, 210), 0));
	cr_expect(eq(int, peers_is_slow(&p, 1, 210), 0));
	cr_expect(eq(int, fall(&p, 2, PEERS_BURST - 1, 220), 0), "it is still known");
	cr_expect(eq(int, fall(&p, 2, 1, 220), 1));
}
