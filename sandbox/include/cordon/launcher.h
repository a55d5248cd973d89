/* The launcher: a small single-threaded process that makes sandboxes, and nothing else. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>

/* Forks a launcher from the calling process: for `cordon run` alone, before it has a secret, a
 * lifeline or a thread (A10). *ret_link is the monitor's end of the launch protocol; *ret_pidfd
 * becomes readable when the launcher ends. Both are the caller's. */
int cordon_launcher_fork(int *ret_link, int *ret_pidfd, struct cordon_error *err) CORDON_CHECKED;

/* Starts the launcher executable at path, with the link as its descriptor 3. */
int cordon_launcher_exec(
	const char *path, int *ret_link, int *ret_pidfd, struct cordon_error *err) CORDON_CHECKED;

/* Waits until a launcher whose runs have ended holds nothing of their workspaces any more. link: from
 * cordon_launcher_fork, and shut down for writing; taken. */
void cordon_launcher_await(int link);

/* What the launcher process does, until its link ends. Returns its exit status. */
int cordon_launcher_main(int link);

/* After a launcher died: removes what it may have left (M7): its cgroups, and placeholders at the
 * plan's protected paths below workspace ("": none) that no live run holds. Called by the monitor
 * when it has waited for the launcher and closed its lifeline; harmless when there is nothing. */
void cordon_launcher_sweep(
	pid_t launcher, const char *workspace, char *const *protect, size_t protect_count);

/* Doctor: tries each protection in a throw-away child and says what it found. */
enum cordon_presence { CORDON_PRESENT, CORDON_DEGRADED, CORDON_MISSING };
struct cordon_protection {
	const char *name; /* stable: "user-namespace", "landlock", … */
	enum cordon_presence presence;
	unsigned version; /* Landlock's ABI, the control groups'; else 0 */
	char detail[200]; /* what was found */
	char remedy[300]; /* the way on, or "" */
};
#define CORDON_PROTECTIONS 32
/* workspace: a directory to try idmapped mounts on, or NULL. Returns the count. */
size_t cordon_probe(const char *workspace, struct cordon_protection list[CORDON_PROTECTIONS]);
