#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "setup.h"

static const struct {
	const char *text, *reason, *remedy;
} stages[] = {
#define X(name, text, reason, remedy) [STAGE_##name] = { text, reason, remedy },
	SANDBOX_STAGES(X)
#undef X
};
_Static_assert(sizeof(stages) / sizeof(stages[0]) == STAGE_COUNT, "a stage has no words");

static const struct {
	const char *name, *text;
} remedies[] = {
	{ "user",
		"needs user namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone or "
		"kernel.apparmor_restrict_unprivileged_userns; inside a container its seccomp profile must allow "
		"them; see cordon doctor" },
	{ "again", "start it again" },
	{ "capture",
		"a profile with a network needs nf_tables with connection tracking and NAT: modprobe -a "
		"nf_tables nft_ct nft_limit nft_redir nft_chain_nat nft_reject_inet; see cordon doctor" },
	{ "idmap",
		"this file system cannot be idmapped: run as the owner of the files, move them to ext4, xfs, "
		"btrfs or tmpfs, or set \"mapRoot\": true in cordon's configuration" },
	{ "proc",
		"something is mounted over parts of /proc; run cordon as root, or outside this container, or let "
		"the container see an unmasked /proc (podman: --security-opt unmask=ALL, docker: --security-opt "
		"systempaths=unconfined)" },
	{ "cwd", "is it readable and inside the workspace or a granted path?" },
	{ "inflight", "other programs of this user have too many descriptors in flight between "
		      "them, which the kernel counts for the user as a whole: end them, or wait" },
	{ "limits", "a limit of the profile is above the hard limit of the caller: see ulimit -H" },
	{ "listener",
		"cordon is itself under a filter with a notification listener, such as a container "
		"engine's or another cordon's; this profile needs its own" },
};

int
sandbox_fault(struct sandbox_fault *fault, enum sandbox_stage stage, unsigned index)
{
	fault->sys = errno;
	fault->stage = stage;
	fault->index = index;
	return -1;
}

/* The thing that the stage was about, or NULL. */
static const char *
subject_of(const struct sandbox_fault *fault, const struct sandbox_setup *s)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom", "/dev/tty" };
	const unsigned i = fault->index;

	switch (fault->stage) {
	case STAGE_MOUNT:
	case STAGE_IDENTITY:
	case STAGE_SOURCE:
	case STAGE_IDMAP:
		return i < s->plan->mount_count ? s->plan->mounts[i].source : NULL;
	case STAGE_PLACE:
		return i < s->plan->mount_count ? s->plan->mounts[i].target : NULL;
	case STAGE_FILE:
		return i < s->plan->file_count ? s->plan->files[i].target : NULL;
	case STAGE_LINK:
		return i < s->plan->link_count ? s->plan->links[i].target : NULL;
	case STAGE_DEVICE:
		return i < sizeof(devices) / sizeof(devices[0]) ? devices[i] : NULL;
	case STAGE_PROTECT:
	case STAGE_HIDE:
		return i < s->covers.count ? s->covers.items[i].path : NULL;
	case STAGE_WORKSPACE:
	case STAGE_WORKSPACE_IDENTITY:
	case STAGE_WORKSPACE_IDMAP:
		return s->launch->workspace;
	case STAGE_CWD:
	case STAGE_CWD_IDENTITY:
		return s->launch->cwd;
	case STAGE_EXE:
	case STAGE_EXE_IDENTITY:
	case STAGE_EXEC:
		return s->launch->exe;
	default:
		return NULL;
	}
}

/* Of the kernel, which says nothing about the command. */
static int
is_shortage(int sys)
{
	return sys == ENOMEM || sys == EAGAIN || sys == EMFILE || sys == ENFILE;
}

void
sandbox_describe(const struct sandbox_fault *fault, const struct sandbox_setup *setup,
	struct cordon_error *err)
{
	const enum sandbox_stage stage = fault->stage < STAGE_COUNT ? fault->stage : STAGE_NONE;
	const char *subject = subject_of(fault, setup);
	const char *remedy = NULL;
	char reason[160] = "", hint[300] = "";
	enum cordon_code code = CORDON_EFLOOR;

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (strcmp(remedies[i].name, stages[stage].remedy) == 0)
			remedy = remedies[i].text;
	if ((stage == STAGE_EXEC || stage == STAGE_EXE) && !is_shortage(fault->sys))
		code = fault->sys == ENOENT ? CORDON_ENOTFOUND : CORDON_EPOLICY;
	if (stage == STAGE_EXE_IDENTITY)
		code = CORDON_EPOLICY;
	if (fault->sys == E2BIG && stage == STAGE_EXEC) {
		code = CORDON_ELIMIT;
		remedy = "the arguments and the environment are too long for execve(2)";
	}
	if (fault->sys == EMFILE || fault->sys == ENFILE)
		remedy = STAGE_OUT_OF_FILES;
	if (fault->sys != 0)
		snprintf(reason, sizeof(reason), ": %s", cordon_errno_text(fault->sys));
	if (remedy != NULL)
		snprintf(hint, sizeof(hint), " (%s)", remedy);
	if (subject != NULL)
		cordon_fail(err, code, 0, "could not %s '%s'%s%s", stages[stage].text, subject,
			reason, hint);
	else
		cordon_fail(err, code, 0, "could not %s%s%s", stages[stage].text, reason, hint);
	err->sys = fault->sys;
	cordon_because(err, stages[stage].reason);
}
