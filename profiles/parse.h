/* Reading a profile (parse*.c). A value comes with its key, by which errors find their place: "" is the
 * profile itself, others are such as "filesystem/tmp/size" and "syscalls/rules/3". All functions that
 * return int return 0, or -1 with p->err set. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "layer.h"

struct json_t; /* of jansson, which only parse*.c include */

#define KEY_MAX 512

struct parse {
	const char *text, *file;
	size_t size;
	const struct cordon_profile_places *places;
	struct layer *layer;
	struct cordon_error *err;
};

#define FAIL(p, key, ...) layer_fail((p)->text, (p)->size, (p)->file, (key), (p)->err, __VA_ARGS__)

/* parse_shape.c */

/* Writes the address of a key; one that is too long only points a little higher up. */
void parse_key(char out[KEY_MAX], const char *fmt, ...) CORDON_PRINTF(2, 3);
/* "a list" and so on, for messages. */
const char *parse_type_name(const struct json_t *value);
/* Fails unless is; what: "a list of strings" and so on. */
int parse_want(struct parse *p, const char *key, const struct json_t *value, int is,
	const char *what) CORDON_CHECKED;

/* A member of an object: its name and the function that takes its value, or NULL for one that the caller
 * looks at. A list of them ends with a name that is NULL. */
struct parse_member {
	const char *name;
	int (*take)(struct parse *p, const char *key, const struct json_t *value);
};

/* Every key must be listed; "why" is allowed everywhere. */
int parse_object(struct parse *p, const char *key, const struct json_t *object,
	const struct parse_member *members) CORDON_CHECKED;

/* parse_values.c */

int parse_strings(struct parse *p, const char *key, const struct json_t *list,
	struct cordon_strings *ret) CORDON_CHECKED;
/* A host path: absolute, or below "~". */
int parse_path(
	struct parse *p, const char *key, const char *path, char out[PATH_MAX]) CORDON_CHECKED;
int parse_paths(struct parse *p, const char *key, const struct json_t *list,
	struct cordon_strings *ret) CORDON_CHECKED;
/* Patterns and paths below the workspace: strings, or objects with "path" and "why". */
int parse_below(struct parse *p, const char *key, const struct json_t *list,
	struct cordon_strings *ret) CORDON_CHECKED;
/* Numbers may also be strings. kind: "size", "time" or NULL. */
int parse_number(struct parse *p, const char *key, const struct json_t *value, const char *kind,
	uint64_t min, uint64_t max, uint64_t *ret) CORDON_CHECKED;
int parse_bool(struct parse *p, const char *key, const struct json_t *value, int *ret,
	int *ret_has) CORDON_CHECKED;
/* One of count words; said: all of them, for the message. */
int parse_word(struct parse *p, const char *key, const struct json_t *value,
	const char *const *words, unsigned count, const char *said, unsigned *ret) CORDON_CHECKED;

/* The sections of a profile: "filesystem" and "exec" in parse_filesystem.c, "syscalls", "approvals" and "network"
 * in the files of those names, what this build does not enforce in parse_later.c, the rest in parse_process.c. */

int parse_filesystem(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_exec(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_network(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_syscalls(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_sockets(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_proc(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_environment(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_limits(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_approvals(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
int parse_mcp(struct parse *p, const char *key, const struct json_t *value) CORDON_CHECKED;
