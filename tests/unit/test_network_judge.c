/* What a profile says of a destination: each rule by itself, then which wins. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/host_pattern.h>
#include <cordon/profile.h>

#include "network_hosts.h"
#include "network_judge.h"

static struct cordon_error err;
static struct cordon_profile *profile;
static struct network_policy *policy;

static void
drop(void)
{
	network_policy_destroy(policy);
	cordon_profile_destroy(profile);
	policy = NULL;
	profile = NULL;
}

TestSuite(network_judge, .fini = drop, .timeout = 30);

/* The policy of a profile on the bare floor with this network. */
static void
use(const char *network)
{
	const struct cordon_profile_places places = { .read_host = network_read_host };
	char path[] = "/tmp/cordon-judge-XXXXXX.json";
	const int fd = mkstemps(path, 5);

	drop();
	cr_assert(fd >= 0 && fchmod(fd, 0600) == 0);
	dprintf(fd, "{\"cordonProfile\": 1, \"extends\": [], \"network\": {%s}}", network);
	close(fd);
	profile = cordon_profile_load(&places, path, &err);
	unlink(path);
	cr_assert(profile != NULL, "%s", err.text);
	policy = network_policy_create(&profile->network, &err);
	cr_assert(policy != NULL, "%s", err.text);
}

static void
use_library(const char *name)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };

	drop();
	profile = cordon_profile_load(&places, name, &err);
	cr_assert(profile != NULL, "%s", err.text);
	policy = network_policy_create(&profile->network, &err);
	cr_assert(policy != NULL, "%s", err.text);
}

static const struct cordon_address own = { 4, { 1, 1, 1, 7 } }; /* of this host's */

static struct network_verdict
judge(const char *to)
{
	struct cordon_endpoint endpoint;

	cr_assert(cordon_endpoint_parse(to, strlen(to), 0, &endpoint, &err) == 0, "%s", err.text);
	return network_judge(policy, &endpoint, &own, 1);
}

/* "allow LIST ENTRY AS [ech] [=ADDRESS]", or the decision and its reason. */
static const char *
say(const char *to)
{
	static const char *const lists[] = { "default", "kind", "allow", "refuse", "private" };
	static char text[128];
	const struct network_verdict v = judge(to);
	char address[CORDON_ADDRESS_TEXT] = "";

	if (v.dial != NULL)
		cordon_address_print(v.dial, address);
	cr_expect((v.verdict == CORDON_ALLOW) == (v.reason[0] == '\0'));
	cr_expect(v.dial == NULL || v.list == NETWORK_BY_PRIVATE);
	if (v.verdict == CORDON_ALLOW)
		snprintf(text, sizeof(text), "allow %s %zu %s%s%s%s", lists[v.list], v.entry,
			cordon_network_as_name(v.as), v.ech ? " ech" : "",
			v.dial != NULL ? " =" : "", address);
	else
		snprintf(text, sizeof(text), "%s %s", cordon_decision_name(v.verdict), v.reason);
	return text;
}

#define IS(to, wanted) cr_expect_str_eq(say(to), wanted, "%s: %s", to, say(to))

Test(network_judge, nothing_is_listed_and_nothing_is_reached)
{
	use("");
	IS("a.example:443", "refuse net.not_listed");
	IS("8.8.8.8:53", "refuse net.not_listed");
	IS("[2606:4700::1111]:53", "refuse net.not_listed");
	IS("127.0.0.1:1", "refuse net.private_address");
	IS("localhost:1", "refuse net.private_address");
}

Test(network_judge, a_name_is_that_name_at_its_ports)
{
	use("\"allow\": [{\"host\": \"a.example\"}, {\"host\": \"b.example\", \"ports\": [5, 7]}]");
	IS("a.example:443", "allow allow 0 tls");
	IS("A.Example.:80", "allow allow 0 http");
	IS("a.example:8080", "refuse net.not_listed");
	IS("x.a.example:443", "refuse net.not_listed");
	IS("xa.example:443", "refuse net.not_listed");
	IS("example:443", "refuse net.not_listed");
	IS("b.example:5", "allow allow 1 opaque");
	IS("b.example:7", "allow allow 1 opaque");
	IS("b.example:6", "refuse net.not_listed");
	IS("b.example:443", "refuse net.not_listed");
}

