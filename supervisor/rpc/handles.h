/* The handles that a caller has given to its runs, for ever: a retry must not run a thing twice. Kept as
 * 128-bit keyed hashes, in a table that is bounded. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HANDLES_MAX 65536u

struct handle_key {
	uint64_t words[2]; /* both 0: empty */
};

struct handles {
	uint64_t secret[4];
	struct handle_key *slots; /* owned; open addressing, at most half full */
	size_t capacity, count;
};

enum handles_answer { HANDLES_NEW, HANDLES_REUSED, HANDLES_FULL };

/* secret: random. */
void handles_init(struct handles *h, const uint64_t secret[4]);
void handles_finish(struct handles *h);
enum handles_answer handles_add(struct handles *h, const char *handle);
int handles_have(const struct handles *h, const char *handle);
/* For one whose run did not come to be. */
void handles_remove(struct handles *h, const char *handle);
