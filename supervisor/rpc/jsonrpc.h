/* One line to one JSON-RPC 2.0 message, and looking into its parameters: the only place that knows
 * jansson. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#define JSONRPC_ID_BYTES 256

struct json_t;

struct jsonrpc_id {
	enum { JSONRPC_ID_NONE, JSONRPC_ID_NUMBER, JSONRPC_ID_TEXT } kind;
	int64_t number;
	size_t size;
	char text[JSONRPC_ID_BYTES];
};

struct jsonrpc_message {
	struct json_t *root; /* owned */
	struct jsonrpc_id id; /* NONE: a notification, or a line without a readable id */
	const char *method; /* borrowed from root */
	const struct json_t *params; /* an object, or NULL when there are none */
};

/* Before lock-down: the library would read a file for the seed of its tables later. */
void jsonrpc_prepare(size_t seed);

/* Returns 0, or -1 with *fault set; *ret is written in any case, for its id, and must be finished. A blank
 * line is 0 with method NULL. */
int jsonrpc_parse(const char *line, size_t size, struct jsonrpc_message *ret,
	struct fault *fault) CORDON_CHECKED;
void jsonrpc_finish(struct jsonrpc_message *message);
/* The "id" of a $/cancel: NONE when it is none. */
void jsonrpc_id_of(const struct json_t *value, struct jsonrpc_id *ret);
int jsonrpc_same_id(const struct jsonrpc_id *a, const struct jsonrpc_id *b);

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_NUMBER,
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_LIST,
	JSON_KIND_OBJECT
};
enum json_kind jsonrpc_kind(const struct json_t *value);
/* Of a string: NUL-terminated, and there may be NULs in it. */
const char *jsonrpc_text(const struct json_t *value, size_t *ret_size);
/* The same, or NULL when it is no string or has a NUL: what becomes a word, a path or a name. */
const char *jsonrpc_word(const struct json_t *value, size_t *ret_size);
int64_t jsonrpc_number(const struct json_t *value);
int jsonrpc_is_true(const struct json_t *value);
size_t jsonrpc_count(const struct json_t *list_or_object);
const struct json_t *jsonrpc_item(const struct json_t *list, size_t index);
const struct json_t *jsonrpc_member(const struct json_t *object, const char *key);
/* Calls fn for each member until it returns non-zero, which is returned, else 0. */
int jsonrpc_each(const struct json_t *object,
	int (*fn)(void *context, const char *key, const struct json_t *value), void *context);
