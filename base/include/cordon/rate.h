/* So many at once, and so many a second in the long run (a token bucket). The time is the owner's to say, and
 * there is nothing to begin: all zero has taken nothing yet. */
#pragma once

#include <stdint.h>

struct cordon_rate {
	uint64_t spent; /* thousandths of what was taken and has not come back */
	uint64_t at_ms;
};

/* Takes one of burst, which come back at per_second (neither is 0). now_ms: of one clock that does not go
 * back. Returns 0, or in how many milliseconds there will be one: then nothing was taken. */
uint64_t cordon_rate_take(
	struct cordon_rate *rate, uint32_t per_second, uint32_t burst, uint64_t now_ms);

/* The monotonic clock, which stands still while the machine sleeps. */
uint64_t cordon_now_ms(void);
