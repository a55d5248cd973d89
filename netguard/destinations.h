/* What the connections of one run want to reach, each asked about once. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cordon/guard_proto.h>

struct tunnel;
TAILQ_HEAD(tunnel_list, tunnel);

enum destination_state {
	DESTINATION_ILLEGAL,
	DESTINATION_ASKED,
	DESTINATION_ALLOWED,
	DESTINATION_REFUSED
};

struct destination {
	/* What it is found by. An address of the pool is a name's, or nobody's yet, which is another destination. */
	struct cordon_address address;
	uint16_t port;
	uint8_t named;

	uint8_t state; /* enum destination_state */
	uint16_t number;
	uint8_t to_be_asked, dirty; /* it is in the run's list of those */
	uint8_t opened_as; /* bits of enum cordon_guard_as */
	unsigned dialing;
	uint64_t fresh_until_ms; /* UINT64_MAX: for ever */
	struct cordon_guard_allow
		*allow; /* ALLOWED, and the last one while it is asked about again */
	char refused[CORDON_GUARD_REASON]; /* REFUSED: why */
	char last[CORDON_GUARD_REASON]; /* why a connection was refused or failed */
	uint64_t begun, open, bytes_out, bytes_in, refusals, failures;
	struct tunnel_list waiting; /* for the verdict */
	TAILQ_ENTRY(destination) asking, changed;
};

struct destinations {
	struct destination **all; /* by number */
	uint16_t *sorted;
	size_t count, room, sorted_room;
};

void destinations_finish(struct destinations *d);
struct destination *destinations_find(const struct destinations *d,
	const struct cordon_address *address, uint16_t port, int named);
/* A new one, ASKED. NULL: there are as many as may be, or no memory. */
struct destination *destinations_add(
	struct destinations *d, const struct cordon_address *address, uint16_t port, int named);

/* A connection to it is open, of which that was seen. */
void destination_opened(struct destination *d, enum cordon_guard_as as);
enum cordon_guard_verified destination_verified(const struct destination *d);
