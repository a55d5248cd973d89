/* JSON out (RFC 8259), for results and reports: text is built in a fixed order by the caller, this
 * quotes, escapes and places commas. A small writer over a growing buffer, nesting at most 16; bytes
 * that are not UTF-8 become U+FFFD. The first failure sticks. key is NULL inside arrays and at the
 * top, where one value may stand; a key that is missing or too much is a failure, as is an end without
 * a beginning. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct cordon_json;

/* max_bytes: of the finished text with its NUL. NULL without memory. */
struct cordon_json *cordon_json_create(size_t max_bytes);
void cordon_json_destroy(struct cordon_json *j); /* NULL is accepted */
void cordon_json_object(struct cordon_json *j, const char *key);
void cordon_json_array(struct cordon_json *j, const char *key);
void cordon_json_end(struct cordon_json *j); /* closes the innermost object or array */
void cordon_json_string(struct cordon_json *j, const char *key, const char *text); /* NULL: null */
void cordon_json_bytes(struct cordon_json *j, const char *key, const void *data, size_t size);
void cordon_json_u64(struct cordon_json *j, const char *key, uint64_t value);
void cordon_json_i64(struct cordon_json *j, const char *key, int64_t value);
void cordon_json_bool(struct cordon_json *j, const char *key, int value);
void cordon_json_null(struct cordon_json *j, const char *key);
/* A value that is JSON already, made by us: it is not looked at. Line ends, which only stand between its
 * words, are left out. */
void cordon_json_raw(struct cordon_json *j, const char *key, const char *text, size_t size);
/* The finished text, NUL-terminated, owned by j; ret_size may be NULL and excludes the NUL. NULL when a
 * put failed, something is open or nothing was put. */
const char *cordon_json_text(struct cordon_json *j, size_t *ret_size);
/* The same, for the caller to free and no larger than it is; j is destroyed, also when it is NULL. */
char *cordon_json_take(struct cordon_json *j, size_t *ret_size);
