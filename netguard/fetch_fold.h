/* Text as a reader, or a model, may take it: without what is not seen, in small letters, and with what only looks like
 * ASCII, or is written as an HTML entity, as that. To find marks in it, not to show it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FOLD_NOTHING 0 /* it is not seen */
#define FOLD_OTHER   1 /* something else than ASCII */

/* What begins at text (UTF-8, left > 0 bytes): an ASCII character as small letter, or one of the above. *ret_size: how many
 * bytes it has. */
char fetch_fold(const char *text, size_t left, size_t *ret_size);