Test(network_judge, a_star_is_what_is_strictly_below)
{
	use("\"allow\": [{\"host\": \"*.a.example\"}]");
	IS("x.a.example:443", "allow allow 0 tls");
	IS("y.x.a.example:443", "allow allow 0 tls");
	IS("a.example:443", "refuse net.not_listed");
	IS("xa.example:443", "refuse net.not_listed");
	IS("a.example.org:443", "refuse net.not_listed");
	IS("8.8.8.8:443", "refuse net.not_listed");
}

Test(network_judge, an_address_is_listed_by_itself)
{
	use("\"allow\": [{\"host\": \"8.8.8.8\", \"ports\": [853], \"as\": \"tls\"}, {\"host\": "
	    "\"2606:4700::1111\"}]");
	IS("8.8.8.8:853", "allow allow 0 tls");
	IS("[::ffff:8.8.8.8]:853", "allow allow 0 tls");
	IS("8.8.8.8:443", "refuse net.not_listed");
	IS("8.8.4.4:853", "refuse net.not_listed");
	IS("[2606:4700:0:0::1111]:443", "allow allow 1 tls");
}

Test(network_judge, what_is_spoken_is_said_or_follows_from_the_port)
{
	use("\"allow\": [{\"host\": \"a.example\", \"ports\": [80, 443, 8443]}, {\"host\": "
	    "\"t.example\", \"as\": \"tls\", \"ech\": true}, {\"host\": \"h.example\", \"ports\": "
	    "[443], \"as\": \"http\"}, {\"host\": \"o.example\", \"as\": \"opaque\"}, {\"host\": "
	    "\"e.example\", \"ech\": true}]");
	IS("a.example:80", "allow allow 0 http");
	IS("a.example:443", "allow allow 0 tls");
	IS("a.example:8443", "allow allow 0 opaque");
	IS("t.example:80", "allow allow 1 tls ech");
	IS("h.example:443", "allow allow 2 http");
	IS("o.example:443", "allow allow 3 opaque");
	IS("e.example:443", "allow allow 4 tls ech");
	IS("e.example:80", "allow allow 4 http");
}

/* Grants are joined: what is taken away never opens anything. */
Test(network_judge, of_several_entries_the_laxest_counts)
{
	use("\"allow\": [{\"host\": \"a.b.example\", \"ports\": [7], \"as\": \"tls\"}, {\"host\": "
	    "\"*.b.example\", \"ports\": [7], \"as\": \"http\"}, {\"host\": \"c.b.example\", \"ports\": "
	    "[7], \"as\": \"opaque\"}, {\"host\": \"c.b.example\", \"ports\": [7]}, {\"host\": "
	    "\"t.example\"}, {\"host\": \"t.example\", \"ports\": [443], \"ech\": true}, {\"host\": "
	    "\"t.example\", \"ports\": [443]}]");
	IS("a.b.example:7", "allow allow 1 http");
	IS("d.b.example:7", "allow allow 1 http");
	IS("c.b.example:7", "allow allow 2 opaque");
	IS("t.example:443", "allow allow 5 tls ech");
	IS("t.example:80", "allow allow 4 http");
}

