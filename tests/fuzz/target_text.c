/* Escaping is injective: what was escaped reads back to the same bytes. Path patterns end, and a path
 * always matches itself when it has no pattern characters. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/path.h>
#include <cordon/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
unescape(const char *text, uint8_t *out)
{
	size_t length = 0;

	while (*text != '\0') {
		unsigned value;

		if (text[0] == '\\' && text[1] == '\\') {
			out[length++] = '\\';
			text += 2;
		} else if (text[0] == '\\') {
			if (sscanf(text, "\\x%2x", &value) != 1)
				abort();
			out[length++] = (uint8_t)value;
			text += 4;
		} else {
			out[length++] = (uint8_t)*text++;
		}
	}
	return length;
}

static void
check_patterns(const char *pattern, const char *path)
{
	(void)cordon_path_match(pattern, path);
	if (*path == '\0' || *path == '/' || path[strlen(path) - 1] == '/' ||
		strstr(path, "//") != NULL)
		return; /* not a relative path of components */
	if (strpbrk(path, "*?[") == NULL && cordon_path_match(path, path) != 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *escaped = malloc(4 * size + 1), *text = malloc(size + 1);
	uint8_t *back = malloc(size + 1);
	struct cordon_error err;
	uint64_t number;

	if (cordon_text_escape(data, size, escaped, 4 * size + 1) != strlen(escaped) ||
		unescape(escaped, back) != size || (size > 0 && memcmp(back, data, size) != 0))
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	check_patterns(text, strlen(text) < size ? text + strlen(text) + 1 : "a/b");
	(void)!cordon_parse_size(text, &number, &err);
	(void)!cordon_parse_time(text, &number, &err);
	free(escaped);
	free(text);
	free(back);
	return 0;
}
