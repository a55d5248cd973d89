/* The monitor's end of the link to its cordon-ledger (<cordon/ledger_proto.h>). Nothing here waits, but for
 * ledger_await. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/ledger_proto.h>

#include "config.h"
#include "outbox.h"

struct ledger {
	int link, process; /* process: pidfd. -1: none */
	int speaks; /* set before ledger_start: to our standard error, which it holds until it ends */
	struct outbox outbox;
	struct cordon_error lost; /* why nothing can be recorded any more; CORDON_OK: it can */
};

#define LEDGER_PATIENCE_MS 10000 /* a disk that has to wake up is quicker */

#define LEDGER_NONE                       \
	{                                 \
		.link = -1, .process = -1 \
	}

/* Starts a cordon-ledger. Whether it can open the ledger is heard with the answer to what is appended first.
 * Returns 0, or -1 with *err set. */
int ledger_start(
	struct ledger *l, const struct config *config, struct cordon_error *err) CORDON_CHECKED;
/* Lets it go: it writes what it has been told, and ends by itself. l may be as LEDGER_NONE. */
void ledger_finish(struct ledger *l);

/* Sends a record. payload is taken, and may be NULL: there was no memory for it. Returns 0, or -1 with *err
 * set: then it is not on record, and no answer follows. */
int ledger_append(struct ledger *l, uint64_t token, int durable, char *payload, size_t size,
	struct cordon_error *err) CORDON_CHECKED;

/* Takes one answer. Returns 1 (answer->error.code tells: CORDON_OK when it is kept), 0 when there is none now,
 * or -1 when there will be none any more, with l->lost set. */
int ledger_hear(struct ledger *l, struct cordon_ledger_answer *answer) CORDON_CHECKED;

/* Waits for the answer to token, LEDGER_PATIENCE_MS at most; others are dropped. Returns 0 with *ret_sequence, or -1 with *err set: it is
 * not on record. */
int ledger_await(struct ledger *l, uint64_t token, uint64_t *ret_sequence,
	struct cordon_error *err) CORDON_CHECKED;
