/* What a system call costs here, in nanoseconds: callcost SERIES.
 * Prints two numbers: getppid(2), which no filter looks at twice, and personality(2), whose argument
 * the filter of profile default compares. Each is the least of many short series: noise only ever
 * adds, and a short series finds a gap in it. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cordon/text.h>

#define CALLS 1000 /* of one series: well below a time slice */

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double
least(long nr, long argument, uint32_t series)
{
	uint64_t best = UINT64_MAX;

	for (uint32_t i = 0; i < series; i++) {
		const uint64_t begin = now_ns();
		uint64_t took;

		for (int k = 0; k < CALLS; k++)
			(void)syscall(nr, argument);
		took = now_ns() - begin;
		best = took < best ? took : best;
	}
	return (double)best / CALLS;
}

int
main(int argc, char **argv)
{
	struct cordon_error err;
	uint32_t series = 0;

	if (argc != 2 || cordon_parse_u32(argv[1], 1, 1000000, &series, &err) < 0) {
		fputs("usage: callcost SERIES\n", stderr);
		return 2;
	}
	printf("%.2f %.2f\n", least(SYS_getppid, 0, series),
		least(SYS_personality, 0xffffffff, series));
	return 0;
}
