/* Parameters of a method: a table says which there are, and they become a checked struct. What is unknown,
 * missing or of another type is a fault that names it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

struct json_t;

enum param_kind {
	PARAM_TEXT, /* const char *: borrowed; min to max bytes, none of them NUL */
	PARAM_DATA, /* struct param_data: borrowed; any string */
	PARAM_NUMBER, /* uint64_t: min to max */
	PARAM_BOOL, /* uint8_t */
	PARAM_WORDS, /* char **: strings of at most max bytes, at least min of them */
	PARAM_ENV, /* struct param_env: an object of strings, null to unset */
	PARAM_PAIRS, /* struct param_env: a list of {"name", "value"} */
	PARAM_FIELDS, /* char **: an object of strings, as name, value, ...; at most min of them, of max bytes each */
	PARAM_OBJECT, /* members, with offsets in the same struct */
	PARAM_ANY, /* taken, and not looked at */
};

struct param_data {
	const char *bytes; /* NULL: not given */
	size_t size;
};

struct param_env {
	char **set, **unset; /* owned vectors of NAME=VALUE and of names */
};

#define PARAM_REQUIRED 1u
#define PARAM_NULLABLE 2u /* null is the same as absent */

struct param {
	const char *name; /* NULL ends a table */
	enum param_kind kind;
	unsigned flags;
	uint64_t min, max;
	size_t offset; /* in the struct, where to write what is given */
	const struct param *members;
};

/* Writes what is given into *ret and leaves the rest. object may be NULL: nothing is given. Returns 0, or
 * -1 with *fault set; params_finish in both cases. */
int params_take(const struct json_t *object, const struct param *table, void *ret,
	struct fault *fault) CORDON_CHECKED;
/* Frees what *ret owns; it was all zero, or had defaults, before params_take. */
void params_finish(const struct param *table, void *ret);
