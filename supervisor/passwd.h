/* The password file itself, not NSS: a module of that is foreign code, and this may be static. */
#pragma once

#include <sys/types.h>

/* Calls fn for each entry until it returns nonzero; returns that, or 0. Lines that are no entries are
 * skipped. A missing file has no entries. */
int passwd_each(int (*fn)(void *context, uid_t uid, const char *home), void *context);
