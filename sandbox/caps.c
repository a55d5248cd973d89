/* calls: prctl capset */
#include "caps.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>

struct caps_none *
caps_prepare(struct cordon_error *err)
{
	cap_t none = cap_init();

	if (none == NULL)
		cordon_fail(err, CORDON_ESYS, errno, "could not prepare an empty capability set");
	return (struct caps_none *)none;
}

void
caps_destroy(struct caps_none *none)
{
	if (none != NULL)
		(void)cap_free(none);
}

int
caps_drop(struct caps_none *none)
{
	/* All numbers the kernel knows, not those that the library was built with: EINVAL ends. */
	for (unsigned long capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
			if (errno != EINVAL)
				return -1;
			break;
		}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	return cap_set_proc((cap_t)none);
}
