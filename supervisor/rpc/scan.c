/* calls: none */
#include "scan.h"

#include <string.h>

/* Behind the string that begins at line[at]. */
static size_t
skip_string(const char *line, size_t size, size_t at)
{
	for (at++; at < size && line[at] != '"'; at++)
		if (line[at] == '\\')
			at++;
	return at + 1;
}

enum scan
scan_line(const char *line, size_t size)
{
	size_t depth = 0, values = 1, at = 0;
	int blank = 1;

	while (at < size) {
		const char c = line[at];

		if (c != ' ' && c != '\t' && c != '\r')
			blank = 0;
		if (c == '"') {
			at = skip_string(line, size, at);
			continue;
		}
		if (c == '{' || c == '[') {
			values++;
			if (++depth > SCAN_DEPTH)
				return SCAN_DEEP;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		} else if (c == ',' && ++values > SCAN_VALUES) {
			return SCAN_MANY;
		}
		if (values > SCAN_VALUES)
			return SCAN_MANY;
		at++;
	}
	return blank ? SCAN_BLANK : SCAN_FINE;
}
