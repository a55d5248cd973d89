#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>

int
report_open(const char *path, struct report *ret, struct cordon_error *err)
{
	CORDON_CLOSE int directory = -1;
	CORDON_CLOSE int file = -1;
	char parent[PATH_MAX];
	const char *name;
	struct stat st;
	uint64_t random;

	*ret = (struct report){ .directory = -1, .file = -1 };
	if (path == NULL)
		return 0;
	name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
	if (*name == '\0' || strlen(name) > NAME_MAX || strlen(path) >= sizeof(parent))
		return cordon_fail(err, CORDON_EINPUT, 0, "--report '%s' names no file", path);
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - path), path);
	directory = open(parent[0] == '\0' ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return cordon_fail(err, CORDON_EINPUT, errno, "could not open the directory of --report '%s'",
			path);
	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return cordon_fail(err, CORDON_EINPUT, 0,
			"--report '%s' is a link or not a regular file; cordon does not write through it",
			path);
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return cordon_fail(err, CORDON_ESYS, errno, "could not name a temporary file");
	snprintf(ret->temporary, sizeof(ret->temporary), ".cordon-report-%016llx",
		(unsigned long long)random);
	file = openat(directory, ret->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (file < 0)
		return cordon_fail(err, CORDON_EINPUT, errno, "could not write --report '%s'", path);
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->directory = cordon_fd_take(&directory);
	ret->file = cordon_fd_take(&file);
	return 0;
}

int
report_write(struct report *report, const char *text, struct cordon_error *err)
{
	if (report->file < 0)
		return 0;
	if (cordon_fd_write_all(report->file, text, strlen(text)) < 0 ||
		cordon_fd_write_all(report->file, "\n", 1) < 0 || fsync(report->file) < 0 ||
		renameat(report->directory, report->temporary, report->directory, report->name) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not write the report '%s'",
			report->name);
	cordon_fd_close_p(&report->file);
	return 0;
}

void
report_finish(struct report *report)
{
	if (report->file >= 0)
		(void)unlinkat(report->directory, report->temporary, 0);
	cordon_fd_close_p(&report->file);
	cordon_fd_close_p(&report->directory);
}
