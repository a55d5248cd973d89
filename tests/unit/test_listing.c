#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "listing.h"

TestSuite(listing, .timeout = 10);

static int
has(const struct cordon_guard_name *list, size_t count, int others, const char *name)
{
	const struct cordon_guard_serve serve = { .others = others, .list = list, .count = count };
	struct cordon_error err;
	struct listing *l = listing_create(&serve, &err);
	int result;

	cr_assert(l != NULL);
	result = listing_has(l, name);
	listing_destroy(l);
	return result;
}

static const struct cordon_guard_name names[] = {
	{ .text = "b.example" },
	{ .text = "a.example", .below = 1 },
	{ .text = "no.a.example", .refused = 1 },
	{ .text = "none.a.example", .refused = 1, .below = 1 },
	{ .text = "b.example", .below = 1, .refused = 1 },
	{ .text = "both.example" },
	{ .text = "both.example", .refused = 1 },
};
#define COUNT (sizeof(names) / sizeof(names[0]))

Test(listing, a_name_is_listed_as_itself_or_below_one)
{
	cr_expect(has(names, COUNT, 0, "b.example"));
	cr_expect(has(names, COUNT, 0, "x.a.example"));
	cr_expect(has(names, COUNT, 0, "x.y.a.example"));
	cr_expect(not(has(names, COUNT, 0, "a.example")));
	cr_expect(not(has(names, COUNT, 0, "xa.example")));
	cr_expect(not(has(names, COUNT, 0, "example")));
	cr_expect(not(has(names, COUNT, 0, "b.example.org")));
	cr_expect(not(has(names, 0, 0, "b.example")));
}

Test(listing, what_is_refused_is_so_whatever_lists_it)
{
	for (int others = 0; others < 2; others++) {
		cr_expect(not(has(names, COUNT, others, "no.a.example")));
		cr_expect(not(has(names, COUNT, others, "x.none.a.example")));
		cr_expect(not(has(names, COUNT, others, "x.b.example")));
		cr_expect(not(has(names, COUNT, others, "both.example")));
		cr_expect(has(names, COUNT, others, "x.no.a.example"));
		cr_expect(has(names, COUNT, others, "none.a.example"));
	}
}

Test(listing, what_nothing_lists_is_listed_when_others_are)
{
	cr_expect(has(names, COUNT, 1, "example.org"));
	cr_expect(has(NULL, 0, 1, "example.org"));
	cr_expect(not(has(names, COUNT, 0, "example.org")));
}
