/* calls: none */
#include <cordon/base64.h>

#include <stdlib.h>

#include <cordon/error.h>
#include <cordon/mem.h>
#include <cordon/text.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
base64_encode(const void *data, size_t size, size_t *ret_size)
{
	const uint8_t *in = data;
	const size_t groups = (size + 2) / 3;
	char *text = malloc(groups * 4 + 1), *out = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < size; i += 3) {
		const size_t left = size - i;
		const uint32_t word = (uint32_t)in[i] << 16 |
				      (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				      (left > 2 ? in[i + 2] : 0);

		*out++ = alphabet[word >> 18];
		*out++ = alphabet[word >> 12 & 63];
		*out++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
		*out++ = left > 2 ? alphabet[word & 63] : '=';
	}
	*out = '\0';
	*ret_size = groups * 4;
	return text;
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_decode(const char *text, size_t size, uint8_t **ret_data, size_t *ret_size)
{
	const size_t padding = size < 4                ? 0
			       : text[size - 1] != '=' ? 0
			       : text[size - 2] != '=' ? 1
						       : 2;
	CORDON_FREE uint8_t *data = malloc(size / 4 * 3 + 1);
	uint32_t word = 0;
	size_t used = 0;

	if (data == NULL || size % 4 != 0)
		return -1;
	for (size_t i = 0; i < size; i++) {
		const int value = i >= size - padding ? 0 : value_of(text[i]);

		if (value < 0)
			return -1;
		word = word << 6 | (uint32_t)value;
		if (i % 4 == 3) {
			data[used++] = (uint8_t)(word >> 16);
			data[used++] = (uint8_t)(word >> 8);
			data[used++] = (uint8_t)word;
			if (i + 1 < size)
				word = 0;
		}
	}
	if (padding > 0 && (word & (padding == 1 ? 0xffu : 0xffffu)) != 0)
		return -1;
	*ret_size = used - padding;
	*ret_data = data;
	data = NULL;
	return 0;
}

void
base64_put(struct cordon_json *j, const void *data, size_t size)
{
	char *text;
	size_t length;

	if (cordon_text_is_utf8(data, size)) {
		cordon_json_bytes(j, "text", data, size);
		return;
	}
	text = base64_encode(data, size, &length);
	if (text == NULL)
		cordon_json_null(j, "base64");
	else
		cordon_json_bytes(j, "base64", text, length);
	free(text);
}
