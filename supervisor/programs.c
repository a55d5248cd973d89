#include "programs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
programs_find(const char *name, char out[PATH_MAX], struct cordon_error *err)
{
	static const char *const places[] = { "", "../libexec/cordon/" };
	char own[PATH_MAX];
	const ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	if (length <= 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not find cordon's own program");
	own[length] = '\0';
	slash = strrchr(own, '/');
	if (slash != NULL)
		slash[1] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (snprintf(out, PATH_MAX, "%s%s%s", own, places[i], name) < PATH_MAX &&
			access(out, X_OK) == 0)
			return 0;
	return cordon_fail(err, CORDON_ENOTFOUND, 0,
		"could not find '%s' beside '%s' or in ../libexec/cordon; install cordon completely",
		name, own);
}
