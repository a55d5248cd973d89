/* What monitor and cordon-ledger say to each other: fixed layouts over a link (<cordon/link.h>).
 *
 *	cordon-ledger -> monitor   OPENED            once, first: it has the ledger. Or FAILED, and it ends
 *	monitor -> cordon-ledger   APPEND token ...  one record
 *	cordon-ledger -> monitor   KEPT token ...    it is on record
 *	                           REFUSED token ... it is not, and will not be
 *
 * An append is answered exactly once, and in any order. Who hears no answer, because the writer has gone,
 * was refused. Who asks reads, too: the writer waits until its answers are taken. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/ledger_format.h>

enum cordon_ledger_message {
	CORDON_LEDGER_OPENED = 1,
	CORDON_LEDGER_UNOPENED,
	CORDON_LEDGER_APPEND,
	CORDON_LEDGER_KEPT,
	CORDON_LEDGER_REFUSED_APPEND,
};

struct cordon_ledger_append {
	uint64_t token; /* the monitor's own, comes back */
	int durable; /* answered when it is on disk; else when it is written, and on disk with the next that is */
	const void *payload; /* <cordon/ledger_payload.h>; borrowed from the message when decoded */
	size_t payload_size;
};

struct cordon_ledger_answer {
	uint64_t token;
	uint64_t sequence; /* of KEPT */
	struct cordon_error error; /* of REFUSED_APPEND, and of UNOPENED, whose token is 0 */
};

struct cordon_writer;

void cordon_ledger_encode_append(
	const struct cordon_ledger_append *append, struct cordon_writer *w);
/* Returns 0, or -1 with CORDON_EPEER. */
int cordon_ledger_decode_append(const void *data, size_t size, struct cordon_ledger_append *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* message: which of the answers it is. */
void cordon_ledger_encode_answer(
	uint16_t message, const struct cordon_ledger_answer *answer, struct cordon_writer *w);
int cordon_ledger_decode_answer(uint16_t message, const void *data, size_t size,
	struct cordon_ledger_answer *ret, struct cordon_error *err) CORDON_CHECKED;
