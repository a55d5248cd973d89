/* calls: prlimit64 */
#include "limits.h"

#include <sys/resource.h>

static int
set(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit current, wanted;

	if (getrlimit(resource, &current) < 0)
		return -1;
	/* Never upwards: the caller may have less than the profile grants. */
	wanted.rlim_max = hard < current.rlim_max ? hard : current.rlim_max;
	wanted.rlim_cur = soft < wanted.rlim_max ? soft : wanted.rlim_max;
	return setrlimit(resource, &wanted);
}

int
limits_apply(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	const struct cordon_plan *p = s->plan;
	const uint64_t none = RLIM_INFINITY;
	const uint64_t cpu_s = p->cpu_ms == UINT64_MAX ? none : (p->cpu_ms + 999) / 1000;

	/* One second from SIGXCPU to SIGKILL. */
	if (set(RLIMIT_CORE, 0, 0) < 0 || set(RLIMIT_NPROC, p->processes, p->processes) < 0 ||
		set(RLIMIT_NOFILE, p->open_files, p->open_files) < 0 ||
		set(RLIMIT_FSIZE, p->file_bytes, p->file_bytes) < 0 ||
		set(RLIMIT_CPU, cpu_s, cpu_s == none ? none : cpu_s + 1) < 0)
		return sandbox_fault(fault, STAGE_LIMITS, 0);
	return 0;
}
