/* What stands in the way of a ledger is found as the writer would find it, and nothing is made. */
#include "ledger_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_format.h>
#include <cordon/mem.h>

#include "ledger_place.h"
#include "programs.h"

#define ELSEWHERE "or name another place in the configuration, \"ledger\": {\"path\": ...}"
#define TRIES     20 /* of 100 ms: as long as a writer waits */

struct finding {
	enum cordon_presence presence;
	struct cordon_error detail, remedy;
};

static int
find(struct finding *f, int sys, const char *what, const char *path, const char *remedy)
{
	cordon_fail(&f->detail, CORDON_EFLOOR, sys, "%s '%s'", what, path);
	return cordon_fail(&f->remedy, CORDON_EFLOOR, 0, "%s", remedy);
}

/* Whether something could be made there. */
static int
probe_made(const char *path, struct finding *f)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return find(f, ENOTDIR, "there is no ledger, and none can be made below", path,
			"move that file away, " ELSEWHERE);
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0)
		return find(f, errno, "there is no ledger, and none can be made in", path,
			"let this user write there, " ELSEWHERE);
	return 0;
}

/* The directory is not there: whether it could be made, below what is. */
static int
probe_above(char *path, struct finding *f)
{
	struct stat st;
	char *slash = path + strlen(path);

	while (slash > path && stat(path, &st) < 0 && errno == ENOENT) {
		while (--slash > path && *slash != '/')
			;
		*slash = '\0';
	}
	return probe_made(path[0] == '\0' ? "/" : path, f);
}

static int
probe_mode(const char *path, const struct stat *st, const char *mode, struct finding *f)
{
	if (st->st_uid == geteuid() && (st->st_mode & 077) == 0)
		return 0;
	find(f, 0, "others than this user may open", path, "");
	return st->st_uid != geteuid()
		       ? cordon_fail(&f->remedy, CORDON_EFLOOR, 0, "chown %u '%s' && chmod %s '%s'",
				 geteuid(), path, mode, path)
		       : cordon_fail(&f->remedy, CORDON_EFLOOR, 0, "chmod %s '%s'", mode, path);
}

