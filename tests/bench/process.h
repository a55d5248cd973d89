/* What the kernel says of a process that is measured. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct process_cost {
	double rss_kib, pss_kib; /* pss < 0: not for this user to know */
	int fds; /* < 0: likewise */
};

void process_cost(pid_t pid, struct process_cost *ret);
/* Time on a processor so far, in microseconds; -1: unknown. */
double process_cpu_us(pid_t pid);
/* The child of that name, or -1. */
pid_t process_child(pid_t pid, const char *name);
size_t process_count_children(pid_t pid);
/* Memory that it has for itself alone, in KiB; -1: unknown. Everybody may know it of everybody. */
double process_own_kib(pid_t pid);
/* The same of all its children of that name together. */
double process_children_own_kib(pid_t pid, const char *name);
