/* calls: clone close_range prctl getppid ppoll exit open write waitid pidfd_send_signal open_tree mount_setattr */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "stage.h"

static int
write_file(const char *path, const char *text)
{
	CORDON_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : cordon_fd_write_all(fd, text, strlen(text));
}

static int
write_maps(
	const char *directory, uid_t inside, uid_t outside, gid_t group_inside, gid_t group_outside)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "%s/uid_map", directory);
	snprintf(text, sizeof(text), "%u %u 1\n", inside, outside);
	if (write_file(path, text) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/gid_map", directory);
	snprintf(text, sizeof(text), "%u %u 1\n", group_inside, group_outside);
	return write_file(path, text);
}

int
idmap_write(pid_t pid, uid_t inside, uid_t outside, gid_t group_inside, gid_t group_outside)
{
	char directory[32];

	snprintf(directory, sizeof(directory), "/proc/%d", pid);
	return write_maps(directory, inside, outside, group_inside, group_outside);
}

int
idmap_write_self(uid_t inside, uid_t outside, gid_t group_inside, gid_t group_outside)
{
	/* user_namespaces(7): without privilege in the parent, setgroups must be denied before the
	 * gid map is written. */
	if (write_file("/proc/self/setgroups", "deny") < 0)
		return -1;
	return write_maps("/proc/self", inside, outside, group_inside, group_outside);
}

#define STACK 16384

/* Holds the namespace for a moment. It is gone with the launcher in any case, and until then holds
 * none of its descriptors, whose ends others wait for (A41). It shares our memory, so that nothing is
 * copied for it, and makes system calls only. */
static int
hold(void *launcher)
{
	(void)syscall(SYS_close_range, 0, ~0U, 0);
	(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	/* The signal does not come when the launcher has died before: prctl(2). */
	if (syscall(SYS_getppid) != (intptr_t)launcher)
		(void)syscall(SYS_exit, 1);
	for (;;)
		(void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return 0;
}

void
idmap_settle(struct idmap *map)
{
	siginfo_t info;

	if (map->helper < 0)
		return;
	while (waitid(P_PIDFD, (id_t)map->helper, &info, WEXITED) < 0 && errno == EINTR)
		;
	cordon_fd_close_p(&map->helper);
	free(map->stack);
	map->stack = NULL;
}

void
idmap_finish(struct idmap *map)
{
	idmap_settle(map);
	cordon_fd_close_p(&map->ns);
}

int
idmap_create(uid_t owner, uid_t run_uid, gid_t group, gid_t run_gid, struct idmap *ret,
	struct cordon_error *err)
{
	struct idmap map = { .ns = -1, .helper = -1, .stack = cordon_array(1, STACK) };
	char path[48];
	pid_t pid = -1;
	int sys = ENOMEM;

	if (map.stack != NULL) {
		pid = clone(hold, (char *)map.stack + STACK,
			CLONE_VM | CLONE_NEWUSER | CLONE_PIDFD | SIGCHLD,
			(void *)(intptr_t)getpid(), &map.helper);
		sys = errno;
	}
	if (pid < 0) {
		free(map.stack);
		cordon_fail(err, CORDON_EFLOOR, sys, "could not make a user namespace (%s)",
			sys == EMFILE || sys == ENFILE
				? STAGE_OUT_OF_FILES
				: "needs user namespaces: sysctl user.max_user_namespaces; inside "
				  "a container its seccomp profile must allow them; see cordon "
				  "doctor");
		return cordon_because(err, "floor.userns");
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (idmap_write(pid, owner, run_uid, group, run_gid) == 0)
		map.ns = open(path, O_RDONLY | O_CLOEXEC);
	sys = errno;
	(void)syscall(SYS_pidfd_send_signal, map.helper, SIGKILL, NULL, 0);
	if (map.ns < 0) {
		idmap_finish(&map);
		return cordon_fail(
			err, CORDON_EFLOOR, sys, "could not map the owner of granted files");
	}
	*ret = map;
	return 0;
}

int
idmap_possible(int fd, int user_namespace, int *ret_tried)
{
	CORDON_CLOSE int tree =
		open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)user_namespace };

	if (tree >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &map, sizeof(map)) == 0) {
		*ret_tried = cordon_fd_take(&tree);
		return 1;
	}
	/* fs/namespace.c, can_idmap_mount(): what the file system or an earlier map does not let. */
	return tree >= 0 && (errno == EINVAL || errno == EPERM) ? 0 : -1;
}
