/* IDNA 2008 (RFC 5891), as it stands: no mapping by UTS 46. That would turn full-width letters and digits, circled
 * ones, other full stops and capitals into something else, and not every program does it or does it alike;
 * without it such characters are not allowed in a label. The text has to be in NFC for the same reason.
 *
 * An A-label is decoded, checked and encoded again: one that no U-label leads to is refused, since who shows
 * names decoded would show another one. That also refuses emoji, which IDNA 2008 has no place for.
 *
 * calls: none */
#include "idna.h"

#include <string.h>

#include <idn2.h>

int
idna_to_ascii(const char *label, char out[IDNA_LABEL_MAX + 1], struct cordon_error *err)
{
	uint8_t *ascii = NULL;
	const int result = idn2_lookup_u8(
		(const uint8_t *)label, &ascii, IDN2_NO_TR46 | IDN2_ALABEL_ROUNDTRIP);
	size_t length;

	if (result != IDN2_OK)
		return cordon_fail(err, CORDON_EINPUT, 0, "IDNA 2008 does not allow it (%s)",
			idn2_strerror_name(result));
	length = strlen((const char *)ascii);
	if (length > IDNA_LABEL_MAX || strncmp((const char *)ascii, "xn--", 4) != 0) {
		idn2_free(ascii);
		return cordon_fail(err, CORDON_EINPUT, 0, "IDNA 2008 makes no label of it");
	}
	memcpy(out, ascii, length + 1);
	idn2_free(ascii);
	return 0;
}