Test(network_judge, refuse_wins)
{
	use("\"default\": \"public\", \"allow\": [{\"host\": \"a.example\"}, {\"host\": \"8.8.8.8\"}], "
	    "\"refuse\": [{\"host\": \"a.example\", \"ports\": [80], \"why\": \"in the clear\"}, "
	    "{\"host\": \"*.github.io\"}, {\"host\": \"8.8.8.8\"}, {\"host\": \"10.0.0.1\"}, {\"host\": "
	    "\"q.test\"}], \"private\": [{\"address\": \"10.0.0.1:80\", \"name\": \"p.test\"}, "
	    "{\"address\": \"10.0.0.2:80\", \"name\": \"q.test\"}, {\"address\": \"10.0.0.2:80\"}]");
	IS("a.example:80", "refuse net.refused");
	cr_expect_str_eq(judge("a.example:80").why, "in the clear");
	IS("a.example:443", "allow allow 0 tls");
	IS("x.github.io:12345", "refuse net.refused");
	cr_expect(judge("x.github.io:12345").entry == 1);
	IS("github.io:443", "allow default 0 tls");
	IS("8.8.8.8:443", "refuse net.refused");
	IS("p.test:80", "refuse net.refused");
	IS("10.0.0.1:80", "refuse net.refused");
	IS("q.test:80", "refuse net.refused");
	IS("10.0.0.2:80", "allow private 2 http =10.0.0.2");
}

Test(network_judge, public_is_what_is_public)
{
	use("\"default\": \"public\"");
	IS("a.example:443", "allow default 0 tls");
	IS("a.example:80", "allow default 0 http");
	IS("a.example:22", "allow default 0 opaque");
	IS("8.8.8.8:53", "allow default 0 opaque");
	IS("10.0.0.1:80", "refuse net.private_address");
	IS("127.0.0.1:80", "refuse net.private_address");
	IS("169.254.169.254:80", "refuse net.private_address");
	IS("[::ffff:10.0.0.1]:80", "refuse net.private_address");
	IS("[64:ff9b::a00:1]:80", "refuse net.private_address");
	IS("[fd00::1]:80", "refuse net.private_address");
	IS("198.18.0.1:80", "refuse net.private_address");
	IS("1.1.1.7:80", "refuse net.private_address"); /* this host's */
	IS("localhost:80", "refuse net.private_address");
	IS("a.localhost:80", "refuse net.private_address");
}

/* An entry can only loosen what is public anyway. */
Test(network_judge, public_is_a_grant_like_others)
{
	use("\"default\": \"public\", \"allow\": [{\"host\": \"a.example\", \"as\": \"opaque\"}, "
	    "{\"host\": \"b.example\", \"ports\": [7], \"as\": \"tls\"}, {\"host\": \"c.example\", "
	    "\"ech\": true}]");
	IS("a.example:443", "allow allow 0 opaque");
	IS("b.example:7", "allow default 0 opaque");
	IS("c.example:443", "allow allow 2 tls ech");
	IS("d.example:443", "allow default 0 tls");
}

Test(network_judge, hold_asks_about_what_is_not_listed)
{
	use("\"default\": \"hold\", \"allow\": [{\"host\": \"a.example\"}]");
	IS("a.example:443", "allow allow 0 tls");
	IS("a.example:7", "hold approval.required");
	IS("b.example:443", "hold approval.required");
	cr_expect(judge("b.example:443").as == CORDON_AS_TLS);
	IS("8.8.8.8:443", "hold approval.required");
	/* Nobody can allow these. */
	IS("10.0.0.1:443", "refuse net.private_address");
	IS("localhost:443", "refuse net.private_address");
}

Test(network_judge, an_exception_is_one_name_one_address_one_port)
{
	use("\"private\": [{\"address\": \"127.0.0.1:5432\", \"name\": \"db.test\", \"why\": \"w\"}, "
	    "{\"address\": \"[fd00::1]:443\"}, {\"address\": \"1.1.1.7:80\", \"name\": \"me.test\"}]");
	IS("db.test:5432", "allow private 0 opaque =127.0.0.1");
	cr_expect_str_eq(judge("db.test:5432").why, "w");
	IS("DB.test.:5432", "allow private 0 opaque =127.0.0.1");
	IS("db.test:5433", "refuse net.not_listed");
	IS("x.db.test:5432", "refuse net.not_listed");
	IS("127.0.0.1:5432", "refuse net.private_address");
	IS("[fd00::1]:443", "allow private 1 tls =fd00::1");
	IS("[fd00::1]:80", "refuse net.private_address");
	IS("[fd00::2]:443", "refuse net.private_address");
	IS("me.test:80", "allow private 2 http =1.1.1.7");
	IS("1.1.1.7:80", "refuse net.private_address");
}

