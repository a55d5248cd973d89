#include "series.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
series_sort(double *samples, size_t count)
{
	qsort(samples, count, sizeof(double), ascending);
}

double
quantile(const double *samples, size_t count, double q)
{
	return samples[(size_t)(q * (double)(count - 1) + 0.5)];
}

void
print_series(const char *name, const double *samples, size_t count, const char *more)
{
	printf("  \"%s\": {\"median\": %.1f, \"p10\": %.1f, \"p90\": %.1f%s},\n", name,
		quantile(samples, count, 0.5), quantile(samples, count, 0.1),
		quantile(samples, count, 0.9), more);
}

void
print_budget(const char *path, const char *budget, double measured, int last)
{
	printf("    {\"path\": \"%s\", \"budget\": \"%s\", \"measured\": %.2f}%s\n", path, budget,
		measured, last ? "" : ",");
}
