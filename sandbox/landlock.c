/* What is executable is also readable, and what is only readable lies on a noexec mount: an execute
 * list alone is evaded by handing the file to the dynamic loader, which only reads and maps it.
 *
 * calls: landlock_create_ruleset landlock_add_rule landlock_restrict_self openat */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include <cordon/fd.h>

/* Rights newer than the headers of the oldest system that builds this. */
#define FS_REFER            (1ULL << 13) /* ABI 2 */
#define FS_TRUNCATE         (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV        (1ULL << 15) /* ABI 5 */
#define SCOPE_ABSTRACT_UNIX (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL        (1ULL << 1) /* ABI 6 */

#define READS           (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES_TO_FILES (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define WRITES                                                                              \
	(WRITES_TO_FILES | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                 \
		LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |               \
		LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER)
/* Handled but never granted: device nodes. */
#define NEVER (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

struct ruleset_attr { /* struct landlock_ruleset_attr as of ABI 6 */
	uint64_t handled_access_fs, handled_access_net, scoped;
};

int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static uint64_t
handled_by(int abi)
{
	uint64_t handled = READS | WRITES | NEVER | LANDLOCK_ACCESS_FS_EXECUTE;

	if (abi < 2)
		handled &= ~FS_REFER;
	if (abi < 3)
		handled &= ~FS_TRUNCATE;
	if (abi < 5)
		handled &= ~FS_IOCTL_DEV;
	return handled;
}

/* Grants access below path; a path that is not in this run grants nothing. */
static int
grant(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	CORDON_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(fd, &st) < 0)
		return -1;
	/* landlock(7): a file takes only the rights that make sense for a file. */
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &=
			LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE | WRITES_TO_FILES;
	rule.parent_fd = fd;
	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static int
grant_all(const struct sandbox_setup *s, int ruleset, uint64_t handled)
{
	static const char *const scratch[] = { "/tmp", "/home/user" };
	const struct cordon_plan *p = s->plan;
	const uint64_t exec = LANDLOCK_ACCESS_FS_EXECUTE;
	const uint64_t write = (WRITES | READS) & handled;

	if (grant(ruleset, "/", READS) < 0 || grant(ruleset, "/dev", write) < 0 ||
		grant(ruleset, "/proc", WRITES_TO_FILES & handled) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		if (grant(ruleset, scratch[i],
			    write | ((p->flags & CORDON_PLAN_TMP_EXEC) != 0 ? exec : 0)) < 0)
			return -1;
	for (size_t i = 0; i < p->mount_count; i++) {
		const struct cordon_plan_mount *m = &p->mounts[i];
		uint64_t access = (m->flags & CORDON_MOUNT_WRITE) != 0 ? write : READS;

		if ((m->flags & CORDON_MOUNT_WRITE) != 0 && (m->flags & CORDON_MOUNT_EXEC) != 0)
			access |= exec;
		if (access != READS && grant(ruleset, m->target, access) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->exec_count; i++)
		if (grant(ruleset, p->exec[i], READS | exec) < 0)
			return -1;
	if (s->launch->workspace[0] != '\0' && p->workspace != CORDON_WORKSPACE_NONE) {
		uint64_t access = p->workspace == CORDON_WORKSPACE_WRITE ? write : READS;

		if ((p->flags & CORDON_PLAN_WORKSPACE_EXEC) != 0)
			access |= exec;
		if (grant(ruleset, s->launch->workspace, access) < 0)
			return -1;
	}
	return 0;
}

int
landlock_apply(const struct sandbox_setup *s, struct sandbox_fault *fault)
{
	struct ruleset_attr attr = { .handled_access_fs = handled_by(s->landlock_abi) };
	size_t size = sizeof(attr.handled_access_fs);
	CORDON_CLOSE int ruleset = -1;

	if (s->landlock_abi == 0)
		return 0;
	if (s->landlock_abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0 || grant_all(s, ruleset, attr.handled_access_fs) < 0 ||
		syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return sandbox_fault(fault, STAGE_LANDLOCK, 0);
	return 0;
}
