/* The stages of setting up a run. A child between clone and exec reports two or three numbers; the
 * launcher turns them into a sentence (stage.c). */
#pragma once

#include <cordon/error.h>

/*	name        what could not be done                           reason code, or ""       remedy */
#define SANDBOX_STAGES(X)                                                                        \
	X(NONE, "start", "", "")                                                                 \
	X(CLONE, "make the run's namespaces", "floor.namespaces", "user")                        \
	X(DEATH, "tie the run to its launcher", "floor.lifeline", "")                            \
	X(LIFELINE, "go on: the supervisor has gone", "floor.lifeline", "")                      \
	X(MAPS, "map the run's user and group", "floor.identity", "user")                        \
	X(GO, "hear from the launcher", "floor.lifeline", "")                                    \
	X(CGROUP, "enter the run's cgroup", "floor.limits", "")                                  \
	X(CGROUP_NS, "make a cgroup namespace", "floor.namespaces", "user")                      \
	X(HOSTNAME, "set the run's host name", "floor.namespaces", "")                           \
	X(NETNS, "enter the run's network namespace", "floor.network", "")                       \
	X(LOOPBACK, "bring up the run's loopback interface", "floor.network", "")                \
	X(CAPTURE_SOCKETS, "open the sockets of the run's network", "floor.network", "")         \
	X(CAPTURE_ROUTES, "make the routes of the run's network", "floor.network", "capture")    \
	X(CAPTURE_RULES, "make the rules of the run's network", "floor.network", "capture")      \
	X(CAPTURE_HAND_OVER, "hand over the run's network", "limit.descriptors", "inflight")     \
	X(PRIVATE, "make the run's mounts private", "floor.mounts", "user")                      \
	X(MOUNT, "bind", "floor.mounts", "")                                                     \
	X(IDENTITY, "bind: it is another file by now", "floor.identity", "again")                \
	X(SOURCE, "bind: it leads to the root, /proc, /sys or /dev", "floor.plan", "")           \
	X(IDMAP, "idmap", "floor.idmap", "idmap")                                                \
	X(DEVICE, "bind the device", "floor.dev", "")                                            \
	X(ROOT, "make the run's root", "floor.mounts", "")                                       \
	X(PLACE, "make the place", "floor.mounts", "")                                           \
	X(PROC, "mount the run's /proc", "floor.proc", "")                                       \
	X(PROC_MASKED, "mount the run's /proc", "floor.proc_masked", "proc")                     \
	X(DEVPTS, "mount the run's /dev/pts", "floor.dev", "")                                   \
	X(TMPFS, "mount the private temporary file system", "floor.tmp", "")                     \
	X(FILE, "write the generated file", "floor.mounts", "")                                  \
	X(LINK, "make the link", "floor.mounts", "")                                             \
	X(WORKSPACE, "bind the workspace", "floor.workspace", "")                                \
	X(WORKSPACE_IDENTITY, "bind the workspace: it is another directory by now",              \
		"floor.workspace", "again")                                                      \
	X(WORKSPACE_IDMAP, "idmap the workspace", "floor.idmap", "idmap")                        \
	X(PROTECT, "protect", "floor.protect", "again")                                          \
	X(HIDE, "hide", "floor.hide", "again")                                                   \
	X(SEAL, "make the run's root read-only", "floor.mounts", "")                             \
	X(PIVOT, "enter the run's root", "floor.mounts", "")                                     \
	X(CWD, "enter the working directory", "floor.workspace", "cwd")                          \
	X(CWD_IDENTITY, "enter the working directory: it is another one by now",                 \
		"floor.workspace", "again")                                                      \
	X(USER_NS, "make the run's user namespace", "floor.namespaces", "user")                  \
	X(IDS, "become the run's user", "floor.identity", "")                                    \
	X(CAPS, "drop capabilities", "floor.capabilities", "")                                   \
	X(KEYRING, "make a session keyring", "floor.keyring", "")                                \
	X(SESSION, "make a session", "floor.session", "")                                        \
	X(PTY, "make the run's terminal", "floor.dev", "")                                       \
	X(FORK, "start the command", "floor.processes", "")                                      \
	X(SIGNALS, "reset signals", "floor.session", "")                                         \
	X(STDIO, "set up the standard streams", "floor.descriptors", "")                         \
	X(FDS, "close descriptors", "floor.descriptors", "")                                     \
	X(LIMITS, "set the resource limits", "floor.limits", "limits")                           \
	X(NO_NEW_PRIVS, "forbid new privileges", "floor.no_new_privs", "")                       \
	X(LANDLOCK, "restrict files by Landlock", "floor.landlock", "")                          \
	X(HELD, "execute the command: the supervisor did not release it", "run.killed", "")      \
	X(FILTER, "load the system call filter", "floor.seccomp", "")                            \
	X(LISTENER, "load the system call filter: another filter owns the listener",             \
		"floor.listener", "listener")                                                    \
	X(HAND_OVER, "hand the run's terminal to the launcher", "limit.descriptors", "inflight") \
	X(HELPER, "lock down pid 1 of the run", "floor.seccomp", "")                             \
	X(EXE, "open the command inside the run", "", "")                                        \
	X(EXE_IDENTITY, "execute the command: it is another file by now", "exec.digest_changed", \
		"again")                                                                         \
	X(EXEC, "execute", "", "")

enum sandbox_stage {
#define X(name, text, reason, remedy) STAGE_##name,
	SANDBOX_STAGES(X)
#undef X
		STAGE_COUNT
};

/* Where a child failed: written by it, read by the launcher. */
struct sandbox_fault {
	enum sandbox_stage stage;
	unsigned index; /* which mount, file, … of its list; 0 where there is one */
	int sys; /* errno */
};

/* Records a fault and returns -1, for: return sandbox_fault(f, STAGE_X, i); errno is taken. */
int sandbox_fault(struct sandbox_fault *fault, enum sandbox_stage stage, unsigned index);

struct sandbox_setup;

/* The remedy where a launcher has no more descriptors, whatever it was about to do. */
#define STAGE_OUT_OF_FILES                                                                              \
	"a live run takes some twenty descriptors of its launcher: end other runs, or raise the limit " \
	"of open files (ulimit -n)"

/* The sentence for a fault of this setup. */
void sandbox_describe(const struct sandbox_fault *fault, const struct sandbox_setup *setup,
	struct cordon_error *err);
