#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "destinations.h"

static struct destinations all;

static void
end(void)
{
	destinations_finish(&all);
}

TestSuite(destinations, .fini = end, .timeout = 10);

static struct cordon_address
address(unsigned i)
{
	return (struct cordon_address){ .family = i % 2 ? 4 : 6,
		.bytes = { 9, (uint8_t)(i * 7), (uint8_t)(i >> 8) } };
}

Test(destinations, each_is_found_by_address_port_and_whether_it_is_a_name)
{
	struct destination *made[CORDON_GUARD_DESTINATIONS];

	for (unsigned i = 0; i < CORDON_GUARD_DESTINATIONS; i++) {
		const struct cordon_address a = address(i / 4);
		const uint16_t port = (uint16_t)(1 + i / 2 % 2);

		cr_assert(destinations_find(&all, &a, port, i % 2) == NULL, "%u", i);
		made[i] = destinations_add(&all, &a, port, i % 2);
		cr_assert(made[i] != NULL);
		cr_assert(eq(u16, made[i]->number, (uint16_t)i));
	}

	for (unsigned i = 0; i < CORDON_GUARD_DESTINATIONS; i++) {
		const struct cordon_address a = address(i / 4);

		cr_assert(destinations_find(&all, &a, (uint16_t)(1 + i / 2 % 2), i % 2) == made[i]);
		cr_assert(all.all[i] == made[i]);
	}
}

Test(destinations, there_are_so_many_and_no_more)
{
	struct cordon_address a = { .family = 4 };

	for (unsigned i = 0; i < CORDON_GUARD_DESTINATIONS; i++)
		cr_assert(destinations_add(&all, &a, (uint16_t)(i + 1), 0) != NULL);
	cr_expect(destinations_add(&all, &a, 9999, 0) == NULL);
	cr_expect(destinations_find(&all, &a, 9999, 0) == NULL);
}

Test(destinations, verified_is_what_every_connection_was)
{
	struct destination d = { 0 };

	cr_expect(eq(int, (int)destination_verified(&d), CORDON_GUARD_NOT_VERIFIED));
	destination_opened(&d, CORDON_GUARD_TLS);
	cr_expect(eq(int, (int)destination_verified(&d), CORDON_GUARD_VERIFIED_TLS));
	destination_opened(&d, CORDON_GUARD_OPAQUE);
	cr_expect(eq(int, (int)destination_verified(&d), CORDON_GUARD_NOT_VERIFIED));
	d = (struct destination){ 0 };
	destination_opened(&d, CORDON_GUARD_HTTP);
	cr_expect(eq(int, (int)destination_verified(&d), CORDON_GUARD_VERIFIED_HTTP));
}
