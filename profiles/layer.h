/* One profile file as it was written: which keys it has, and where. Layers are merged to an effective
 * profile by layers.c. */
#pragma once

#include <stddef.h>

#include <cordon/profile.h>

#include "rules.h"

#define LAYER_PARENTS    8
#define LAYER_NAME_MAX   64
#define LAYER_NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct layer {
	char *name, *description; /* owned */
	struct cordon_strings parents; /* "extends"; absent: default */
	int has_extends;
	struct cordon_strings widens;
	char digest[CORDON_DIGEST_HEX]; /* the pin, or empty */

	/* What the file says; the has_ flags tell what it does not. */
	struct cordon_profile values;
	int has_workspace, has_read, has_write, has_tmp_size, has_tmp_files, has_tmp_exec, has_exec;
	int has_protect, has_sockets, has_proc, has_pass;
	int has_memory, has_processes, has_wall, has_cpu, has_output, has_open_files, has_file_size,
		has_memory_enforced;
	struct rules rules;
	int has_default;
	int has_approvals_default, has_no_approver;
	int has_network_default, has_network_allow, has_network_private;
	int has_connections, has_rate, has_bytes_out, has_bytes_in, has_names;
};

void layer_finish(struct layer *layer);

/* Parses text (size bytes, named file in messages). places: of it home, for "~", and
 * read_host; NULL: neither. Returns 0, or -1 with CORDON_EINPUT "FILE:LINE:COLUMN: text". Only shape is checked here. */
int layer_parse(const char *text, size_t size, const char *file,
	const struct cordon_profile_places *places, struct layer *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* Line and column (from 1, in bytes) of a position in text. */
void layer_place(const char *text, const char *at, unsigned *ret_line, unsigned *ret_column);

/* The same for a key ("filesystem/read", "syscalls/rules/3"), or of the nearest object around it. */
void layer_locate(
	const char *text, size_t size, const char *key, unsigned *ret_line, unsigned *ret_column);

/* Fails with "FILE:LINE:COLUMN: text" at the place of key. Returns -1. */
int layer_fail(const char *text, size_t size, const char *file, const char *key,
	struct cordon_error *err, const char *fmt, ...) CORDON_PRINTF(6, 7);

/* layers.c: narrows (or, where the layer says so, widens) *profile and rules by layer. base: the layer
 * has no parents, so that there is nothing to widen. */
int layer_apply(struct cordon_profile *profile, struct rules *rules, const struct layer *layer,
	int base, const char *text, size_t size, const char *file,
	struct cordon_error *err) CORDON_CHECKED;

/* Strings. */
int strings_add(struct cordon_strings *strings, const char *text);
void strings_finish(struct cordon_strings *strings);
int strings_has(const struct cordon_strings *strings, const char *text);
