/* Layers of "network": a child narrows freely and widens only what it says it widens. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../helpers/network_profile.h"

TestSuite(profile_network_layers, .init = begin_profiles, .fini = end_profiles, .timeout = 60);

/* The bound is of what all layers come to. */
Test(profile_network_layers, layers_together_are_bounded)
{
	char *text = calloc(1, 64 * 1100), *at;

	for (int layer = 0; layer < 2; layer++) {
		at = text + sprintf(text,
				    "{\"cordonProfile\": 1, \"extends\": [%s],\n \"network\": "
				    "{\"refuse\": [",
				    layer == 0 ? "" : "\"base\"");
		for (int i = 0; i < 1000; i++)
			at += sprintf(at, "%s{\"host\": \"a%d.example\"}", i == 0 ? "" : ", ",
				i + 500 * layer);
		sprintf(at, "]}}");
		write_profile(layer == 0 ? "base" : "child", text);
	}
	cr_expect_str_eq(profile_refusal("child"),
		"child.json:2:14: with what it extends, this profile has "
		"more than 1024 entries here");
	free(text);
}

static const char *const narrowings[] = {
	"\"default\": \"refuse\"",
	"\"allow\": []",
	"\"private\": []",
	ALLOW(HOST("a.example")),
	ALLOW("{\"host\": \"a.example\", \"ports\": [443], \"as\": \"tls\"}"),
	ALLOW("{\"host\": \"*.b.example\", \"ports\": [443]}"),
	ALLOW("{\"host\": \"x.b.example\", \"ports\": [443], \"ech\": true}"),
	ALLOW("{\"host\": \"*.x.b.example\", \"ports\": [8443], \"as\": \"tls\"}"),
	ALLOW("{\"host\": \"o.example\", \"ports\": [7], \"as\": \"http\"}"),
	ALLOW("{\"host\": \"o.example\", \"ports\": [7]}"),
	ALLOW("{\"host\": \"8.8.8.8\", \"ports\": [443]}"),
	PRIVATE(ADDRESS("10.0.0.2:80")),
	PRIVATE("{\"address\": \"10.0.0.1:80\", \"name\": \"p.test\"}"),
	REFUSE(HOST("a.example") ", " HOST("*.com")),
	"\"limits\": {\"connections\": 7, \"rate\": 1, \"bytesOut\": 1, \"bytesIn\": 1, \"names\": 8}",
};

Test(profile_network_layers, what_restricts_needs_no_leave)
{
	base_profile(PARENT);
	for (size_t i = 0; i < sizeof(narrowings) / sizeof(narrowings[0]); i++) {
		child_profile("", narrowings[i]);
		cr_expect_str_eq(profile_refusal("child"), "accepted", "%s: %s", narrowings[i],
			profile_error.text);
	}
}

static const struct {
	const char *key, *network;
} widenings[] = {
	{ "network.default", "\"default\": \"public\"" },
	{ "network.allow", ALLOW(HOST("c.example")) },
	{ "network.allow", ALLOW("{\"host\": \"a.example\", \"ports\": [81]}") },
	{ "network.allow",
		ALLOW("{\"host\": \"a.example\", \"ports\": [443], \"as\": \"opaque\"}") },
	{ "network.allow", ALLOW("{\"host\": \"a.example\", \"ports\": [443], \"as\": \"http\"}") },
	{ "network.allow", ALLOW("{\"host\": \"a.example\", \"ech\": true}") },
	{ "network.allow", ALLOW("{\"host\": \"h.example\", \"ports\": [7], \"as\": \"tls\"}") },
	{ "network.allow", ALLOW(HOST("*.a.example")) },
	{ "network.allow", ALLOW(HOST("x.a.example")) },
	{ "network.allow", ALLOW("{\"host\": \"b.example\", \"ports\": [443]}") },
	{ "network.allow", ALLOW("{\"host\": \"xb.example\", \"ports\": [443]}") },
	{ "network.allow", ALLOW("{\"host\": \"*.example\", \"ports\": [443]}") },
	{ "network.allow", ALLOW("{\"host\": \"x.b.example\", \"ports\": [80]}") },
	{ "network.allow", ALLOW("{\"host\": \"8.8.4.4\", \"ports\": [443]}") },
	{ "network.allow", ALLOW("{\"host\": \"10.0.0.1\", \"ports\": [80]}") },
	{ "network.private", PRIVATE(ADDRESS("10.0.0.1:80")) },
	{ "network.private", PRIVATE(ADDRESS("10.0.0.2:81")) },
	{ "network.private", PRIVATE("{\"address\": \"10.0.0.2:80\", \"name\": \"q.test\"}") },
	{ "network.limits.connections", "\"limits\": {\"connections\": 9}" },
	{ "network.limits.rate", "\"limits\": {\"rate\": 9}" },
	{ "network.limits.bytesOut", "\"limits\": {\"bytesOut\": 9}" },
	{ "network.limits.bytesIn", "\"limits\": {\"bytesIn\": 9}" },
	{ "network.limits.names", "\"limits\": {\"names\": 9}" },
};

