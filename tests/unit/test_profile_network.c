/* "network": mistakes with their place, hosts in their one spelling, digests, and what show prints. With netguard's
 * reader of hosts, as cordon has it. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../helpers/network_profile.h"
#include "blob.h"

TestSuite(profile_network, .init = begin_profiles, .fini = end_profiles, .timeout = 60);

static const struct {
	const char *network, *error;
} wrong[] = {
	/* Shape */
	{ "\"default\": \"allow\"",
		"base.json:2:14: 'network/default' must be refuse, hold or public" },
	{ "\"allowed\": []", "base.json:2:14: unknown key 'allowed'; did you mean 'allow'?" },
	{ "\"allow\": {}",
		"base.json:2:14: 'network/allow' must be a list of entries, not an object" },
	{ ALLOW("\"a.example\""), "base.json:2:24: 'network/allow/0' must be an object" },
	{ ALLOW("{\"ports\": [1]}"), "base.json:2:24: an entry has a \"host\"" },
	{ ALLOW(HOST("a.example") ", {\"host\": 1}"),
		"base.json:2:48: 'network/allow/1/host' must be a string, not a number" },
	{ ALLOW("{\"host\": \"a.example\", \"port\": 1}"),
		"base.json:2:46: unknown key 'port'; did you mean 'ports'?" },
	{ ALLOW("{\"host\": \"a.example\", \"host\": \"b.example\"}"), "base.json:2:" },
	{ REFUSE("{\"host\": \"a.example\", \"as\": \"tls\"}"),
		"base.json:2:47: unknown key 'as'" },
	/* Ports */
	{ ALLOW("{\"host\": \"a.example\", \"ports\": []}"),
		"base.json:2:46: \"ports\" is a list of 1 to 64 ports" },
	{ ALLOW("{\"host\": \"a.example\", \"ports\": 443}"),
		"base.json:2:46: 'network/allow/0/ports' must be a list of ports, not a number" },
	{ ALLOW("{\"host\": \"a.example\", \"ports\": [1, 0]}"),
		"base.json:2:59: 'network/allow/0/ports/1' must be from 1 to 65535, not 0" },
	{ ALLOW("{\"host\": \"a.example\", \"ports\": [65536]}"),
		"base.json:2:56: 'network/allow/0/ports/0' must be from 1 to 65535, not 65536" },
	{ ALLOW("{\"host\": \"a.example\", \"ports\": [2, 1, 2]}"),
		"base.json:2:62: port 2 is in this list already" },
	/* as and ech */
	{ ALLOW("{\"host\": \"a.example\", \"as\": \"tcp\"}"),
		"base.json:2:46: 'network/allow/0/as' must be tls, http or opaque" },
	{ ALLOW("{\"host\": \"a.example\", \"ech\": 1}"),
		"base.json:2:46: 'network/allow/0/ech' must be true or false" },
	{ ALLOW("{\"host\": \"a.example\", \"ech\": true, \"as\": \"http\"}"),
		"base.json:2:46: \"ech\" lets TLS hide its server name" },
	{ ALLOW("{\"host\": \"a.example\", \"ech\": true, \"ports\": [8443]}"),
		"base.json:2:46: \"ech\" lets TLS hide its server name" },
	/* Hosts: the rest is netguard's to test */
	{ ALLOW(HOST("*.co.uk")),
		"base.json:2:25: '*.co.uk' cannot be listed: it is a public suffix" },
	{ ALLOW(HOST("com")), "base.json:2:25: 'com' cannot be listed: it is a public suffix" },
	{ ALLOW(HOST("*.github.io")),
		"base.json:2:25: '*.github.io' cannot be listed: it is a public suffix" },
	{ ALLOW(HOST("localhost")),
		"base.json:2:25: 'localhost' cannot be listed: it means this host" },
	{ ALLOW(HOST("a.localhost.")),
		"base.json:2:25: 'a.localhost' cannot be listed: it means this host" },
	{ ALLOW(HOST("0177.0.0.1")),
		"base.json:2:25: '0177.0.0.1' is not a host: it ends in a number" },
	{ ALLOW(HOST("[::1]")), "base.json:2:25: '[::1]' is not a host" },
	{ ALLOW(HOST("fe80::1%eth0")), "base.json:2:25: 'fe80::1%eth0' is not a host" },
	{ ALLOW(HOST("a.example:443")), "base.json:2:25: 'a.example:443' is not a host" },
	{ ALLOW(HOST("a.*.example")),
		"base.json:2:25: 'a.*.example' is not a host: a star stands" },
	{ ALLOW(HOST("*.1.2.3.4")),
		"base.json:2:25: '*.1.2.3.4' cannot be listed: nothing is below" },
	{ ALLOW(HOST("*")), "base.json:2:25: '*' is not a host" },
	{ ALLOW(HOST("")), "base.json:2:25: '' is not a host: it is empty" },
	{ ALLOW(HOST("a\\u0000.example")), "base.json:2:" },
	{ ALLOW(HOST("B\\u00dcCHER.example")), "base.json:2:25: " },
	{ REFUSE(HOST("a..example")), "base.json:2:26: 'a..example' is not a host" },
	/* Addresses that are not public */
	{ ALLOW(HOST("10.0.0.1")),
		"base.json:2:25: '10.0.0.1' is not a public address, and port 80 of it has no entry "
		"in \"network.private\"" },
	{ ALLOW("{\"host\": \"169.254.169.254\", \"ports\": [81]}") ", " PRIVATE(
		  ADDRESS("169.254.169.254:80")),
		"base.json:2:25: '169.254.169.254' is not a public address, and port 81 of it" },
	{ ALLOW(HOST("::ffff:127.0.0.1")), "base.json:2:25: '127.0.0.1' is not a public address" },
	/* private */
	{ PRIVATE("{\"name\": \"a.test\"}"),
		"base.json:2:26: a private exception has an \"address\"" },
	{ PRIVATE(ADDRESS("10.0.0.1")), "base.json:2:27: '' is not a port" },
	{ PRIVATE(ADDRESS("10.0.0.1:0")), "base.json:2:27: '0' is not a port" },
	{ PRIVATE(ADDRESS("10.0.0.1:080")), "base.json:2:27: '080' is not a port" },
	{ PRIVATE(ADDRESS("fd00::1:80")), "base.json:2:27: 'fd00::1:80' is not a host" },
	{ PRIVATE(ADDRESS("[fe80::1%eth0]:80")),
		"base.json:2:27: '[fe80::1%eth0]:80' is not a host" },
	{ PRIVATE(ADDRESS("[fe80::1]:80")),
		"base.json:2:27: 'fe80::1' is no address of one destination, but link-local" },
	{ PRIVATE(ADDRESS("0.0.0.0:80")),
		"base.json:2:27: '0.0.0.0' is no address of one destination, but unspecified" },
	{ PRIVATE(ADDRESS("224.0.0.1:80")), "base.json:2:27: '224.0.0.1' is no address of one" },
	{ PRIVATE(ADDRESS("198.18.0.1:80")), "base.json:2:27: '198.18.0.1' is no address of one" },
	{ PRIVATE(ADDRESS("[64:ff9b::a00:1]:80")),
		"base.json:2:27: '64:ff9b::a00:1' is no address" },
	{ PRIVATE(ADDRESS("db.test:80")), "base.json:2:27: 'db.test' is a name" },
	{ PRIVATE("{\"address\": \"10.0.0.1:80\", \"name\": \"*.test\"}"), "base.json:2:53: " },
	{ PRIVATE("{\"address\": \"10.0.0.1:80\", \"name\": \"10.0.0.2\"}"),
		"base.json:2:53: '10.0.0.2' is an address" },
	{ PRIVATE("{\"address\": \"10.0.0.1:80\", \"name\": \"localhost\"}"),
		"base.json:2:53: 'localhost' means this host" },
	{ PRIVATE(ADDRESS("10.0.0.1:80") ", " ADDRESS("10.0.0.1:80")),
		"base.json:2:54: there is an exception for '10.0.0.1', port 80, already" },
	{ PRIVATE("{\"address\": \"10.0.0.1:80\", \"name\": \"a.test\"}, {\"address\": "
		  "\"10.0.0.2:80\", \"name\": \"A.test\"}"),
		"base.json:2:72: there is an exception for 'a.test', port 80, already" },
	/* limits */
	{ "\"limits\": {\"names\": 4097}",
		"base.json:2:25: 'network/limits/names' must be from 1 to 4096, not 4097" },
	{ "\"limits\": {\"connections\": 0}",
		"base.json:2:25: 'network/limits/connections' must be" },
	{ "\"limits\": {\"bytesOut\": \"1T\"}", "base.json:2:25: " },
	{ "\"limits\": {\"bytes\": 1}", "base.json:2:25: unknown key 'bytes'" },
};

