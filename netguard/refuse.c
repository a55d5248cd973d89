/* calls: none */
#include "refuse.h"

#include <cordon/text.h>

int
refuse_text(const void *text, size_t size, const char *what, const char *why, const char *reason,
	struct cordon_error *err)
{
	char shown[120];

	(void)cordon_text_escape(text, size, shown, sizeof(shown));
	cordon_fail(err, CORDON_EINPUT, 0, "'%s' is not %s: %s", shown, what, why);
	return cordon_because(err, reason);
}
