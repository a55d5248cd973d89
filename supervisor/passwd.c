#include "passwd.h"

#include <fcntl.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/text.h>

int
passwd_each(int (*fn)(void *context, uid_t uid, const char *home), void *context)
{
	CORDON_CLOSE int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	CORDON_FREE char *text = NULL;
	struct cordon_error ignored;
	size_t size;
	char *rest = NULL;
	int result = 0;

	if (fd < 0 || cordon_fd_slurp(fd, 16u << 20, &text, &size, &ignored) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && result == 0;
		line = strtok_r(NULL, "\n", &rest)) {
		char *fields[7]; /* passwd(5): name, password, uid, gid, comment, home, shell */
		uint32_t uid;
		int count = 0;

		for (char *field = line; field != NULL && count < 7; count++) {
			fields[count] = field;
			field = strchr(field, ':');
			if (field != NULL)
				*field++ = '\0';
		}
		if (count == 7 && cordon_parse_u32(fields[2], 0, UINT32_MAX, &uid, &ignored) == 0)
			result = fn(context, uid, fields[5]);
	}
	return result;
}
