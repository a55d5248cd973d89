#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include "names.h"

static struct names *names;
static struct cordon_error err;

static void
begin(void)
{
	names = names_create();
	err = (struct cordon_error){ 0 };
}

static void
end(void)
{
	names_destroy(names);
}

TestSuite(names, .init = begin, .fini = end, .timeout = 20);

static struct cordon_host
host(const char *text)
{
	struct cordon_host h = { 0 };

	cr_assert(eq(int, cordon_host_parse(text, strlen(text), &h, &err), 0), "%s", text);
	return h;
}

static struct cordon_address
give(const char *text)
{
	const struct cordon_host h = host(text);
	struct cordon_address address = { 0 };

	cr_assert(eq(int, names_give(names, &h, &address, &err), 0), "%s", err.text);
	return address;
}

static struct cordon_address
address(const char *text)
{
	struct cordon_address a = { 0 };

	cr_assert(eq(int, cordon_address_parse(text, strlen(text), &a, &err), 0));
	return a;
}

Test(names, a_name_has_one_address_and_an_address_one_name)
{
	const struct cordon_address b = give("b.example"), a = give("a.example"),
				    again = give("b.example");
	struct cordon_host found = { 0 };

	cr_assert(cordon_address_equal(&b, &again));
	cr_assert(not(cordon_address_equal(&a, &b)));
	cr_assert(eq(int, names_whose(names, &a, &found, &err), 0));
	cr_assert(eq(str, found.text, "a.example"));
	cr_assert(eq(int, (int)found.kind, CORDON_HOST_NAME));
	cr_assert(eq(sz, names_count(names), 2));
}

Test(names, the_first_addresses_are_nobodys)
{
	const struct cordon_address first = give("a.example"), wanted = address("198.18.0.16");

	cr_assert(cordon_address_equal(&first, &wanted));
}

static void
expect_nobodys(const char *text)
{
	const struct cordon_address a = address(text);
	struct cordon_host found;

	cr_assert(eq(int, names_whose(names, &a, &found, &err), -1), "%s", text);
	cr_assert(eq(str, err.reason, "net.not_listed"));
}

Test(names, an_address_that_was_never_given_is_nobodys)
{
	expect_nobodys("198.18.0.16");
	(void)give("a.example");
	expect_nobodys("198.18.0.17");
	expect_nobodys("198.18.0.15");
	expect_nobodys("198.18.0.1");
	expect_nobodys("198.17.255.255");
	expect_nobodys("198.20.0.16");
	expect_nobodys("0.0.0.0");
	expect_nobodys("255.255.255.255");
	expect_nobodys("c612:10::");
	expect_nobodys("::");
}

Test(names, a_mapped_address_is_the_ipv4_address)
{
	const struct cordon_address mapped = address("::ffff:198.18.0.16");
	struct cordon_host found = { 0 };

	(void)give("a.example");
	cr_assert(eq(int, names_whose(names, &mapped, &found, &err), 0));
	cr_assert(eq(str, found.text, "a.example"));
}

Test(names, a_literal_has_none)
{
	const struct cordon_host literal = host("93.184.216.34");
	struct cordon_address a;

	cr_assert(eq(int, names_give(names, &literal, &a, &err), -1));
}

Test(names, a30_a_run_has_4096_names_each_with_an_address_of_its_own_and_no_more)
{
	struct cordon_address all[NAME_TABLE_MAX], more;
	struct cordon_host found, last = host("one.more.example");
	char text[64];

	for (unsigned i = 0; i < NAME_TABLE_MAX; i++) {
		/* Neither in order nor against it. */
		(void)snprintf(text, sizeof(text), "n%u.example", i * 2654435761u);
		all[i] = give(text);
	}
	for (unsigned i = 0; i < NAME_TABLE_MAX; i++) {
		(void)snprintf(text, sizeof(text), "n%u.example", i * 2654435761u);
		cr_assert(eq(int, names_whose(names, &all[i], &found, &err), 0));
		cr_assert(eq(str, found.text, text));
		more = give(text);
		cr_assert(cordon_address_equal(&more, &all[i]));
	}
	cr_assert(eq(int, names_give(names, &last, &more, &err), -1));
	cr_assert(eq(int, (int)err.code, CORDON_ELIMIT));
	cr_assert(eq(str, err.reason, "net.budget"));
	expect_nobodys("198.18.16.16");
}
