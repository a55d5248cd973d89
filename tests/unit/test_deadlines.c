#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <cordon/rate.h>

#include "deadlines.h"

static struct cordon_loop *loop;
static struct deadlines all;
static struct deadline some[5];
static unsigned came[5], count;

static void
late(struct deadline *d)
{
	came[count++] = (unsigned)(d - some);
}

static void
begin(void)
{
	struct cordon_error err;

	loop = cordon_loop_create(&err);
	cr_assert(loop != NULL);
	deadlines_init(&all, loop, 60, late);
}

static void
end(void)
{
	deadlines_finish(&all);
	cordon_loop_destroy(loop);
}

TestSuite(deadlines, .init = begin, .fini = end, .timeout = 10);

static void
run(void)
{
	struct cordon_error err;

	cr_assert(eq(int, cordon_loop_run(loop, &err), 0));
}

Test(deadlines, they_come_in_order_each_once_and_not_early)
{
	const uint64_t began_ms = cordon_now_ms();

	for (int i = 0; i < 5; i++)
		cr_assert(eq(int, deadline_begin(&all, &some[i]), 0));
	run();

	cr_assert(eq(u32, count, 5));
	for (unsigned i = 0; i < 5; i++)
		cr_expect(eq(u32, came[i], i));
	cr_expect(ge(u64, cordon_now_ms() - began_ms, 60));
}

Test(deadlines, what_was_ended_does_not_come_and_what_begins_again_comes_last)
{
	for (int i = 0; i < 5; i++)
		cr_assert(eq(int, deadline_begin(&all, &some[i]), 0));
	deadline_end(&some[0]);
	deadline_end(&some[0]);
	deadline_end(&some[4]);
	deadline_end(&some[2]);
	cr_assert(eq(int, deadline_begin(&all, &some[1]), 0));
	run();

	cr_assert(eq(u32, count, 2));
	cr_expect(eq(u32, came[0], 3));
	cr_expect(eq(u32, came[1], 1));
}

static void
end_next(struct deadline *d)
{
	late(d);
	deadline_end(&some[d - some + 1]);
	if (count < 3)
		cr_assert(eq(int, deadline_begin(&all, d), 0));
}

Test(deadlines, they_may_be_ended_and_begun_while_one_comes)
{
	deadlines_init(&all, loop, 20, end_next);
	cr_assert(eq(int, deadline_begin(&all, &some[0]), 0));
	cr_assert(eq(int, deadline_begin(&all, &some[1]), 0));
	run();

	cr_assert(eq(u32, count, 3));
	cr_expect(eq(u32, came[2], 0));
}
