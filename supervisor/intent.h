/* The intent of the run of `cordon run`: it goes on record while the sandbox is made, and a pipe holds the
 * command until it is there (<cordon/launch_proto.h>, held). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/loop.h>

#include "ledger_link.h"

/*	NONE     nothing was sent.          -> SENT
 *	SENT     the answer is on the way.  -> KEPT (the command is released), REFUSED (it will not be) */
enum intent_state { INTENT_NONE, INTENT_SENT, INTENT_KEPT, INTENT_REFUSED };

struct intent {
	struct ledger *ledger;
	enum intent_state state;
	uint64_t sequence; /* KEPT */
	struct cordon_error refused; /* REFUSED: why */
	int gate[2]; /* read end, for the launcher; write end. -1: none */
	struct cordon_watch *watch;
};

#define INTENT_INIT(of)                            \
	{                                          \
		.ledger = (of), .gate = { -1, -1 } \
	}

/* payload is taken. Returns 0, or -1 with *err set: it is not on record. */
int intent_send(
	struct intent *i, char *payload, size_t size, struct cordon_error *err) CORDON_CHECKED;
/* From now on its answer opens the gate. Until intent_close. */
int intent_watch(
	struct intent *i, struct cordon_loop *loop, struct cordon_error *err) CORDON_CHECKED;
/* Whatever comes, the command is not released any more. */
void intent_close(struct intent *i);
/* Waits for the answer, when there has been none: afterwards it is KEPT or REFUSED, or NONE as before. */
void intent_settle(struct intent *i);
