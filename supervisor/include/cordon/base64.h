/* Base64 (RFC 4648, section 4), padded, without line ends. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/json.h>

/* A fresh NUL-terminated text that the caller frees; NULL without memory. */
char *base64_encode(const void *data, size_t size, size_t *ret_size);
/* One text has one meaning: no other characters, whole groups, spare bits zero. *ret_data is the caller's
 * to free. Returns 0, or -1 when it is not base64 or there is no memory. */
int base64_decode(const char *text, size_t size, uint8_t **ret_data, size_t *ret_size);

/* Bytes as "text" when they are UTF-8, else as "base64". */
void base64_put(struct cordon_json *j, const void *data, size_t size);
