/* The names of one session, and the judged addresses that each is connected with until they expire. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/host.h>
#include <cordon/resolved.h>

struct pins;

struct pin {
	struct cordon_address addresses[CORDON_DIAL_ADDRESSES];
	unsigned count;
	uint64_t expires_ms;
};

enum pins_state {
	PINS_UNKNOWN, /* it has no addresses yet, or any more: resolve it */
	PINS_FRESH, /* these */
	PINS_REFUSED /* it was public and turned private: for the rest of the session it is connected with nothing */
};

/* NULL without memory. */
struct pins *pins_create(void);
void pins_destroy(struct pins *p); /* NULL is accepted */

/* now_ms: of cordon_now_ms. *ret_pin is written with FRESH, and good until the next pins_settle. */
enum pins_state pins_look(const struct pins *p, const struct cordon_host *name, uint64_t now_ms,
	const struct pin **ret_pin);
/* What the resolver says of a name that is not fresh. Returns 0 with *ret_pin, or -1 with *err set: as the resolver
 * says, or CORDON_EPOLICY, "net.rebind", when the name was public and has a forbidden address now, or had once; or
 * CORDON_ELIMIT, "net.budget", when the session has NAME_TABLE_MAX names. What a fresh name has stays. */
int pins_settle(struct pins *p, const struct cordon_host *name, const struct resolved *resolved,
	uint64_t now_ms, const struct pin **ret_pin, struct cordon_error *err) CORDON_CHECKED;
