/* Text for terminals, logs and prompts, and numbers out of text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

/* Turns bytes into printable ASCII, injectively: 0x20..0x7e as they are but backslash doubled, all
 * else as \xNN with lower-case digits. Writes at most room bytes, always a NUL when room > 0, and
 * never half an escape. Returns the length the whole result has (as snprintf(3)), so a value
 * >= room means that it was cut. */
size_t cordon_text_escape(const void *data, size_t size, char *out, size_t room);

/* Length of the UTF-8 character at text (RFC 3629: no surrogates, nothing overlong), or 0. */
size_t cordon_text_character(const void *text, size_t left);
int cordon_text_is_utf8(const void *text, size_t size);
/* How much of text ends with a whole character: less than size only when its last bytes, at most three,
 * begin one that is cut off. Other bytes are nobody's characters and stay. */
size_t cordon_text_whole(const void *text, size_t size);
/* How many bytes at the begin of text, at most three, are inside of a character. */
size_t cordon_text_inside(const void *text, size_t size);

/* What a whole character is, of so many bytes; and whether it is one that nobody sees where text is shown: a control other than
 * tab, line feed and carriage return, or one that only formats. */
uint32_t cordon_text_code_point(const void *character, size_t size);
int cordon_text_is_unseen(uint32_t code_point);

/* Text to number, whole text, no sign, no spaces; decimal, or hex with 0x. Returns 0, or -1 with
 * CORDON_EINPUT naming the text and the bounds. */
int cordon_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret,
	struct cordon_error *err) CORDON_CHECKED;
int cordon_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* Bytes: a number, or one with K, M, G (powers of 1024). Errors as above. */
int cordon_parse_size(
	const char *text, uint64_t *ret_bytes, struct cordon_error *err) CORDON_CHECKED;
/* Milliseconds: a number, or one with ms, s, m, h. Errors as above. */
int cordon_parse_time(const char *text, uint64_t *ret_ms, struct cordon_error *err) CORDON_CHECKED;
