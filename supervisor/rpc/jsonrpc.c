/* Everything foreign in a request passes here: bounds before a tree is built (scan.c), then grammar, then
 * the shape that JSON-RPC 2.0 asks for. See https://www.jsonrpc.org/specification
 *
 * calls: none */
#include "jsonrpc.h"

#include <jansson.h>
#include <string.h>

#include "scan.h"

void
jsonrpc_prepare(size_t seed)
{
	json_object_seed(seed | 1); /* 0 would mean that it looks for one */
}

void
jsonrpc_id_of(const struct json_t *value, struct jsonrpc_id *ret)
{
	*ret = (struct jsonrpc_id){ .kind = JSONRPC_ID_NONE };
	if (json_is_integer(value)) {
		ret->kind = JSONRPC_ID_NUMBER;
		ret->number = json_integer_value(value);
	} else if (json_is_string(value) && json_string_length(value) <= JSONRPC_ID_BYTES) {
		ret->kind = JSONRPC_ID_TEXT;
		ret->size = json_string_length(value);
		memcpy(ret->text, json_string_value(value), ret->size);
	}
}

int
jsonrpc_same_id(const struct jsonrpc_id *a, const struct jsonrpc_id *b)
{
	if (a->kind != b->kind)
		return 0;
	if (a->kind == JSONRPC_ID_NUMBER)
		return a->number == b->number;
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* What is wrong, in words of ours: those of the library quote the line. */
static const char *
complaint(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "there is something behind its end";
	case json_error_invalid_utf8:
		return "it has bytes that are not UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a string has a NUL";
	case json_error_duplicate_key:
		return "a key stands twice in one object";
	default:
		return "its grammar is wrong";
	}
}

static int
no_json(const json_error_t *error, struct fault *fault)
{
	if (json_error_code(error) == json_error_numeric_overflow)
		return fault_set(fault, FAULT_REQUEST, "request.number",
			"a number in the line is too large");
	if (json_error_code(error) == json_error_out_of_memory)
		return fault_set(fault, FAULT_INTERNAL, "limit.memory",
			"there is no memory to read the line");
	return fault_set(fault, FAULT_PARSE, "json.syntax", "the line is not JSON: %s (byte %d)",
		complaint(error), error->position);
}

static int
read_shape(struct jsonrpc_message *m, struct fault *fault)
{
	const json_t *id = json_object_get(m->root, "id");
	const char *version = jsonrpc_word(json_object_get(m->root, "jsonrpc"), NULL);
	const char *method = jsonrpc_word(json_object_get(m->root, "method"), NULL);

	if (!json_is_object(m->root))
		return fault_set(fault, FAULT_REQUEST, "request.shape", "%s",
			json_is_array(m->root) ? "batches are not spoken here: send one request "
						 "per line"
					       : "a request is an object");
	jsonrpc_id_of(id, &m->id);
	if (id != NULL && m->id.kind == JSONRPC_ID_NONE)
		return fault_set(fault, FAULT_REQUEST, "request.id",
			"'id' must be an integer or a string of at most %d bytes",
			JSONRPC_ID_BYTES);
	if (version == NULL || strcmp(version, "2.0") != 0)
		return fault_set(
			fault, FAULT_REQUEST, "request.version", "'jsonrpc' must be \"2.0\"");
	if (method == NULL)
		return fault_set(
			fault, FAULT_REQUEST, "request.method", "'method' must be a string");
	m->method = method;
	m->params = json_object_get(m->root, "params");
	if (m->params != NULL && !json_is_object(m->params))
		return fault_set(fault, FAULT_PARAMS, "params.type", "'params' must be an object");
	return 0;
}

int
jsonrpc_parse(const char *line, size_t size, struct jsonrpc_message *ret, struct fault *fault)
{
	json_error_t error;

	*ret = (struct jsonrpc_message){ 0 };
	switch (scan_line(line, size)) {
	case SCAN_BLANK:
		return 0;
	case SCAN_DEEP:
		return fault_set(fault, FAULT_REQUEST, "limit.depth",
			"the line is nested more than %d levels deep", SCAN_DEPTH);
	case SCAN_MANY:
		return fault_set(fault, FAULT_REQUEST, "limit.values",
			"the line has more than %u values", SCAN_VALUES);
	case SCAN_FINE:
		break;
	}
	ret->root = json_loadb(
		line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (ret->root == NULL)
		return no_json(&error, fault);
	return read_shape(ret, fault);
}

void
jsonrpc_finish(struct jsonrpc_message *m)
{
	json_decref(m->root);
	*m = (struct jsonrpc_message){ 0 };
}

enum json_kind
jsonrpc_kind(const struct json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_LIST;
	case JSON_STRING:
		return JSON_KIND_TEXT;
	case JSON_INTEGER:
		return JSON_KIND_NUMBER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOL;
	case JSON_NULL:
		break;
	}
	return JSON_KIND_NULL;
}

const char *
jsonrpc_text(const struct json_t *value, size_t *ret_size)
{
	if (ret_size != NULL)
		*ret_size = json_string_length(value);
	return json_string_value(value);
}

const char *
jsonrpc_word(const struct json_t *value, size_t *ret_size)
{
	const char *text = json_string_value(value);
	const size_t size = json_string_length(value);

	if (text == NULL || strlen(text) != size)
		return NULL;
	if (ret_size != NULL)
		*ret_size = size;
	return text;
}

int64_t
jsonrpc_number(const struct json_t *value)
{
	return json_integer_value(value);
}

int
jsonrpc_is_true(const struct json_t *value)
{
	return json_is_true(value);
}

size_t
jsonrpc_count(const struct json_t *value)
{
	return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

const struct json_t *
jsonrpc_item(const struct json_t *list, size_t index)
{
	return json_array_get(list, index);
}

const struct json_t *
jsonrpc_member(const struct json_t *object, const char *key)
{
	return json_object_get(object, key);
}

int
jsonrpc_each(const struct json_t *object,
	int (*fn)(void *context, const char *key, const struct json_t *value), void *context)
{
	const char *key;
	json_t *value;
	int result = 0;

	/* The iterator of jansson is not const; nothing is changed. */
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		result = fn(context, key, value);
		if (result != 0)
			break;
	}
	return result;
}
