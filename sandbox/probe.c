/* Doctor's look at this machine: each protection is tried in a throw-away child, since what a version
 * or a file in /proc says and what a caller may do are two things.
 *
 * calls: clone3 waitid prctl seccomp landlock_create_ruleset and those of idmap.c cgroup.c mounts.c
 * netns.c capture.c */
#include <cordon/launcher.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include <cordon/fd.h>

#include "capture.h"
#include "cgroup.h"
#include "idmap.h"
#include "landlock.h"
#include "mounts.h"
#include "netns.h"
#include "sample.h"

struct findings {
	struct cordon_protection *list;
	size_t count;
};

static void CORDON_PRINTF(5, 6) found(struct findings *f, const char *name,
	enum cordon_presence presence, const char *remedy, const char *fmt, ...)
{
	struct cordon_protection *p;
	va_list arguments;

	if (f->count == CORDON_PROTECTIONS)
		return;
	p = &f->list[f->count++];
	p->name = name;
	p->presence = presence;
	p->version = 0;
	snprintf(p->remedy, sizeof(p->remedy), "%s", presence == CORDON_PRESENT ? "" : remedy);
	va_start(arguments, fmt);
	(void)vsnprintf(p->detail, sizeof(p->detail), fmt, arguments);
	va_end(arguments);
}

/* Runs fn in a child with these namespaces. Returns 0, or the errno it failed with. */
static int
try_in_child(uint64_t namespaces, int (*fn)(void))
{
	struct clone_args args = { .flags = namespaces, .exit_signal = SIGCHLD };
	siginfo_t info;
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(fn() == 0 ? 0 : errno == 0 ? 255 : errno);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	return info.si_code == CLD_EXITED ? info.si_status : EIO;
}

static int
nothing(void)
{
	return 0;
}

static int
map_self(void)
{
	return geteuid() == 0 ? 0 : idmap_write_self(1, 1, 1, 1);
}

static int
build_mounts(void)
{
	static const struct mounts_option none[] = { { NULL, NULL } };
	CORDON_CLOSE int usr = -1;
	CORDON_CLOSE int tree = -1;
	CORDON_CLOSE int tmp = -1;
	int ignored;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	usr = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree = usr < 0 ? -1
		       : mounts_clone(usr, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, -1, &ignored);
	tmp = tree < 0 ? -1 : mounts_new("tmpfs", none, MOUNT_ATTR_NODEV);
	return tmp < 0 ? -1 : 0;
}

static int
mount_proc(void)
{
	static const struct mounts_option options[] = { { "hidepid", "invisible" },
		{ "subset", "pid" }, { NULL, NULL } };
	int fd = mounts_new(
		"proc", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

	if (fd < 0)
		return -1;
	cordon_fd_close_p(&fd);
	return 0;
}

static int
own_listener(void)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { .len = 1, .filter = allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &program) < 0
		       ? -1
		       : 0;
}

static int
capture(void)
{
	struct sandbox_fault fault = { STAGE_NONE, 0, 0 };
	int sockets[CORDON_CAPTURE_SOCKETS];
	int result;

	if (netns_loopback_up() < 0)
		return -1;
	result = capture_begin(sockets, &fault);
	errno = fault.sys;
	return result < 0 ? -1 : 0;
}

static uint64_t
namespaces(void)
{
	const uint64_t all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			     CLONE_NEWUTS | CLONE_NEWCGROUP;

	return geteuid() == 0 ? all : all | CLONE_NEWUSER;
}

static void
probe_namespaces(struct findings *f)
{
	const char *remedy =
		"allow user namespaces: sysctl user.max_user_namespaces=65536; on Debian kernels "
		"kernel.unprivileged_userns_clone=1; on Ubuntu "
		"kernel.apparmor_restrict_unprivileged_userns"
		"=0 or an AppArmor profile with userns; in a container: its seccomp profile must "
		"let clone "
		"and mount through";
	int error = try_in_child(CLONE_NEWUSER, nothing);

	if (error != 0)
		found(f, "user-namespace", CORDON_MISSING, remedy, "%s", cordon_errno_text(error));
	else
		found(f, "user-namespace", CORDON_PRESENT, "", "can be made");
	error = try_in_child(namespaces(), map_self);
	if (error != 0 && error != EPERM)
		found(f, "namespaces", CORDON_MISSING, remedy, "%s", cordon_errno_text(error));
	else
		found(f, "namespaces", CORDON_PRESENT, "", "mount, pid, network, ipc, uts, cgroup");
	error = try_in_child(namespaces(), build_mounts);
	if (error != 0)
		found(f, "mounts", CORDON_MISSING, remedy, "%s", cordon_errno_text(error));
	else
		found(f, "mounts", CORDON_PRESENT, "",
			"descriptor based interface, read-only binds");
	error = try_in_child(namespaces(), mount_proc);
	if (error != 0)
		found(f, "proc", CORDON_MISSING,
			"something is mounted over parts of /proc: run cordon as root, or outside "
			"the "
			"container, or let it see an unmasked /proc (podman: --security-opt "
			"unmask=ALL, docker: "
			"--security-opt systempaths=unconfined)",
			"a private /proc cannot be mounted: %s", cordon_errno_text(error));
	else
		found(f, "proc", CORDON_PRESENT, "", "private, processes of the run only");
}