Test(profile_network, every_mistake_is_named_with_its_place)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *said;

		base_profile(wrong[i].network);
		said = profile_refusal("base");
		cr_expect(strncmp(said, wrong[i].error, strlen(wrong[i].error)) == 0,
			"%s\n  says   %s\n  wanted %s", wrong[i].network, said, wrong[i].error);
	}
}

Test(profile_network, hosts_are_kept_in_their_one_spelling)
{
	struct cordon_profile *p;
	const struct cordon_network *n;

	base_profile(ALLOW(
		"{\"host\": \"API.Example.ORG.\", \"ports\": [9, \"0x7\", 8]}, " HOST("*.b\\u00fccher.de") ", " HOST("2606:4700:0::1111") ", " HOST(
			"::ffff:8.8.8.8")) ", " REFUSE(HOST("*.GitHub.io") ", " HOST("com") ", " HOST("localhost")) ", " PRIVATE("{\"address\": \"[FD00:0::1]:5432\", \"name\": \"DB.Test.\", \"why\": \"w\"}"));
	p = load_profile("base");
	n = &p->network;

	cr_assert(n->allow_count == 4 && n->refuse_count == 3 && n->private_count == 1);
	cr_expect_str_eq(n->allow[0].host, "api.example.org");
	cr_expect(n->allow[0].kind == CORDON_NETWORK_NAME && n->allow[0].port_count == 3);
	cr_expect(n->allow[0].ports[0] == 7 && n->allow[0].ports[1] == 8 &&
		  n->allow[0].ports[2] == 9);
	cr_expect_str_eq(n->allow[1].host, "*.xn--bcher-kva.de");
	cr_expect(n->allow[1].kind == CORDON_NETWORK_BELOW && n->allow[1].port_count == 2);
	cr_expect(n->allow[1].ports[0] == 80 && n->allow[1].ports[1] == 443);
	cr_expect_str_eq(n->allow[2].host, "2606:4700::1111");
	cr_expect_str_eq(n->allow[3].host, "8.8.8.8");
	cr_expect(n->allow[3].kind == CORDON_NETWORK_ADDRESS);
	cr_expect_str_eq(n->refuse[0].host, "*.github.io");
	cr_expect(n->refuse[0].port_count == 0);
	cr_expect_str_eq(n->private[0].host, "fd00::1");
	cr_expect_str_eq(n->private[0].name, "db.test");
	cr_expect_str_eq(n->private[0].why, "w");
	cr_expect(n->private[0].port == 5432);
	cordon_profile_destroy(p);
}

