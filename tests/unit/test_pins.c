#include <cordon/pins.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include "name_table.h"

static struct pins *pins;
static struct cordon_error err;
static const struct pin *pin;
static struct cordon_host name;

static struct cordon_host
host(const char *text)
{
	struct cordon_host h = { 0 };

	cr_assert(eq(int, cordon_host_parse(text, strlen(text), &h, &err), 0));
	return h;
}

static void
begin(void)
{
	pins = pins_create();
	err = (struct cordon_error){ 0 };
	name = host("a.example");
}

static void
end(void)
{
	pins_destroy(pins);
}

TestSuite(pins, .init = begin, .fini = end, .timeout = 20);

static struct resolved
public_set(uint8_t last)
{
	return (struct resolved){
		.addresses = { { 4, { 93, 184, 216, last } } }, .count = 1, .ttl_s = 60
	};
}

static struct resolved
failure(const char *reason)
{
	struct resolved r = { 0 };

	cordon_fail(&r.error, CORDON_EPOLICY, 0, "it is so");
	(void)cordon_because(&r.error, reason);
	return r;
}

static int
settle(struct resolved r, uint64_t now_ms)
{
	return pins_settle(pins, &name, &r, now_ms, &pin, &err);
}

static int
look(uint64_t now_ms)
{
	return (int)pins_look(pins, &name, now_ms, &pin);
}

Test(pins, a_name_is_unknown_then_pinned_then_to_be_resolved_again)
{
	cr_assert(eq(int, look(1000), PINS_UNKNOWN));
	cr_assert(eq(int, settle(public_set(34), 1000), 0));
	cr_assert(eq(int, look(1000), PINS_FRESH));
	cr_assert(eq(u8, pin->addresses[0].bytes[3], 34));
	cr_assert(eq(int, look(60999), PINS_FRESH));
	cr_assert(eq(int, look(61000), PINS_UNKNOWN));
}

Test(pins, what_is_fresh_is_not_replaced)
{
	cr_assert(eq(int, settle(public_set(34), 0), 0));
	cr_assert(eq(int, settle(public_set(35), 59999), 0));
	cr_assert(eq(u8, pin->addresses[0].bytes[3], 34));
	cr_assert(eq(int, settle(failure("net.private_address"), 59999), 0));
	cr_assert(eq(int, look(59999), PINS_FRESH));
}

Test(pins, a_new_set_is_taken_when_the_old_one_has_expired)
{
	cr_assert(eq(int, settle(public_set(34), 0), 0));
	cr_assert(eq(int, settle(public_set(35), 60000), 0));
	cr_assert(eq(int, look(60000), PINS_FRESH));
	cr_assert(eq(u8, pin->addresses[0].bytes[3], 35));
	cr_assert(eq(u64, pin->expires_ms, 120000));
}

Test(pins, a_public_name_that_turns_private_is_refused_and_stays_refused)
{
	cr_assert(eq(int, settle(public_set(34), 0), 0));
	cr_assert(eq(int, settle(failure("net.private_address"), 60000), -1));
	cr_assert(eq(str, err.reason, "net.rebind"));
	cr_assert(eq(int, (int)err.code, CORDON_EPOLICY));
	cr_assert(eq(int, look(60000), PINS_REFUSED));
	cr_assert(eq(int, settle(public_set(34), 120000), -1));
	cr_assert(eq(str, err.reason, "net.rebind"));
	cr_assert(eq(int, look(UINT64_MAX / 2), PINS_REFUSED));
}

Test(pins, another_name_goes_on)
{
	(void)settle(public_set(34), 0);
	(void)settle(failure("net.private_address"), 60000);
	name = host("b.example");
	cr_assert(eq(int, settle(public_set(36), 60000), 0));
	cr_assert(eq(int, look(60000), PINS_FRESH));
}

Test(pins, a_name_that_was_private_from_the_begin_is_refused_by_its_reason_alone)
{
	cr_assert(eq(int, settle(failure("net.private_address"), 0), -1));
	cr_assert(eq(str, err.reason, "net.private_address"));
	cr_assert(eq(int, look(0), PINS_UNKNOWN));
}

Test(pins, a_resolver_that_fails_pins_nothing_and_ends_nothing)
{
	cr_assert(eq(int, settle(failure("net.dns_timeout"), 0), -1));
	cr_assert(eq(str, err.reason, "net.dns_timeout"));
	cr_assert(eq(int, settle(public_set(34), 0), 0));
	cr_assert(eq(int, settle(failure("net.dns_timeout"), 60000), -1));
	cr_assert(eq(str, err.reason, "net.dns_timeout"));
	cr_assert(eq(int, look(60000), PINS_UNKNOWN), "an expired set was used");
	cr_assert(eq(int, settle(public_set(34), 60000), 0));
}

Test(pins, a_session_has_4096_names_and_refused_ones_do_not_count)
{
	char text[64];

	for (unsigned i = 0; i < 2 * NAME_TABLE_MAX; i++) {
		(void)snprintf(text, sizeof(text), "n%u.example", i);
		name = host(text);
		cr_assert(eq(int, settle(i % 2 ? failure("net.no_such_name") : public_set(34), 0),
			i % 2 ? -1 : 0));
	}
	name = host("one.more.example");
	cr_assert(eq(int, settle(public_set(34), 0), -1));
	cr_assert(eq(str, err.reason, "net.budget"));
	name = host("n0.example");
	cr_assert(eq(int, look(0), PINS_FRESH));
}
