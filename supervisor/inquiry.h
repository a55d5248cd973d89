/* Questions to the monitors of this user, one after another. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <cordon/link.h>

#include "control_proto.h"

/* What a command asks every monitor, and what it does with the answers. */
struct inquiry {
	enum control_message message;
	const char *run; /* KILL */
	int json, net;
	struct cordon_json *row; /* of ps: begun, and printed with what follows */
	pid_t monitor; /* who is being asked */
	uint32_t monitors, concerned, failures;
	void (*hear)(struct inquiry *q, const struct cordon_message *m);
};

/* Takes --json and --help, --net when takes_net, and at most one word when takes_word. Returns 0; 1 when help was
 * printed; -1 when it was wrong, and said so. */
int inquiry_parse(
	int argc, char **argv, const char *usage, int takes_word, int takes_net, struct inquiry *q);
void inquiry_ask_all(struct inquiry *q);
