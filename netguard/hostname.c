/* calls: none */
#include "hostname.h"

#include <string.h>

int
hostname_label(const uint8_t *label, size_t size)
{
	if (size < 1 || size > 63)
		return 0;
	for (size_t i = 0; i < size; i++) {
		const uint8_t c = hostname_lower(label[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return 0;
	}
	return 1;
}

int
hostname_like_address(const char *name, size_t size)
{
	size_t start = size;
	int hex;

	while (start > 0 && name[start - 1] != '.')
		start--;
	/* "0x7f", and "0x", which is zero for some. */
	hex = size - start >= 2 && name[start] == '0' && name[start + 1] == 'x';
	for (start += hex ? 2 : 0; start < size; start++)
		if (!((name[start] >= '0' && name[start] <= '9') ||
			    (hex && name[start] >= 'a' && name[start] <= 'f')))
			return 0;
	return 1;
}

int
hostname_take(const uint8_t *text, size_t size, char out[HOSTNAME_ROOM])
{
	char name[HOSTNAME_ROOM];
	size_t start = 0;

	if (size < 1 || size > HOSTNAME_MAX)
		return -1;
	for (size_t i = 0; i <= size; i++) {
		if (i < size && text[i] != '.') {
			name[i] = (char)hostname_lower(text[i]);
			continue;
		}
		if (!hostname_label(text + start, i - start))
			return -1;
		name[i] = i < size ? '.' : '\0';
		start = i + 1;
	}
	if (hostname_like_address(name, size))
		return -1;
	memcpy(out, name, size + 1);
	return 0;
}
