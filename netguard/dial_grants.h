/* What may be reached: the dialer's table, which the monitor alone changes. */
#pragma once

#include <stddef.h>

#include <cordon/dial_proto.h>

#include "interfaces.h"

struct dial_grants {
	struct cordon_dial_grant *all;
	size_t count, capacity;
};

/* FINE: it is in the table. Else *ret_at is the address that is why, or 0. interfaces: read just now. */
enum cordon_dial_why dial_grants_add(struct dial_grants *g, const struct cordon_dial_grant *grant,
	const struct interfaces *interfaces, uint8_t *ret_at);
/* NULL: there is none. */
const struct cordon_dial_grant *dial_grants_find(const struct dial_grants *g, uint64_t id);
/* One of those of an asker. NULL: there is none. */
const struct cordon_dial_grant *dial_grants_of(const struct dial_grants *g, uint32_t asker);
void dial_grants_remove(struct dial_grants *g, uint64_t id);
void dial_grants_finish(struct dial_grants *g);

/* Whether a grant of that kind reaches that address: FINE or FORBIDDEN. */
enum cordon_dial_why dial_grants_judge(enum cordon_dial_kind kind,
	const struct cordon_address *address, const struct interfaces *interfaces);
