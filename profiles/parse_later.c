/* Sections that later builds enforce: accepted only where they ask for what is so anyway. */
#include "parse.h"

#include <jansson.h>

int
parse_mcp(struct parse *p, const char *key, const json_t *value)
{
	(void)value;
	return FAIL(p, key, "'mcp' is not enforced by this build yet");
}
