/* One layer on what those before it have come to (layers*.c). A key is dotted: "filesystem.tmp.size". Functions
 * that return int return 0, or -1 with m->err set, unless said. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/profile.h>

#include "layer.h"

struct merge {
	struct cordon_profile *profile;
	const struct layer *layer;
	int base; /* no parents: nothing to widen */
	const char *text, *file;
	size_t size;
	struct cordon_error *err;
};

/* True when the layer may go further in key. */
int merge_may_widen(const struct merge *m, const char *key);
/* Said in so many words, which a profile without parents needs too where the floor has something. */
int merge_says_widens(const struct merge *m, const char *key);

/* 0 when it may widen key; else the error that says how. place: as for layer_fail; absent: the key's. */
int merge_need_widens_at(
	const struct merge *m, const char *place, const char *key, const char *what) CORDON_CHECKED;
int merge_need_widens(const struct merge *m, const char *key, const char *what) CORDON_CHECKED;

int merge_no_memory(const struct merge *m);

/* A number that a layer may lower. */
int merge_limit(const struct merge *m, const char *key, int has, uint64_t *limit,
	uint64_t child) CORDON_CHECKED;

/* layers_network.c: the section of that name. */
int merge_network(const struct merge *m) CORDON_CHECKED;