Test(network_judge, an_address_behind_a_name_is_reached_where_it_is_listed_too)
{
	use("\"allow\": [{\"host\": \"127.0.0.1\", \"ports\": [5432]}], \"private\": [{\"address\": "
	    "\"127.0.0.1:5432\", \"name\": \"db.test\"}]");
	IS("127.0.0.1:5432", "allow private 0 opaque =127.0.0.1");
	IS("db.test:5432", "allow private 0 opaque =127.0.0.1");
	IS("127.0.0.1:5433", "refuse net.private_address");
}

/* A listed name that merely resolves there stays refused. */
Test(network_judge, addresses_that_names_resolve_to_are_judged)
{
	static const struct cordon_address db = { 4, { 127, 0, 0, 1 } },
					   good = { 4, { 8, 8, 8, 8 } },
					   bad = { 4, { 8, 8, 4, 4 } },
					   mapped = { 6, { [10] = 0xff, 0xff, 8, 8, 4, 4 } };
	const char *reason = NULL;

	use("\"default\": \"public\", \"allow\": [{\"host\": \"a.example\"}], \"refuse\": [{\"host\": "
	    "\"8.8.4.4\", \"ports\": [443]}], \"private\": [{\"address\": \"127.0.0.1:443\", \"name\": "
	    "\"db.test\"}]");
	cr_expect(!network_refuses_address(policy, &good, 443, &own, 1, &reason));
	cr_expect(reason == NULL);
	cr_expect(network_refuses_address(policy, &db, 443, &own, 1, &reason));
	cr_expect_str_eq(reason, "net.private_address");
	cr_expect(network_refuses_address(policy, &own, 443, &own, 1, &reason));
	cr_expect(network_refuses_address(policy, &bad, 443, &own, 1, &reason));
	cr_expect_str_eq(reason, "net.refused");
	cr_expect(network_refuses_address(policy, &mapped, 443, &own, 1, &reason));
	cr_expect(!network_refuses_address(policy, &bad, 80, &own, 1, &reason));
}

/* A policy is made only of hosts that the one reader takes. */
Test(network_judge, a_host_that_cannot_be_read_makes_no_policy)
{
	char suffix[] = "*.co.uk", zone[] = "fe80::1%x";
	struct cordon_network_entry entry = { .host = suffix, .kind = CORDON_NETWORK_BELOW };
	struct cordon_network network = { .allow = &entry, .allow_count = 1 };
	struct network_policy *made = network_policy_create(&network, &err);

	cr_expect(made == NULL);
	network = (struct cordon_network){ .refuse = &entry, .refuse_count = 1 };
	made = network_policy_create(&network, &err);
	cr_expect(made != NULL, "what is refused may be a public suffix");
	network_policy_destroy(made);
	entry.host = zone;
	made = network_policy_create(&network, &err);
	cr_expect(made == NULL);
}

/* The library's tables. */
Test(network_judge, the_library_says)
{
	static const char *const closed[] = { "default", "readonly", "strict", "build", "python",
		"node", "net-client" };
	static const char *const hosts[] = { "a.example:443", "8.8.8.8:53",
		"[2606:4700::1111]:443" };

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		use_library(closed[i]);
		cr_expect(!cordon_network_opens(&profile->network));
		for (size_t k = 0; k < 3; k++)
			IS(hosts[k], "refuse net.not_listed");
	}
	cr_expect(profile->network.limits.bytes_out == 20u << 20);
	use_library("web");
	IS("a.example:443", "allow default 0 tls");
	IS("a.example:80", "allow default 0 http");
	IS("a.example:22", "allow default 0 opaque");
	IS("8.8.8.8:53", "allow default 0 opaque");
	IS("192.168.0.1:80", "refuse net.private_address");
	IS("169.254.169.254:80", "refuse net.private_address");
	IS("localhost:80", "refuse net.private_address");
	cr_expect(profile->network.limits.bytes_out == 4u << 20 &&
		  profile->network.limits.names == 1024);
}
