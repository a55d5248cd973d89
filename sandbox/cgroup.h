/* Control groups of a run: v2 where a subtree is delegated to us, else v1, else none. See cgroups(7).
 * Directories are named cordon-PIDNAMESPACE-LAUNCHERPID-N, so that what a killed launcher left can be found. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#define CGROUP_ENTER 2

struct cgroup_host; /* where this process may make cgroups; found once */

struct cgroup_host *cgroup_host_create(void); /* NULL: no memory */
void cgroup_host_destroy(struct cgroup_host *host);

struct cgroup {
	enum cordon_limit_kind memory, processes; /* CGROUP1, CGROUP2 or NONE */
	char memory_directory[512], processes_directory[512]; /* "": none; the same one for v2 */
	int into; /* v2: what clone3(2) is given with CLONE_INTO_CGROUP; else -1 */
	int enter[CGROUP_ENTER]; /* v1: what the child gives to cgroup_enter(); else -1 */
};

/* Makes the cgroups for one run, as far as the plan limits anything and the host lets us; what
 * cannot be had is NONE. Never fails. */
void cgroup_create(struct cgroup *group, const struct cgroup_host *host, pid_t launcher,
	unsigned number, const struct cordon_plan *plan);
/* In the child: moves the calling process in, and closes what it was let in by. Returns 0 or -1 with errno.
 *
 * Nobody is moved by somebody else: then the kernel stops all forks and exits of the machine to do it
 * (cgroup_threadgroup_rwsem), and waits a grace period of RCU for that, some 10 ms. A process that is
 * born inside (v2), or moves itself as a single thread (v1), needs neither. */
int cgroup_enter(const int enter[CGROUP_ENTER]);
/* In the launcher, when the child has been cloned. */
void cgroup_close(struct cgroup *group);
/* Processes that the memory limit killed so far. */
uint64_t cgroup_memory_kills(const struct cgroup *group);
/* Most processes at one time; UINT64_MAX: unknown. */
uint64_t cgroup_most_processes(const struct cgroup *group);
/* Kills what is left and removes them. */
void cgroup_destroy(struct cgroup *group);
/* Removes empty cgroups of launchers that are no more: what is left when launcher and monitor were both
 * killed. */
void cgroup_sweep_dead(const struct cgroup_host *host);
/* Removes what this launcher left. */
void cgroup_sweep(pid_t launcher);
/* What could be had here: for doctor. Fills both kinds. */
void cgroup_probe(enum cordon_limit_kind *memory, enum cordon_limit_kind *processes);
