/* calls: write */
#include "complain.h"

#include <stdio.h>
#include <unistd.h>

#include <cordon/error.h>
#include <cordon/fd.h>

void
guard_complain(const char *who, const char *text)
{
	char line[sizeof(((struct cordon_error *)0)->text) + 64];
	const int size = snprintf(line, sizeof(line), "%s: %s\n", who, text);

	(void)!cordon_fd_write_all(STDERR_FILENO, line, (size_t)size);
}
