#include "ledger_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

static void
explain(struct cordon_error *err)
{
	(void)cordon_while(err,
		"what cannot be recorded does not run (\"ledger\": {\"path\": ...} in the configuration "
		"names another place)");
	if (err->reason[0] == '\0')
		(void)cordon_because(err, "ledger.failed");
}

char *
ledger_place(const struct config *config, struct cordon_error *err)
{
	char *path = NULL;

	if (config->ledger_path != NULL) {
		path = strdup(config->ledger_path);
	} else if (config->state_directory == NULL) {
		cordon_fail(
			err, CORDON_ENOTFOUND, 0, "there is no home directory to have a ledger in");
		return NULL;
	} else if (asprintf(&path, "%s/ledger", config->state_directory) < 0) {
		path = NULL;
	}
	if (path == NULL)
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not find the ledger");
	return path;
}

/* As mkdir -p, with mode 0700 for what is made (XDG base directory specification). */
static int
make_all(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int made;

		*slash = '\0';
		made = mkdir(path, 0700);
		*slash = '/';
		if (made < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return -1;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

static int
open_directory(char *path, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT && make_all(path) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return cordon_fail(err, CORDON_EFLOOR, errno,
			"could not open the directory '%s' of the ledger", path);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the ledger's directory '%s' is not one of ours with mode 0700", path);
		return cordon_because(err, "floor.file_mode");
	}
	return cordon_fd_take(&fd);
}

int
ledger_place_open(const struct config *config, struct cordon_error *err)
{
	CORDON_FREE char *path = ledger_place(config, err);
	const int fd = path == NULL ? -1 : open_directory(path, err);

	if (fd < 0)
		explain(err);
	return fd;
}

/* It may be somebody else's, who lets us append and no more. */
int
ledger_place_witness(const struct config *config, struct cordon_error *err)
{
	const char *path = config->ledger_witness;
	CORDON_CLOSE int fd = -1;
	struct stat st;

	if (path == NULL)
		return -1;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		cordon_fail(err, CORDON_EFLOOR, fd < 0 ? errno : 0,
			"could not open the file '%s', the witness of the ledger", path);
		explain(err);
		return -1;
	}
	return cordon_fd_take(&fd);
}
