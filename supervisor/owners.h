/* Files of other owners in a workspace (A42): inside root's idmapped runs they are nobody's, and the
 * kernel's words for that ("Value too large for defined data type") help nobody. */
#pragma once

#include <stddef.h>

/* True when the workspace, looked at no deeper than its own entries and at most 1000 of them, has one
 * that belongs to another user than the workspace itself; name is that entry. */
int owners_find_foreign(const char *workspace, char *name, size_t room);
