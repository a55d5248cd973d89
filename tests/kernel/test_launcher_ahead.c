/* A14: plans that are forgotten and sandboxes that are made ahead give a monitor that was taken over nothing
 * that a plain launch would not. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../helpers/liar.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct liar liar;

static void
prepare(void)
{
	liar_scene_make();
	liar_start(&liar);
}

static void
finish(void)
{
	liar_finish(&liar);
	liar_scene_drop();
}

TestSuite(launcher_ahead, .init = prepare, .fini = finish, .timeout = 120);

static void
greet_with_plan(void)
{
	struct cordon_error err = { 0 };

	liar_hello(&liar);
	cr_assert(eq(int, cordon_launch_send_plan(liar.link, 1, &liar.plan, &err), 0));
}

/* The launcher must have ended; with a new one it goes on. */
static void
expect_end(const char *what)
{
	cr_expect(eq(int, (int)liar_hear(&liar), LIAR_ENDED), "%s", what);
	liar_finish(&liar);
	liar_start(&liar);
}

static void
send_prepare(uint32_t plan, uint32_t count, char *workspace)
{
	const struct cordon_prepare p = { .plan = plan,
		.count = count,
		.workspace = workspace,
		.workspace_identity = liar.launch.workspace_identity };
	struct cordon_writer w;

	cordon_writer_init(&w, 8192);
	cordon_launch_encode_prepare(&p, &w);
	(void)liar_send(&liar, CORDON_LAUNCH_PREPARE, w.data, w.size, NULL, 0);
	cordon_writer_finish(&w);
}

/* Launches run number, and says what came of it. */
static enum liar_outcome
launch(uint64_t number)
{
	struct cordon_error err = { 0 };

	liar.launch.run = number;
	(void)!cordon_launch_send_launch(liar.link, &liar.launch, liar.streams, 3, &err);
	return liar_hear(&liar);
}

Test(launcher_ahead, control_an_honest_one_is_prepared_and_runs)
{
	greet_with_plan();
	send_prepare(1, 2, liar.launch.workspace);
	for (uint64_t number = 1; number < 5; number++) {
		cr_expect(eq(int, (int)launch(number), LIAR_RAN), "%s", liar.failure.text);
		cr_expect(ne(int, liar_command_ran(), 0));
	}
}

/* Something to do about each millisecond, that is nothing: a signal to a run that there is not. */
static void
leave_no_quiet_moment(unsigned ms)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct cordon_writer w;

	for (unsigned i = 0; i < ms; i++) {
		cordon_writer_init(&w, 32);
		cordon_launch_encode_signal(999999, 10, &w);
		cr_assert(eq(
			int, liar_send(&liar, CORDON_LAUNCH_SIGNAL, w.data, w.size, NULL, 0), 0));
		cordon_writer_finish(&w);
		(void)nanosleep(&pause, NULL);
	}
}

/* 0008: callers who launch one run after another leave no quiet moment. */
Test(launcher_ahead, an_empty_pool_is_filled_at_once_however_busy_it_is)
{
	unsigned ahead = 0;

	greet_with_plan();
	send_prepare(1, 1, liar.launch.workspace);
	for (uint64_t number = 1; number <= 10; number++) {
		leave_no_quiet_moment(60);
		cr_expect(eq(int, (int)launch(number), LIAR_RAN), "%s", liar.failure.text);
		ahead += liar.ahead != 0;
	}
	cr_expect(ge(uint, ahead, 5));
}

Test(launcher_ahead, a14_ends_at_malformed_messages_about_plans)
{
	static const struct {
		uint16_t number;
		const char *body;
		size_t size;
		const char *what;
	} cases[] = {
		{ CORDON_LAUNCH_FORGET, "\1\0\0", 3, "a short forget" },
		{ CORDON_LAUNCH_FORGET, "\1\0\0\0\0", 5, "a long forget" },
		{ CORDON_LAUNCH_FORGET, "\2\0\0\0", 4, "to forget what is not there" },
		{ CORDON_LAUNCH_PREPARE, "", 0, "an empty prepare" },
		{ CORDON_LAUNCH_PREPARE, "\1\0\0\0\1\0\0\0\0\0\0\0", 12, "no identity" },
		{ CORDON_LAUNCH_PREPARE,
			"\1\0\0\0\1\0\0\0\1\0\0\0w"
			"1234567812345678",
			29, "a relative workspace" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		greet_with_plan();
		(void)liar_send(&liar, cases[i].number, cases[i].body, cases[i].size, NULL, 0);
		expect_end(cases[i].what);
	}
	greet_with_plan();
	send_prepare(2, 1, liar.launch.workspace);
	expect_end("a plan that it does not know");
	greet_with_plan();
	send_prepare(1, CORDON_LAUNCH_READY + 1, liar.launch.workspace);
	expect_end("too many");
}

Test(launcher_ahead, a14_a_launch_of_a_forgotten_plan_ends_the_launcher)
{
	greet_with_plan();
	cr_expect(eq(int, (int)launch(1), LIAR_RAN));
	(void)liar_send(&liar, CORDON_LAUNCH_FORGET, "\1\0\0\0", 4, NULL, 0);
	cr_expect(eq(int, (int)launch(2), LIAR_ENDED));
}

Test(launcher_ahead, a_run_outlives_the_plan_that_is_forgotten_while_it_runs)
{
	struct cordon_error err = { 0 };

	greet_with_plan();
	send_prepare(1, 1, liar.launch.workspace);
	cr_assert(eq(
		int, cordon_launch_send_launch(liar.link, &liar.launch, liar.streams, 3, &err), 0));
	(void)liar_send(&liar, CORDON_LAUNCH_FORGET, "\1\0\0\0", 4, NULL, 0);
	cr_expect(eq(int, (int)liar_hear(&liar), LIAR_RAN), "%s", liar.failure.text);
}

Test(launcher_ahead, a14_prepares_nothing_at_a_place_that_is_the_launchers)
{
	static const char *const places[] = { "/", "/proc", "/dev", "/tmp", "/home/user",
		"/a/../b" };

	greet_with_plan();
	for (size_t i = 0; i < LENGTH(places); i++)
		send_prepare(1, 1, (char *)(uintptr_t)places[i]);
	cr_expect(eq(int, (int)launch(1), LIAR_RAN), "%s", liar.failure.text);
}

Test(launcher_ahead, a14_what_is_prepared_with_a_plan_that_breaks_the_floor_never_runs)
{
	struct cordon_plan bad = liar.plan;
	struct cordon_error err = { 0 };

	bad.tmp_bytes = 0;
	liar_hello(&liar);
	cr_assert(eq(int, cordon_launch_send_plan(liar.link, 1, &bad, &err), 0));
	send_prepare(1, 2, liar.launch.workspace);
	cr_expect(eq(int, (int)launch(1), LIAR_REFUSED));
	cr_expect(eq(int, liar_command_ran(), 0));
}

Test(launcher_ahead, a01_a_launch_for_another_directory_of_that_name_is_refused)
{
	greet_with_plan();
	send_prepare(1, 2, liar.launch.workspace);
	cr_expect(eq(int, (int)launch(1), LIAR_RAN)); /* by now they are made */
	liar.launch.workspace_identity.ino++;
	cr_expect(eq(int, (int)launch(2), LIAR_REFUSED));
	cr_expect(eq(str, liar.failure.reason, (char *)"floor.workspace"));
}