Test(profile_network, what_is_not_said_is_bounded_all_the_same)
{
	struct cordon_profile *p;

	base_profile("");
	p = load_profile("base");
	cr_expect(!cordon_network_opens(&p->network));
	cr_expect(p->network.limits.names == 4096 && p->network.limits.connections == 256);
	cr_expect(p->network.limits.bytes_out == CORDON_NO_LIMIT);
	cordon_profile_destroy(p);
}

Test(profile_network, a_reader_that_is_missing_lists_nothing)
{
	profile_places.read_host = NULL;
	base_profile(REFUSE(HOST("a.example")));
	cr_expect_str_eq(profile_refusal("base"),
		"base.json:2:26: hosts cannot be named in the profiles that are read here");
}

Test(profile_network, lists_are_bounded)
{
	static const char entry[] = "{\"host\": \"a.example\"}, ";
	char *text = calloc(1, 2000 * sizeof(entry));

	strcat(text, "{\"cordonProfile\": 1, \"extends\": [],\n \"network\": {\"refuse\": [");
	for (int i = 0; i < 1024; i++)
		strcat(text, entry);
	strcat(text, "{\"host\": \"b.example\"}]}}");
	write_profile("base", text);
	cr_expect_str_eq(profile_refusal("base"),
		"base.json:2:14: 'network/refuse' has at most 1024 entries");
	free(text);
}

/* Digests and text */

#define ALL                                                                                            \
	PARENT ", \"refuse\": [{\"host\": \"*.github.io\"}, {\"host\": \"1.1.1.1\", \"ports\": [53], " \
	       "\"why\": \"r\\\"w\"}], \"why\": \"w\""

