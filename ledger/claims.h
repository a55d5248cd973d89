/* Whose intents are open. Each writer has a file of its own in the ledger's directory, which it holds a lock on
 * for as long as it lives, and in which it notes the intents that its monitor has to end. So what a writer
 * that was killed has left open is known, and everything that is alive is left alone. A writer that ends leaves
 * its file to the next one. */
#pragma once

#include <stdint.h>

#include <cordon/error.h>

#include "store.h"

#define CLAIMS_MAX    8192
#define CLAIMS_SIZE   (CLAIMS_MAX * sizeof(uint64_t))
#define CLAIMS_PREFIX "writer-"

struct claims {
	int file; /* locked */
	uint64_t *slots; /* shared mapping: sequence + 1, 0: free */
	unsigned count, hint;
};

/* Ends what nobody alive has to end, with records that say unknown; what it takes from those that are gone is a
 * file, perhaps. Returns the number of records, or -1 with *err set; claims_close in any case. The store is locked. */
int claims_recover(struct claims *c, struct store *s, struct cordon_error *err) CORDON_CHECKED;
/* Afterwards: this writer has a file. The store is locked. */
int claims_open(struct claims *c, const struct store *s, struct cordon_error *err) CORDON_CHECKED;
void claims_close(struct claims *c);

/* This writer's monitor has to end the intent. Returns -1 when there are too many. */
int claims_add(struct claims *c, uint64_t sequence) CORDON_CHECKED;
int claims_has(const struct claims *c, uint64_t sequence);
void claims_remove(struct claims *c, uint64_t sequence);
