/* What measurements have in common: the clock, sorted samples, and the lines of a report. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ROUNDS_MAX 100000

uint64_t now_ns(void);
void series_sort(double *samples, size_t count);
/* samples are sorted. */
double quantile(const double *samples, size_t count, double q);
/* "name": {"median": …, "p10": …, "p90": …, and what more says; samples are sorted. */
void print_series(const char *name, const double *samples, size_t count, const char *more);
/* A budget is stated beside what was measured; nothing here judges. */
void print_budget(const char *path, const char *budget, double measured, int last);