Test(profile_network_layers, what_goes_further_needs_widens_by_name_or_by_section)
{
	base_profile(PARENT);
	for (size_t i = 0; i < sizeof(widenings) / sizeof(widenings[0]); i++) {
		char quoted[64], remedy[128];
		const char *said;

		child_profile("", widenings[i].network);
		said = profile_refusal("child");
		snprintf(remedy, sizeof(remedy), "add \"%s\" to \"widens\"", widenings[i].key);
		cr_expect(strncmp(said, "child.json:2:", 13) == 0 && strstr(said, remedy) != NULL,
			"%s: %s", widenings[i].network, said);
		/* Another key of the section does not help. */
		child_profile(strcmp(widenings[i].key, "network.default") == 0
				      ? "\"network.allow\""
				      : "\"network.default\"",
			widenings[i].network);
		cr_expect_str_neq(profile_refusal("child"), "accepted", "%s", widenings[i].network);

		snprintf(quoted, sizeof(quoted), "\"%s\"", widenings[i].key);
		child_profile(quoted, widenings[i].network);
		cr_expect_str_eq(profile_refusal("child"), "accepted", "%s: %s",
			widenings[i].network, profile_error.text);
		child_profile("\"network\"", widenings[i].network);
		cr_expect_str_eq(profile_refusal("child"), "accepted", "%s: %s",
			widenings[i].network, profile_error.text);
	}
}

/* "public" is a grant as well: it covers what it would let through, and no more. */
Test(profile_network_layers, a_child_of_public_names_what_it_needs)
{
	base_profile("\"default\": \"public\"");
	child_profile(
		"", "\"default\": \"refuse\", " ALLOW(HOST("a.example") ", " HOST(
			    "*.b.example") ", {\"host\": \"c.example\", \"ports\": [8443], \"as\": "
					   "\"tls\"}, {\"host\": \"8.8.8.8\", \"ports\": [53]}"));
	cr_expect_str_eq(profile_refusal("child"), "accepted", "%s", profile_error.text);
	child_profile("", ALLOW("{\"host\": \"a.example\", \"as\": \"opaque\"}"));
	cr_expect(strstr(profile_refusal("child"),
			  "lets 'a.example' be reached at port 80 as opaque") != NULL,
		"%s", profile_error.text);
	child_profile("", ALLOW("{\"host\": \"a.example\", \"ech\": true}"));
	cr_expect(strstr(profile_refusal("child"), "at port 443 as tls with ech") != NULL, "%s",
		profile_error.text);
	child_profile("\"network.private\"",
		ALLOW("{\"host\": \"10.0.0.1\", \"ports\": [80]}") ", " PRIVATE(
			ADDRESS("10.0.0.1:80")));
	cr_expect(strstr(profile_refusal("child"), "\"network.allow\"") != NULL, "%s",
		profile_error.text);
	/* A parent that holds covers nothing. */
	base_profile("\"default\": \"hold\"");
	child_profile("", ALLOW(HOST("a.example")));
	cr_expect_str_neq(profile_refusal("child"), "accepted");
}

Test(profile_network_layers, a_list_that_widens_is_added_and_one_that_does_not_replaces)
{
	struct cordon_profile *p;

	base_profile(PARENT);
	child_profile("\"network\"", ALLOW(HOST("c.example") ", " HOST("a.example")) ", " PRIVATE(
					     ADDRESS("10.0.0.3:80")));
	p = load_profile("child");
	cr_expect(p->network.allow_count == 6 && p->network.private_count == 3);
	cr_expect_str_eq(p->network.allow[5].host, "c.example");
	cordon_profile_destroy(p);
	child_profile("", ALLOW(HOST("a.example")) ", " PRIVATE(ADDRESS("10.0.0.2:80")));
	p = load_profile("child");
	cr_expect(p->network.allow_count == 1 && p->network.private_count == 1);
	cr_expect(p->network.otherwise == CORDON_NETWORK_HOLD, "what is not said stays");
	cordon_profile_destroy(p);
}

Test(profile_network_layers, what_is_refused_stays_refused)
{
	struct cordon_profile *p;

	base_profile(REFUSE(HOST("a.example")));
	child_profile("\"network\"", REFUSE(HOST("b.example") ", " HOST("a.example")));
	p = load_profile("child");
	cr_expect(p->network.refuse_count == 2);
	cr_expect_str_eq(p->network.refuse[0].host, "a.example");
	cordon_profile_destroy(p);
	child_profile("\"network\"", REFUSE(""));
	p = load_profile("child");
	cr_expect(p->network.refuse_count == 1);
	cordon_profile_destroy(p);
}

Test(profile_network_layers, a_name_leads_to_one_place)
{
	base_profile(PARENT);
	child_profile(
		"\"network\"", PRIVATE("{\"address\": \"10.0.0.9:80\", \"name\": \"p.test\"}"));
	cr_expect_str_eq(profile_refusal("child"),
		"child.json:2:26: what this profile extends leads 'p.test', "
		"port 80, to '10.0.0.1'");
}

Test(profile_network_layers, an_exception_that_goes_takes_its_entry_with_it)
{
	base_profile(ALLOW("{\"host\": \"10.0.0.1\", \"ports\": [80]}") ", " PRIVATE(
		ADDRESS("10.0.0.1:80")));
	cr_expect_str_eq(profile_refusal("base"), "accepted", "%s", profile_error.text);
	child_profile("", "\"private\": []");
	cr_expect_str_eq(profile_refusal("child"),
		"child.json:2:14: '10.0.0.1' is not a public address, and "
		"port 80 of it has no entry in \"network.private\"");
}
