/* The names of which a run may learn an address, as the monitor has listed them: exact ones, and all that stand below one.
 * What is refused is so whatever lists it. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>
#include <cordon/guard_proto.h>

struct listing;

/* Keeps a copy of what serve lists. NULL with *err set without memory. */
struct listing *listing_create(
	const struct cordon_guard_serve *serve, struct cordon_error *err) CORDON_CHECKED;
void listing_destroy(struct listing *l); /* NULL is accepted */
/* name: in the one spelling. */
int listing_has(const struct listing *l, const char *name);
