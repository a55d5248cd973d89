/* User namespaces that only serve to idmap mounts. See mount_setattr(2), MOUNT_ATTR_IDMAP. */
#pragma once

#include <sys/types.h>

#include <cordon/error.h>

struct idmap {
	int ns; /* the user namespace */
	int helper; /* pidfd of who held it until its maps were written: killed, and to be reaped */
	void *stack; /* the helper's, until it is reaped */
};

/* Makes a user namespace in which exactly the file owner uid and gid become the run's, all else stays
 * unmapped (A14). Needs root. Returns 0, or -1 with *err set. */
int idmap_create(uid_t owner, uid_t run_uid, gid_t group, gid_t run_gid, struct idmap *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* Waits for the end of the helper, which has come by itself some time after idmap_create(). */
void idmap_settle(struct idmap *map);
void idmap_finish(struct idmap *map);

/* Writes "inside outside 1" as the uid and gid map of pid, for a launcher that is root. */
int idmap_write(pid_t pid, uid_t inside, uid_t outside, gid_t group_inside, gid_t group_outside);

/* The same from inside a new user namespace, for an ordinary user: setgroups(2) is denied first.
 * Allocates nothing. Returns 0 or -1 with errno. */
int idmap_write_self(uid_t inside, uid_t outside, gid_t group_inside, gid_t group_outside);

/* Whether the directory fd lies on a file system that can be idmapped, found by trying: 1 or 0; -1 with
 * errno when that could not be found out. *ret_tried: with 1, the caller's to close, for which the kernel waits
 * up to some milliseconds. */
int idmap_possible(int fd, int user_namespace, int *ret_tried);
