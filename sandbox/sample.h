/* Memory of a run where no cgroup can be had: looked at now and then, so a bound on nothing; results
 * call it "sampled". */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define SAMPLE_INTERVAL_MS 100

/* Private resident bytes of the tree below and including init, the run's pid 1. UINT64_MAX: this
 * kernel does not say (no /proc/PID/task/TID/children). */
uint64_t sample_memory(pid_t init);
