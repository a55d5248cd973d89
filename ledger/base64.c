/* calls: none */
#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
ledger_base64_put(const void *data, size_t size, char *out)
{
	const uint8_t *at = data;

	for (size_t left = size; left > 0; out += 4) {
		const size_t taken = left < 3 ? left : 3;
		uint32_t bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < taken ? at[i] : 0);
		for (size_t i = 0; i < 4; i++)
			out[i] = i <= taken ? letters[bits >> (18 - 6 * i) & 63] : '=';
		at += taken;
		left -= taken;
	}
	*out = '\0';
}

int
ledger_base64_get(const char *text, void *out, size_t size)
{
	uint8_t *to = out;

	for (size_t left = size; left > 0; text += 4) {
		const size_t given = left < 3 ? left : 3;
		uint32_t bits = 0;

		for (size_t i = 0; i < 4; i++) {
			const char *letter =
				i <= given && text[i] != '\0' ? strchr(letters, text[i]) : NULL;

			if (letter == NULL && (i <= given || text[i] != '='))
				return -1;
			bits = bits << 6 | (letter == NULL ? 0 : (uint32_t)(letter - letters));
		}
		if (given < 3 && (bits & (given == 1 ? 0xffffu : 0xffu)) != 0)
			return -1;
		for (size_t i = 0; i < given; i++)
			*to++ = (uint8_t)(bits >> (16 - 8 * i));
		left -= given;
	}
	return 0;
}
