/* libidn2's door: labels beyond ASCII. */
#pragma once

#include <cordon/error.h>

#define IDNA_LABEL_MAX 63 /* of an ASCII label, RFC 1035 */

/* A U-label, or an A-label ("xn--…") in small letters, NUL-terminated and at most 4 × IDNA_LABEL_MAX bytes;
 * out becomes the A-label. Returns 0, or -1 with a sentence in *err (CORDON_EINPUT). */
int idna_to_ascii(
	const char *label, char out[IDNA_LABEL_MAX + 1], struct cordon_error *err) CORDON_CHECKED;