Test(profile_network, what_show_prints_loads_to_the_same_digest)
{
	struct cordon_profile *p, *again;
	char *text, *twice;

	base_profile(ALL);
	p = load_profile("base");
	text = cordon_profile_show(p);
	cr_assert(text != NULL);
	write_profile("again", text);
	again = load_profile("again");
	twice = cordon_profile_show(again);

	cr_expect(memcmp(p->digest, again->digest, sizeof(p->digest)) == 0);
	cr_expect_str_eq(text, twice);
	cr_expect(strstr(text, "\"why\":\"r\\\"w\",\"host\":\"1.1.1.1\",\"ports\":[53]") != NULL,
		"%s", text);
	free(text);
	free(twice);
	cordon_profile_destroy(p);
	cordon_profile_destroy(again);
}

Test(profile_network, bytes_are_read_as_they_were_written)
{
	struct cordon_profile *p, *back;
	struct cordon_writer first, second;

	base_profile(ALL);
	p = load_profile("base");
	cordon_writer_init(&first, 4u << 20);
	cordon_writer_init(&second, 4u << 20);
	blob_write(p, &first);
	back = blob_read(first.data, first.size);
	cr_assert(back != NULL);
	blob_write(back, &second);
	cr_expect(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
	cr_expect_str_eq(back->network.refuse[1].why, "r\"w");
	cordon_profile_destroy(back);
	for (size_t size = 0; size < first.size; size++)
		cr_expect(
			blob_read(first.data, size) == NULL, "%zu of %zu bytes", size, first.size);
	cordon_profile_destroy(p);
	cordon_writer_finish(&first);
	cordon_writer_finish(&second);
}

static void
digest_of(const char *network, uint8_t ret[CORDON_DIGEST_SIZE])
{
	struct cordon_profile *p;

	base_profile(network);
	p = load_profile("base");
	memcpy(ret, p->digest, CORDON_DIGEST_SIZE);
	cordon_profile_destroy(p);
}

/* Of what decides, in its one spelling. Nothing is said of a network that is closed, as before there was one. */
Test(profile_network, the_digest_changes_with_what_decides_only)
{
	static const char *const same[][2] = {
		{ "", "\"default\": \"refuse\", \"allow\": [], \"limits\": {\"names\": 4096}" },
		{ ALLOW(HOST("a.example")),
			ALLOW("{\"host\": \"A.Example.\", \"ports\": [443, 80], \"why\": \"w\"}") },
		{ REFUSE(HOST("b\\u00fccher.de")), REFUSE(HOST("xn--bcher-kva.de")) },
		{ PRIVATE(ADDRESS("[fd00:0:0::1]:1")), PRIVATE(ADDRESS("[fd00::1]:1")) },
	};
	static const char *const other[] = { "", "\"default\": \"hold\"", "\"default\": \"public\"",
		ALLOW(HOST("a.example")), REFUSE(HOST("a.example")), ALLOW(HOST("*.a.example")),
		REFUSE("{\"host\": \"a.example\", \"ports\": [80, 443]}"),
		ALLOW("{\"host\": \"a.example\", \"ports\": [80]}"),
		ALLOW("{\"host\": \"a.example\", \"as\": \"tls\"}"),
		ALLOW("{\"host\": \"a.example\", \"ech\": true}"), PRIVATE(ADDRESS("10.0.0.1:1")),
		PRIVATE(ADDRESS("10.0.0.1:2")),
		PRIVATE("{\"address\": \"10.0.0.1:1\", \"name\": \"a.example\"}"),
		"\"limits\": {\"connections\": 1}", "\"limits\": {\"rate\": 1}",
		"\"limits\": {\"bytesOut\": 1}", "\"limits\": {\"bytesIn\": 1}",
		"\"limits\": {\"names\": 1}" };
	uint8_t digests[sizeof(other) / sizeof(other[0])][CORDON_DIGEST_SIZE],
		two[2][CORDON_DIGEST_SIZE];

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		digest_of(same[i][0], two[0]);
		digest_of(same[i][1], two[1]);
		cr_expect(memcmp(two[0], two[1], CORDON_DIGEST_SIZE) == 0, "%s", same[i][0]);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		digest_of(other[i], digests[i]);
		for (size_t k = 0; k < i; k++)
			cr_expect(memcmp(digests[i], digests[k], CORDON_DIGEST_SIZE) != 0,
				"%s and %s", other[i], other[k]);
	}
}
