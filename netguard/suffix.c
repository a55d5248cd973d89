/* The list that is compiled into libpsl; no file is read. calls: none */
#include "suffix.h"

#include <stddef.h>

#include <libpsl.h>

enum suffix
suffix_of(const char *name)
{
	const psl_ctx_t *list = psl_builtin();

	if (list == NULL)
		return SUFFIX_UNKNOWN;
	if (psl_is_public_suffix2(list, name, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return SUFFIX_REGISTRY;
	if (psl_is_public_suffix2(list, name, PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE))
		return SUFFIX_PROVIDER;
	return SUFFIX_NONE;
}
