/* The last checkpoint of a ledger, found from the end of their file: there is one for each second in which
 * something was written, and a start that verified them all would take longer with each. That all are right
 * is what cordon ledger verify looks at. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <cordon/ledger_note.h>

/* Returns 1, with *ret and in *ret_end where its note ends: behind that is at most a note that was cut. 0 when
 * there is none; -1 with *err set, reason ledger.damaged when it is no note, or not by key. */
int last_checkpoint(int file, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_ledger_checkpoint *ret, off_t *ret_end,
	struct cordon_error *err) CORDON_CHECKED;