/* Those that are there: the writer makes the others. */
static int
probe_files(int directory, const char *path, struct finding *f)
{
	static const char *const names[] = { "lock", "position", CORDON_LEDGER_CHECKPOINTS };
	CORDON_FREE char *key = NULL;
	struct stat st;

	if (asprintf(&key, "%s/" CORDON_LEDGER_KEY, path) < 0) {
		key = NULL;
		return find(f, ENOMEM, "could not look into", path, "free some memory");
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (faccessat(directory, names[i], R_OK | W_OK, AT_EACCESS) < 0 &&
			errno != ENOENT && errno != EROFS) { /* which is said of the directory */
			cordon_fail(&f->detail, CORDON_EFLOOR, errno, "cannot write '%s/%s'", path,
				names[i]);
			return cordon_fail(&f->remedy, CORDON_EFLOOR, 0,
				"chown %u '%s/%s' && chmod 600 '%s/%s'", geteuid(), path, names[i],
				path, names[i]);
		}
	if (fstatat(directory, CORDON_LEDGER_KEY, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return probe_mode(key, &st, "600", f);
	if (faccessat(directory, CORDON_LEDGER_PUBLIC, F_OK, 0) == 0)
		return find(f, 0, "the key of the ledger is lost:", key,
			"put it back, or move the directory away to begin a new ledger");
	return 0;
}

static int
probe_lock(int directory, const char *path, struct finding *f)
{
	CORDON_CLOSE int lock =
		openat(directory, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	/* Each writer has it for one batch at a time. */
	for (int i = 0; lock >= 0 && i < TRIES; i++) {
		if (flock(lock, LOCK_SH | LOCK_NB) == 0)
			return 0;
		(void)poll(NULL, 0, 100);
	}
	if (lock < 0)
		return 0;
	find(f, 0, "for seconds somebody has had the lock of", path, "");
	return cordon_fail(
		&f->remedy, CORDON_EFLOOR, 0, "end the program that 'fuser %s/lock' names", path);
}

/* For the segments to come. */
static int
probe_room(int directory, const char *path, struct finding *f)
{
	char first[32];
	struct statvfs fs;
	int has_one;

	snprintf(first, sizeof(first), CORDON_LEDGER_SEGMENT_NAME, 0u);
	has_one = faccessat(directory, first, F_OK, 0) == 0;
	if (faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		f->presence = has_one && errno == EACCES ? CORDON_DEGRADED : CORDON_MISSING;
		return find(f, errno, "cannot make files in", path,
			errno == EROFS ? "mount its file system writable, " ELSEWHERE
				       : "chmod 700 that directory");
	}
	if (has_one || fstatvfs(directory, &fs) < 0 ||
		fs.f_bavail >= CORDON_LEDGER_SEGMENT / fs.f_frsize)
		return 0;
	return find(
		f, 0, "there are no 64 MiB for a ledger in", path, "make room there, " ELSEWHERE);
}

static int
probe_directory(int directory, const char *path, struct finding *f)
{
	struct stat st;

	if (fstat(directory, &st) < 0)
		return find(f, errno, "could not look at", path, "name another place");
	return probe_mode(path, &st, "700", f) < 0 || probe_files(directory, path, f) < 0 ||
			       probe_lock(directory, path, f) < 0 ||
			       probe_room(directory, path, f) < 0
		       ? -1
		       : 0;
}

/* The file that checkpoints are copied to, where the configuration names one. */
static int
probe_witness(const char *path, struct finding *f)
{
	CORDON_FREE char *above = NULL;
	struct stat st;

	if (path == NULL)
		return 0;
	if (stat(path, &st) == 0) {
		if (S_ISREG(st.st_mode) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
			return 0;
		return find(f, S_ISREG(st.st_mode) ? errno : 0,
			"the witness of the ledger is no file that can be appended to:", path,
			"let this user append to it, or name another file in the configuration");
	}
	above = errno == ENOENT ? strdup(path) : NULL;
	if (above != NULL && strrchr(above, '/') != NULL)
		strrchr(above, '/')[1] = '\0';
	if (above != NULL && faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	return find(f, errno, "there is no witness of the ledger, and it cannot be made:", path,
		"make it, or name another file in the configuration");
}

static int
probe_place(const struct config *config, struct finding *f)
{
	CORDON_FREE char *path = ledger_place(config, &f->detail);
	CORDON_CLOSE int directory = -1;
	char program[PATH_MAX];

	if (path == NULL)
		return cordon_fail(&f->remedy, CORDON_EFLOOR, 0, "set HOME, " ELSEWHERE);
	if (programs_find("cordon-ledger", program, &f->detail) < 0)
		return cordon_fail(&f->remedy, CORDON_EFLOOR, 0, "install cordon completely");
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0) {
		cordon_fail(&f->detail, CORDON_OK, 0, "'%s' can be written", path);
		return probe_directory(directory, path, f);
	}
	if (errno != ENOENT)
		return find(f, errno, "could not open the directory of the ledger,", path,
			errno == ENOTDIR ? "move that file away, " ELSEWHERE
					 : "let this user open it, " ELSEWHERE);
	cordon_fail(&f->detail, CORDON_OK, 0, "'%s', which the first run makes", path);
	return probe_above(path, f);
}

static int
probe(const struct config *config, struct finding *f)
{
	const int result = probe_place(config, f);

	return result == 0 ? probe_witness(config->ledger_witness, f) : result;
}

void
ledger_probe(const struct config *config, struct cordon_protection *ret)
{
	struct finding f = { .presence = CORDON_MISSING };

	if (probe(config, &f) == 0) {
		f.presence = CORDON_PRESENT;
		f.remedy.text[0] = '\0';
	}
	memset(ret, 0, sizeof(*ret));
	ret->name = "ledger";
	ret->presence = f.presence;
	snprintf(ret->detail, sizeof(ret->detail), "%.*s", (int)sizeof(ret->detail) - 1,
		f.detail.text);
	snprintf(ret->remedy, sizeof(ret->remedy), "%.*s", (int)sizeof(ret->remedy) - 1,
		f.remedy.text);
}
