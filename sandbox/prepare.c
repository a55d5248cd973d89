/* calls: openat2 getpid sendmsg and those of covers.c ids.c cgroup.c sample.c watch.c */
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/openat2.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#include "init_proto.h"
#include "sample.h"

static int
open_workspace(struct run *run, const struct cordon_launch *l, struct cordon_error *err)
{
	struct cordon_identity identity;

	if (l->workspace[0] == '\0' || run->setup.plan->workspace == CORDON_WORKSPACE_NONE)
		return 0;
	run->workspace = cordon_openat2(AT_FDCWD, l->workspace, O_PATH | O_DIRECTORY, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (run->workspace < 0 || cordon_identify(run->workspace, &identity) < 0)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not open the workspace '%s'", l->workspace);
	if (identity.dev != l->workspace_identity.dev ||
		identity.ino != l->workspace_identity.ino) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the workspace '%s' is another directory by now; start it again",
			l->workspace);
		return cordon_because(err, "floor.workspace");
	}
	return 0;
}

/* What enforces the limits of this run; refuses when that is not enough. */
static int
settle_limits(struct launcher *l, struct run *run, struct cordon_error *err)
{
	const struct cordon_plan *p = run->setup.plan;

	cgroup_create(&run->cgroup, l->cgroups, getpid(), l->sequence, p);
	run->memory_kind = run->cgroup.memory;
	if (run->memory_kind == CORDON_LIMIT_NONE && p->memory_bytes != UINT64_MAX &&
		sample_memory(getpid()) != UINT64_MAX)
		run->memory_kind = CORDON_LIMIT_SAMPLED;
	run->processes_kind = run->cgroup.processes;
	if (run->processes_kind == CORDON_LIMIT_NONE && p->processes != UINT64_MAX)
		run->processes_kind = CORDON_LIMIT_RLIMIT;
	if ((p->flags & CORDON_PLAN_MEMORY_ENFORCED) != 0 && p->memory_bytes != UINT64_MAX &&
		run->cgroup.memory == CORDON_LIMIT_NONE) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the memory of a run cannot be limited here, only sampled, and the profile "
			"has "
			"limits.memoryEnforced; run cordon as root, or delegate a cgroup with the "
			"memory "
			"controller to this user (systemd-run --user --scope -p Delegate=yes)");
		return cordon_because(err, "floor.memory");
	}
	return 0;
}

static int
hold_and_watch(struct launcher *l, struct run *run, struct cordon_error *err)
{
	struct sandbox_setup *s = &run->setup;

	if (run->workspace < 0)
		return 0;
	if (covers_hold(&s->covers, run->workspace, err) < 0)
		return -1;
	return watch_create(run->workspace, s->plan, &s->covers, &l->watches, &run->watch, err);
}

int
prepare_run(struct launcher *l, struct run *run, struct cordon_error *err)
{
	struct sandbox_setup *s = &run->setup;

	if (open_workspace(run, &run->launch, err) < 0)
		return -1;
	if (run->workspace >= 0 && covers_find(&s->covers, run->workspace, s->plan, err) < 0)
		return -1;
	/* A name that is to be hidden goes unnoticed when it appears before the watch begins. */
	if (s->plan->hide_count > 0 && hold_and_watch(l, run, err) < 0)
		return -1;
	if (ids_choose(s, run->workspace, l->sequence, err) < 0)
		return -1;
	return settle_limits(l, run, err);
}

int
prepare_covers(struct launcher *l, struct run *run, struct cordon_error *err)
{
	const struct sandbox_covers *covers = &run->setup.covers;
	uint64_t words[INIT_WORDS] = { INIT_SKIP };
	int sent = 0;

	if (run->setup.plan->hide_count == 0 && hold_and_watch(l, run, err) < 0)
		return -1;
	for (size_t i = 0; i < covers->count && sent == 0; i++) {
		words[1] = i;
		if (covers->items[i].kind == COVER_NOTHING)
			sent = init_send(run->link, words, -1);
	}
	words[0] = INIT_GO;
	if (covers->count > 0 && sent == 0)
		sent = init_send(run->link, words, -1);
	/* When it has died, its pidfd says so, and before that it said why. Else it would wait. */
	if (sent < 0 && errno != EPIPE && errno != ECONNRESET)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not tell pid 1 of the run to go on");
	return 0;
}

int
prepare_ahead(struct launcher *l, struct run *run, struct cordon_error *err)
{
	if (open_workspace(run, &run->launch, err) < 0 ||
		ids_choose(&run->setup, run->workspace, l->sequence, err) < 0)
		return -1;
	return settle_limits(l, run, err);
}

int
prepare_release(struct launcher *l, struct run *run, const struct cordon_launch *launch,
	struct cordon_error *err)
{
	/* By its name, as for any launch: what was opened ahead may have moved away. */
	cordon_fd_close_p(&run->workspace);
	if (open_workspace(run, launch, err) < 0)
		return -1;
	if (run->workspace >= 0 &&
		covers_find(&run->setup.covers, run->workspace, run->setup.plan, err) < 0)
		return -1;
	return hold_and_watch(l, run, err);
}
