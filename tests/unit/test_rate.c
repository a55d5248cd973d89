#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <cordon/rate.h>

/* How many of count calls at that moment are let pass. */
static unsigned
pass(struct cordon_rate *rate, unsigned per_second, unsigned burst, uint64_t now, unsigned count)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < count; i++)
		passed += cordon_rate_take(rate, per_second, burst, now) == 0;
	return passed;
}

Test(rate, lets_a_burst_pass_and_then_so_many_a_second)
{
	struct cordon_rate rate = { 0 };
	unsigned passed = 0;

	cr_expect(eq(uint, pass(&rate, 10, 5, 1000, 100), 5));
	cr_expect(eq(uint, pass(&rate, 10, 5, 1000, 100), 0));
	cr_expect(eq(uint, pass(&rate, 10, 5, 1099, 100), 0));
	cr_expect(eq(uint, pass(&rate, 10, 5, 1100, 100), 1));
	for (uint64_t now = 1100; now < 11100; now++)
		passed += pass(&rate, 10, 5, now, 3);
	cr_expect(eq(uint, passed, 99));
}

Test(rate, says_when_there_will_be_one)
{
	struct cordon_rate rate = { 0 };

	cr_expect(eq(uint, pass(&rate, 3, 2, 50, 2), 2));
	const uint64_t wait = cordon_rate_take(&rate, 3, 2, 50);
	cr_expect(eq(u64, wait, 334));
	cr_expect(eq(u64, cordon_rate_take(&rate, 3, 2, 50 + wait - 1), 1));
	cr_expect(eq(u64, cordon_rate_take(&rate, 3, 2, 50 + wait), 0));
}

Test(rate, has_the_burst_again_after_a_pause_and_never_more)
{
	struct cordon_rate rate = { 0 };

	cr_expect(eq(uint, pass(&rate, 4000, 2000, 1, 5000), 2000));
	cr_expect(eq(uint, pass(&rate, 4000, 2000, 501, 5000), 2000));
	cr_expect(eq(uint, pass(&rate, 4000, 2000, 1u << 30, 5000), 2000));
	cr_expect(eq(uint, pass(&rate, 4000, 2000, UINT64_MAX, 5000), 2000));
}

/* A clock does not, but what if. */
Test(rate, a_clock_that_goes_back_gives_nothing)
{
	struct cordon_rate rate = { 0 };

	cr_expect(eq(uint, pass(&rate, 10, 5, 100000, 100), 5));
	cr_expect(eq(uint, pass(&rate, 10, 5, 0, 100), 0));
	cr_expect(eq(uint, pass(&rate, 10, 5, 99999, 100), 0));
	cr_expect(eq(uint, pass(&rate, 10, 5, 100100, 100), 1));
}
