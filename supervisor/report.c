#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/path.h>

static int
make_name(char out[64], struct cordon_error *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return cordon_fail(err, CORDON_ESYS, errno, "could not name a temporary file");
	snprintf(out, 64, ".cordon-report-%016llx", (unsigned long long)random);
	return 0;
}

/* A new file in directory: without a name where the file system can, so that a run that sees the directory
 * cannot take it away; else with a random one, put in name. */
static int
open_fresh(int directory, char name[64], struct cordon_error *err)
{
	int file = openat(directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);

	name[0] = '\0';
	if (file >= 0)
		return file;
	if (make_name(name, err) < 0)
		return -1;
	file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return file >= 0 ? file : cordon_fail(err, CORDON_EINPUT, errno, "could not make a file");
}

int
report_open(const char *path, struct report *ret, struct cordon_error *err)
{
	CORDON_CLOSE int directory = -1;
	CORDON_CLOSE int file = -1;
	char parent[PATH_MAX];
	const char *name;
	struct stat st;

	*ret = (struct report){ .directory = -1, .file = -1 };
	if (path == NULL)
		return 0;
	name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
	if (*name == '\0' || strlen(name) > NAME_MAX || strlen(path) >= sizeof(parent))
		return cordon_fail(err, CORDON_EINPUT, 0, "--report '%s' names no file", path);
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - path), path);
	/* No link on the whole way: an earlier run may have planted one in its workspace. */
	directory = cordon_openat2(AT_FDCWD, parent[0] == '\0' ? "." : parent,
		O_RDONLY | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	if (directory < 0 && errno == ELOOP)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"the directory of --report '%s' is reached through a link; name it without",
			path);
	if (directory < 0)
		return cordon_fail(err, CORDON_EINPUT, errno,
			"could not open the directory of --report '%s'", path);
	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return cordon_fail(err, CORDON_EINPUT, 0,
			"--report '%s' is a link or not a regular file; cordon does not write "
			"through it",
			path);
	file = open_fresh(directory, ret->temporary, err);
	if (file < 0)
		return cordon_while(err, "--report '%s'", path);
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->directory = cordon_fd_take(&directory);
	ret->file = cordon_fd_take(&file);
	return 0;
}

/* Gives the file without a name one. */
static int
name_file(struct report *report, struct cordon_error *err)
{
	char self[32];

	if (report->temporary[0] != '\0')
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", report->file);
	if (make_name(report->temporary, err) < 0)
		return -1;
	if (linkat(AT_FDCWD, self, report->directory, report->temporary, AT_SYMLINK_FOLLOW) < 0) {
		report->temporary[0] = '\0';
		return cordon_fail(err, CORDON_ESYS, errno, "could not name the report");
	}
	return 0;
}

/* True when the temporary name still means our file: a run could have put another in its place. */
static int
is_ours(const struct report *report)
{
	struct stat ours, named;

	return fstat(report->file, &ours) == 0 &&
	       fstatat(report->directory, report->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int
report_write(struct report *report, const char *text, struct cordon_error *err)
{
	if (report->file < 0)
		return 0;
	if (cordon_fd_write_all(report->file, text, strlen(text)) < 0 ||
		cordon_fd_write_all(report->file, "\n", 1) < 0 || fsync(report->file) < 0)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not write the report '%s'", report->name);
	if (name_file(report, err) < 0)
		return -1;
	if (!is_ours(report))
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"the report '%s' was not written: something else took its temporary name",
			report->name);
	if (renameat(report->directory, report->temporary, report->directory, report->name) < 0)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not write the report '%s'", report->name);
	(void)fsync(report->directory);
	cordon_fd_close_p(&report->file);
	return 0;
}

void
report_finish(struct report *report)
{
	if (report->file >= 0 && report->temporary[0] != '\0' && is_ours(report))
		(void)unlinkat(report->directory, report->temporary, 0);
	cordon_fd_close_p(&report->file);
	cordon_fd_close_p(&report->directory);
}
