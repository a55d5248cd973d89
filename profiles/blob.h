/* Effective profiles of the library as bytes, made by the build (embed.c) and linked in: loading one
 * then parses, merges, compiles and proves nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/profile.h>
#include <cordon/wire.h>

struct blob_entry {
	const char *name;
	const uint8_t *bytes;
	size_t size;
};

extern const struct blob_entry blob_entries[]; /* ends with a NULL name */

/* Sets profile->digest to the SHA-256 of its name and everything that decides: no words, and not the
 * filter, which follows from the rules. Returns 0 or -1 with *err. */
int blob_digest(struct cordon_profile *profile, struct cordon_error *err) CORDON_CHECKED;

void blob_write(const struct cordon_profile *profile, struct cordon_writer *w);
/* NULL: not what blob_write writes, or no memory. */
struct cordon_profile *blob_read(const uint8_t *bytes, size_t size);
