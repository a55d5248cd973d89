/* The last checkpoint of a ledger, found from the end of their file: there is one for each second in which
 * something was written, and a start that verified them all would take longer with each. That all are right
 * is what cordon ledger verify looks at. */
#pragma once

#include "store.h"

/* Returns 1, with *ret and in *ret_end where its note ends: behind that is at most a note that was cut. 0 when
 * there is none; -1 with *err set, reason ledger.damaged when it is no note, or not by the key of s. Its signature
 * is verified unless it is the one that s->checkpoint tells, which is that note's then. */
int last_checkpoint(struct store *s, struct cordon_ledger_checkpoint *ret, off_t *ret_end,
	struct cordon_error *err) CORDON_CHECKED;
/* What tells a note that was verified, or signed, from any other: only who has the key can make it. */
int last_checkpoint_tell(const struct store *s, const char *note, size_t size,
	uint8_t out[CORDON_DIGEST_SIZE], struct cordon_error *err) CORDON_CHECKED;
