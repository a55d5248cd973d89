/* M8: a launch that is held makes everything ready and executes nothing before its monitor says so. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "../helpers/liar.h"

#define A_WHILE_MS 300 /* in which a command that is not held has long run */

static struct liar liar;
static int gate[2]; /* the monitor's pipe: read end, write end */

static void
prepare(void)
{
	liar_scene_make();
	liar_start(&liar);
	cr_assert(pipe2(gate, O_CLOEXEC) == 0);
	liar.launch.held = 1;
}

static void
finish(void)
{
	cordon_fd_close_p(&gate[0]);
	cordon_fd_close_p(&gate[1]);
	liar_finish(&liar);
	liar_scene_drop();
}

TestSuite(launcher_held, .init = prepare, .fini = finish, .timeout = 120);

/* ahead: with a sandbox that was made before. */
static void
launch(int ahead, const int *fds, unsigned fd_count)
{
	struct cordon_error err = { 0 };

	liar_hello(&liar);
	cr_assert(eq(int, cordon_launch_send_plan(liar.link, 1, &liar.plan, &err), 0));
	if (ahead) {
		const struct cordon_prepare p = { .plan = 1,
			.count = 1,
			.workspace = liar.launch.workspace,
			.workspace_identity = liar.launch.workspace_identity };
		struct cordon_writer w;

		cordon_writer_init(&w, 8192);
		cordon_launch_encode_prepare(&p, &w);
		cr_assert(eq(
			int, liar_send(&liar, CORDON_LAUNCH_PREPARE, w.data, w.size, NULL, 0), 0));
		cordon_writer_finish(&w);
		(void)poll(NULL, 0, A_WHILE_MS);
	}
	cr_assert(eq(
		int, cordon_launch_send_launch(liar.link, &liar.launch, fds, fd_count, &err), 0));
}

static void
launch_held(int ahead)
{
	launch(ahead, (const int[]){ liar.streams[0], liar.streams[1], liar.streams[2], gate[0] },
		4);
	cordon_fd_close_p(&gate[0]);
}

static void
expect_nothing_yet(void)
{
	struct pollfd p = { .fd = liar.link, .events = POLLIN };

	cr_expect(eq(int, poll(&p, 1, A_WHILE_MS), 0), "an answer came");
	cr_expect(eq(int, liar_command_ran(), 0));
}

Test(launcher_held, control_one_that_is_not_held_runs_at_once)
{
	liar.launch.held = 0;
	launch(0, liar.streams, 3);
	cr_expect(eq(int, (int)liar_hear(&liar), LIAR_RAN), "%s", liar.failure.text);
	cr_expect(ne(int, liar_command_ran(), 0));
}

Test(launcher_held, m8_nothing_is_executed_before_the_byte_and_it_is_after)
{
	for (int ahead = 0; ahead < 2; ahead++) {
		launch_held(ahead);
		expect_nothing_yet();
		cr_assert(eq(sz, (size_t)write(gate[1], "", 1), 1));
		cr_expect(eq(int, (int)liar_hear(&liar), LIAR_RAN), "%s", liar.failure.text);
		cr_expect(ne(int, liar_command_ran(), 0));
		finish();
		prepare();
	}
}

Test(launcher_held, m8_nothing_is_executed_when_the_pipe_ends_without_one)
{
	for (int ahead = 0; ahead < 2; ahead++) {
		launch_held(ahead);
		expect_nothing_yet();
		cordon_fd_close_p(&gate[1]);
		cr_expect(eq(int, (int)liar_hear(&liar), LIAR_REFUSED));
		cr_expect(eq(str, liar.failure.reason, "run.killed"));
		cr_expect(eq(int, liar_command_ran(), 0));
		finish();
		prepare();
	}
}

Test(launcher_held, a14_what_releases_it_is_a_pipe_and_comes_with_it)
{
	launch(0, liar.streams, 3);
	cr_expect(eq(int, (int)liar_hear(&liar), LIAR_REFUSED), "none came");
	cr_expect(eq(str, liar.failure.reason, "floor.plan"));
	finish();
	prepare();
	launch(0, (const int[]){ liar.streams[0], liar.streams[1], liar.streams[2], liar.null }, 4);
	cr_expect(eq(int, (int)liar_hear(&liar), LIAR_REFUSED), "a device came");
	cr_expect(eq(str, liar.failure.reason, "floor.plan"));
	cr_expect(eq(int, liar_command_ran(), 0));
}