/* Runs without a network need none of it. */
static void
probe_capture(struct findings *f)
{
	const int error = try_in_child(namespaces(), capture);

	if (error != 0)
		found(f, "network-capture", CORDON_DEGRADED,
			"load what nf_tables needs for connection tracking and NAT: modprobe -a "
			"nf_tables nft_ct nft_limit nft_redir nft_chain_nat nft_reject_inet; in a container, "
			"on its host. Profiles with a network are refused meanwhile (floor.network)",
			"the network of a run cannot be captured: %s", cordon_errno_text(error));
	else
		found(f, "network-capture", CORDON_PRESENT, "",
			"what a run sends can be led to cordon");
}

static void
probe_filters(struct findings *f)
{
	const int abi = landlock_abi();
	int error = try_in_child(0, own_listener);

	if (error == EBUSY)
		found(f, "seccomp", CORDON_DEGRADED,
			"run cordon outside the other supervisor; profiles with \"sockets\": "
			"\"inside\" are "
			"refused meanwhile (floor.listener)",
			"a filter above cordon owns the notification listener: refused calls are "
			"not counted");
	else if (error != 0)
		found(f, "seccomp", CORDON_MISSING, "a kernel with CONFIG_SECCOMP_FILTER is needed",
			"%s", cordon_errno_text(error));
	else
		found(f, "seccomp", CORDON_PRESENT, "", "filter with notification listener");
	if (abi == 0)
		found(f, "landlock", CORDON_DEGRADED,
			"boot with landlock in the lsm= list; mounts still bound what a run can "
			"reach",
			"not available");
	else
		found(f, "landlock", CORDON_PRESENT, "", "ABI %d", abi);
	f->list[f->count - 1].version = (unsigned)abi;
}

static const char *
kind_name(enum cordon_limit_kind kind)
{
	return kind == CORDON_LIMIT_CGROUP2 ? "cgroup v2" : "cgroup v1";
}

static void
probe_limits(struct findings *f)
{
	enum cordon_limit_kind memory, processes;
	const char *remedy =
		"run cordon as root, or delegate a cgroup to this user (systemd-run --user "
		"--scope -p Delegate=yes ...)";

	cgroup_probe(&memory, &processes);
	if (memory != CORDON_LIMIT_NONE)
		found(f, "memory-limit", CORDON_PRESENT, "", "%s", kind_name(memory));
	else if (sample_memory(getpid()) != UINT64_MAX)
		found(f, "memory-limit", CORDON_DEGRADED, remedy,
			"no cgroup: the memory of a run is only sampled");
	else
		found(f, "memory-limit", CORDON_DEGRADED, remedy, "none");
	f->list[f->count - 1].version = memory == CORDON_LIMIT_CGROUP2   ? 2
					: memory == CORDON_LIMIT_CGROUP1 ? 1
									 : 0;
	if (processes != CORDON_LIMIT_NONE)
		found(f, "process-limit", CORDON_PRESENT, "", "%s", kind_name(processes));
	else
		found(f, "process-limit", CORDON_PRESENT, "", "rlimit, per run");
}

static void
probe_idmap(struct findings *f, const char *workspace)
{
	CORDON_CLOSE int fd =
		workspace == NULL ? -1 : open(workspace, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CORDON_CLOSE int tried = -1;
	struct idmap map = { .ns = -1, .helper = -1 };
	struct cordon_error err = { 0 };
	struct stat st;

	if (geteuid() != 0 || fd < 0 || fstat(fd, &st) < 0)
		return;
	if (idmap_create(st.st_uid, 1879048192u, st.st_gid, 1879048192u, &map, &err) < 0)
		found(f, "idmapped-mounts", CORDON_MISSING, "Linux 5.12 or newer is needed", "%s",
			err.text);
	else if (idmap_possible(fd, map.ns, &tried) == 1)
		found(f, "idmapped-mounts", CORDON_PRESENT, "", "work on this workspace");
	else if (st.st_uid != 0)
		found(f, "idmapped-mounts", CORDON_DEGRADED,
			"ext4, xfs, btrfs and tmpfs can be idmapped",
			"not on this file system: runs of root are the workspace's owner, uid %u",
			st.st_uid);
	else
		found(f, "idmapped-mounts", CORDON_MISSING,
			"move the workspace to ext4, xfs, btrfs or tmpfs, or chown it to an "
			"ordinary user, or "
			"set \"mapRoot\": true in the configuration, which weakens the floor",
			"not on this file system, and the workspace belongs to root");
	idmap_finish(&map);
}

size_t
cordon_probe(const char *workspace, struct cordon_protection list[CORDON_PROTECTIONS])
{
	struct findings f = { list, 0 };
	struct utsname kernel;

	if (uname(&kernel) == 0) {
		unsigned major = 0, minor = 0;

		(void)sscanf(kernel.release, "%u.%u", &major, &minor);
		found(&f, "kernel",
			major > 6 || (major == 6 && minor >= 1) ? CORDON_PRESENT : CORDON_DEGRADED,
			"cordon is tested on Linux 6.1 and newer", "Linux %.60s", kernel.release);
	}
	probe_namespaces(&f);
	probe_capture(&f);
	probe_filters(&f);
	probe_limits(&f);
	probe_idmap(&f, workspace);
	return f.count;
}
