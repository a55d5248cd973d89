/* calls: clock_gettime */
#include <cordon/rate.h>

#include <time.h>

#define ONE 1000u /* so that a millisecond gives back per_second thousandths */

uint64_t
cordon_rate_take(struct cordon_rate *rate, uint32_t per_second, uint32_t burst, uint64_t now_ms)
{
	const uint64_t max = (uint64_t)burst * ONE;
	const uint64_t passed = now_ms > rate->at_ms ? now_ms - rate->at_ms : 0;

	/* What has passed may be more than can be multiplied. */
	if (passed > rate->spent / per_second)
		rate->spent = 0;
	else
		rate->spent -= passed * per_second;
	if (passed > 0)
		rate->at_ms = now_ms;
	if (rate->spent + ONE > max)
		return (rate->spent + ONE - max + per_second - 1) / per_second;
	rate->spent += ONE;
	return 0;
}

uint64_t
cordon_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
