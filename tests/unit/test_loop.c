#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <unistd.h>

#include <cordon/loop.h>

struct state {
	struct cordon_loop *loop;
	struct cordon_watch *watch;
	struct cordon_timer *timer;
	int calls, fd;
};

static void
on_ready(void *context, unsigned events)
{
	struct state *s = context;
	char byte;

	cr_assert(ne(int, (int)(events & CORDON_LOOP_READ), 0));
	s->calls++;
	(void)!read(s->fd, &byte, 1);
	cordon_watch_remove(s->watch); /* inside its own callback */
}

static void
on_time(void *context)
{
	struct state *s = context;

	s->calls += 100;
	cordon_timer_remove(s->timer);
	cordon_loop_stop(s->loop);
}

Test(loop, calls_a_watch_until_it_is_removed_and_a_timer, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	s.fd = ends[0];
	s.watch = cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_ready, &s, &err);
	s.timer = cordon_loop_timer(s.loop, 50, 0, on_time, &s, &err);
	cr_assert(eq(int, (int)write(ends[1], "ab", 2), 2));

	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));

	cr_assert(eq(int, s.calls, 101));
	cordon_loop_destroy(s.loop);
	close(ends[0]);
	close(ends[1]);
}

Test(loop, leaves_a_shared_description_blocking)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	s.watch = cordon_loop_watch(s.loop, ends[0], 0, on_ready, &s, &err);

	cr_assert(eq(int, fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0));
	cordon_watch_remove(s.watch);
	cordon_loop_destroy(s.loop);
	close(ends[0]);
	close(ends[1]);
}

static void
on_broken(void *context, unsigned events)
{
	struct state *s = context;

	(void)events;
	s->calls++;
	if (s->calls == 1)
		cordon_watch_set(s->watch, CORDON_LOOP_WRITE);
	else if (s->calls == 2)
		cordon_watch_set(s->watch, CORDON_LOOP_READ); /* which waits for an error, too */
	else
		cordon_watch_remove(s->watch);
}

Test(loop, goes_on_after_an_error_when_the_same_events_are_set_again, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	s.watch = cordon_loop_watch(s.loop, ends[1], CORDON_LOOP_WRITE, on_broken, &s, &err);
	close(ends[0]);

	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));

	cr_assert(eq(int, s.calls, 3));
	cordon_loop_destroy(s.loop);
	close(ends[1]);
}
