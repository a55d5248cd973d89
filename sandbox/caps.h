/* Capabilities; the only file that knows libcap. See capabilities(7). */
#pragma once

#include <cordon/error.h>

struct caps_none; /* an empty set, made before the clone: cap_init(3) allocates */

struct caps_none *caps_prepare(struct cordon_error *err) CORDON_CHECKED;
void caps_destroy(struct caps_none *none);

/* Empties bounding, ambient, inheritable, permitted and effective set of the calling process.
 * Allocates nothing. Returns 0 or -1 with errno. */
int caps_drop(struct caps_none *none);
