/* A run mounts nothing, unmounts nothing and changes no root: what covers a file would be gone. Red
 * without the rules on the mount calls (and, behind them, with capabilities in the run's own user
 * namespace). Each takes a directory to act on. */
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacks.h"

void
attack_mount_tmpfs(char **argv)
{
	verdict(mount("none", argument(argv, 1), "tmpfs", 0, NULL), "mount of a tmpfs");
}

void
attack_mount_bind(char **argv)
{
	verdict(mount("/", argument(argv, 1), NULL, MS_BIND | MS_REC, NULL), "bind mount");
}

/* Adds a flag to the mount that is there; taking one away begins the same way. */
void
attack_mount_remount(char **argv)
{
	struct statvfs now;

	(void)argv;
	if (statvfs("/", &now) < 0)
		broken("statvfs");
	/* ST_NOSUID, ST_NODEV and ST_NOEXEC have the values of MS_; they may be locked. */
	verdict(mount(NULL, "/", NULL,
			MS_REMOUNT | MS_BIND | MS_RDONLY |
				(now.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)),
			NULL),
		"remount of the root");
}

void
attack_mount_unmount(char **argv)
{
	verdict(umount2(argument(argv, 1), MNT_DETACH), "umount2");
}

void
attack_mount_pivot(char **argv)
{
	const char *place = argument(argv, 1);

	verdict(syscall(SYS_pivot_root, place, place), "pivot_root");
}

void
attack_mount_chroot(char **argv)
{
	verdict(chroot(argument(argv, 1)), "chroot");
}

void
attack_mount_fsopen(char **argv)
{
	(void)argv;
	verdict(syscall(SYS_fsopen, "tmpfs", 0), "fsopen");
}

void
attack_mount_open_tree(char **argv)
{
	verdict(syscall(SYS_open_tree, -1, argument(argv, 1), 1 /* OPEN_TREE_CLONE */),
		"open_tree");
}

void
attack_mount_setattr(char **argv)
{
	struct {
		uint64_t set, clear, propagation, userns;
	} attributes = { .set = 1 /* MOUNT_ATTR_RDONLY */ };

	(void)argv;
	verdict(syscall(SYS_mount_setattr, -1, "/", 0, &attributes, sizeof(attributes)),
		"mount_setattr");
}
