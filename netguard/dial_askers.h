/* Who asks the dialer, and what is under way for each of them. One asker, whatever it does and however many DIALs it sends
 * without reading an answer, leaves to each other one what is reserved for it, and to one of them all that one may have.
 * (What is not reserved is twice what one asker can take of it.) */
#pragma once

#include <poll.h>
#include <stdint.h>

#include <cordon/dial_proto.h>

#include "dial_connect.h"

/* Of a slot and of connects alike; each asker has twice as many slots as connects, for answers that it has not read. */
#define DIAL_CONNECTS                               \
	(CORDON_DIAL_ASKERS * CORDON_DIAL_RESERVE + \
		2 * (CORDON_DIAL_IN_FLIGHT - CORDON_DIAL_RESERVE))
#define DIAL_SLOTS (2 * DIAL_CONNECTS)

enum dial_slot_state { DIAL_SLOT_FREE, DIAL_SLOT_CONNECTING, DIAL_SLOT_ANSWERING };

/* One DIAL, until its answer is sent. */
struct dial_slot {
	struct dial_slot *next; /* of its asker, or of the free ones */
	enum dial_slot_state state;
	uint64_t request, grant;
	struct dial_target to;
	int fd; /* ANSWERING: what the asker gets, -1 with a refusal */
	uint64_t deadline_ms;
	enum cordon_dial_why why; /* ANSWERING */
	int sys;
	const struct pollfd *poll; /* CONNECTING, when it was arranged for; else NULL */
};

struct dial_asker {
	int link; /* -1: there is none */
	uint32_t number;
	struct dial_slot *first;
	unsigned slots, connecting; /* how many */
	const struct pollfd *poll; /* of its link, when it was arranged for */
};

struct dial_askers {
	struct dial_asker all[CORDON_DIAL_ASKERS];
	struct dial_slot slots[DIAL_SLOTS];
	struct dial_slot *free;
};

void dial_askers_init(struct dial_askers *t);
void dial_askers_finish(struct dial_askers *t);
/* NULL: there is none. */
struct dial_asker *dial_askers_find(struct dial_askers *t, uint32_t number);
/* Takes *link. NULL: there is one of that number, or as many as there may be. */
struct dial_asker *dial_askers_add(struct dial_askers *t, uint32_t number, int *link);
/* Closes its link and all that is under way for it. */
void dial_askers_drop(struct dial_askers *t, struct dial_asker *a);

/* Whether one more DIAL can be heard. */
int dial_askers_hear(const struct dial_askers *t, const struct dial_asker *a);
/* Whether one more can be connecting, of that grant. */
int dial_askers_connect(const struct dial_askers *t, const struct dial_asker *a, uint64_t grant);

/* A slot for a DIAL that was heard: ANSWERING and refused with GONE, until it is said otherwise. */
struct dial_slot *dial_slot_begin(
	struct dial_askers *t, struct dial_asker *a, uint64_t request, uint64_t grant);
/* NULL: none of that number is under way. */
struct dial_slot *dial_slot_find(const struct dial_asker *a, uint64_t request);
void dial_slot_connecting(struct dial_asker *a, struct dial_slot *s);
/* Its descriptor is closed unless why is FINE. */
void dial_slot_answer(struct dial_asker *a, struct dial_slot *s, enum cordon_dial_why why, int sys);
/* Its answer is sent. */
void dial_slot_end(struct dial_askers *t, struct dial_asker *a, struct dial_slot *s);
