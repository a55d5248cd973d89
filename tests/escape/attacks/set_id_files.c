/* A38: a set-id file in a writable directory of the host would run as its owner outside, whatever the
 * mount inside says. Each call that can make one; the driver looks at the file from the host as well.
 * Red when the rule for that call is taken out. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include "attacks.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
/* arm64 has the newer form of each alone. */
#ifndef SYS_open
#define SYS_open  -1
#define SYS_creat -1
#define SYS_mknod -1
#define SYS_chmod -1
#endif
#define SET_USER_ID  04755
#define SET_GROUP_ID 02755

/* An ordinary file to change the mode of. */
static const char *
file(char **argv)
{
	const char *path = argument(argv, 1);
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0755);

	if (fd < 0)
		broken("could not make '%s'", path);
	close(fd);
	return path;
}

/* What counts is the file, not what the call said. */
static int
is_set_id(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)) != 0;
}

static _Noreturn void
look_at(const char *path, const char *call)
{
	const int sys = errno;

	if (is_set_id(path))
		escaped("%s made a set-id file", call);
	errno = sys;
	held_by_errno(call);
}

void
attack_set_id_open(char **argv)
{
	const char *path = argument(argv, 1);

	syscall(SYS_open, path, O_CREAT | O_WRONLY, SET_USER_ID);
	if (!is_set_id(path))
		syscall(SYS_open, path, UINT64_C(0x100000000) | O_CREAT | O_WRONLY, SET_GROUP_ID);
	look_at(path, "open");
}

void
attack_set_id_openat(char **argv)
{
	const char *path = argument(argv, 1);

	syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, SET_USER_ID);
	if (!is_set_id(path))
		syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY,
			UINT64_C(0x100000000) | SET_GROUP_ID);
	look_at(path, "openat");
}

/* A file without a name that gets one. */
void
attack_set_id_tmpfile(char **argv)
{
	const char *path = argument(argv, 1);
	char link[64];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_WRONLY, SET_USER_ID);

	if (fd < 0)
		held_by_errno("openat with O_TMPFILE");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	(void)!linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	look_at(path, "openat with O_TMPFILE");
}

void
attack_set_id_openat2(char **argv)
{
	const char *path = argument(argv, 1);
	struct open_how how = { .flags = O_CREAT | O_WRONLY, .mode = SET_USER_ID };

	syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	look_at(path, "openat2");
}

void
attack_set_id_creat(char **argv)
{
	const char *path = argument(argv, 1);

	syscall(SYS_creat, path, SET_USER_ID);
	look_at(path, "creat");
}

void
attack_set_id_mknod(char **argv)
{
	const char *path = argument(argv, 1);

	syscall(SYS_mknod, path, S_IFREG | SET_USER_ID, 0);
	look_at(path, "mknod");
}

void
attack_set_id_mknodat(char **argv)
{
	const char *path = argument(argv, 1);

	syscall(SYS_mknodat, AT_FDCWD, path, S_IFREG | SET_GROUP_ID, 0);
	look_at(path, "mknodat");
}

void
attack_set_id_chmod(char **argv)
{
	const char *path = file(argv);

	syscall(SYS_chmod, path, SET_USER_ID);
	if (!is_set_id(path))
		syscall(SYS_chmod, path, UINT64_C(0x100000000) | SET_GROUP_ID);
	look_at(path, "chmod");
}

void
attack_set_id_fchmod(char **argv)
{
	const char *path = file(argv);

	syscall(SYS_fchmod, open(path, O_RDONLY | O_CLOEXEC), SET_USER_ID);
	look_at(path, "fchmod");
}

void
attack_set_id_fchmodat(char **argv)
{
	const char *path = file(argv);

	syscall(SYS_fchmodat, AT_FDCWD, path, SET_USER_ID);
	look_at(path, "fchmodat");
}

void
attack_set_id_fchmodat2(char **argv)
{
	const char *path = file(argv);

	syscall(SYS_fchmodat2, AT_FDCWD, path, SET_USER_ID, 0);
	look_at(path, "fchmodat2");
}

/* File capabilities are the same by another name. */
void
attack_set_id_capability(char **argv)
{
	const char *path = file(argv);
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1u << CAP_NET_RAW } } };

	verdict(setxattr(path, "security.capability", &data, sizeof(data), 0), "a file capability");
}
