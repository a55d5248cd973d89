/* Sorted, not hashed: strangers choose what is in there.
 *
 * calls: none */
#include "destinations.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

void
destinations_finish(struct destinations *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->all[i]->allow);
		free(d->all[i]);
	}
	free(d->all);
	free(d->sorted);
	*d = (struct destinations){ 0 };
}

static int
compare(const struct destination *a, const struct cordon_address *address, uint16_t port, int named)
{
	int order = (int)a->port - (int)port;

	if (order == 0)
		order = (int)a->named - named;
	if (order == 0)
		order = (int)a->address.family - (int)address->family;
	return order != 0 ? order
			  : memcmp(a->address.bytes, address->bytes, sizeof(address->bytes));
}

/* Where it is among the sorted, or would be. */
static size_t
search(const struct destinations *d, const struct cordon_address *address, uint16_t port, int named)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare(d->all[d->sorted[middle]], address, port, named) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct destination *
destinations_find(const struct destinations *d, const struct cordon_address *address, uint16_t port,
	int named)
{
	const size_t at = search(d, address, port, named);

	if (at == d->count || compare(d->all[d->sorted[at]], address, port, named) != 0)
		return NULL;
	return d->all[d->sorted[at]];
}

struct destination *
destinations_add(
	struct destinations *d, const struct cordon_address *address, uint16_t port, int named)
{
	const size_t at = search(d, address, port, named);
	struct destination *made;

	if (cordon_grow(&d->all, &d->room, d->count + 1, CORDON_GUARD_DESTINATIONS,
		    sizeof(d->all[0])) < 0 ||
		cordon_grow(&d->sorted, &d->sorted_room, d->count + 1, CORDON_GUARD_DESTINATIONS,
			sizeof(d->sorted[0])) < 0)
		return NULL;
	made = cordon_array(1, sizeof(*made));
	if (made == NULL)
		return NULL;
	*made = (struct destination){ .address = *address,
		.port = port,
		.named = named != 0,
		.state = DESTINATION_ASKED,
		.number = (uint16_t)d->count };
	TAILQ_INIT(&made->waiting);
	memmove(d->sorted + at + 1, d->sorted + at, (d->count - at) * sizeof(d->sorted[0]));
	d->sorted[at] = made->number;
	d->all[d->count++] = made;
	return made;
}

void
destination_opened(struct destination *d, enum cordon_guard_as as)
{
	d->opened_as |= (uint8_t)(1u << as);
}

enum cordon_guard_verified
destination_verified(const struct destination *d)
{
	if (d->opened_as == 1u << CORDON_GUARD_TLS)
		return CORDON_GUARD_VERIFIED_TLS;
	if (d->opened_as == 1u << CORDON_GUARD_HTTP)
		return CORDON_GUARD_VERIFIED_HTTP;
	return CORDON_GUARD_NOT_VERIFIED;
}
