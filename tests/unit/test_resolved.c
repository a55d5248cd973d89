/* Two answers become one judgement. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "dial.h"
#include "resolved.h"

static struct dns_upstream answers[2];
static enum dns_upstream_verdict verdicts[2];
static struct cordon_host name;
static struct resolved got;

static void
begin(void)
{
	struct cordon_error err;

	memset(answers, 0, sizeof(answers));
	verdicts[0] = verdicts[1] = DNS_UPSTREAM_NODATA;
	cr_assert(eq(int, cordon_host_parse("a.example", 9, &name, &err), 0));
}

TestSuite(resolved, .init = begin, .timeout = 10);

static void
add(int is_aaaa, const char *text, uint32_t ttl_s)
{
	struct cordon_address a;
	struct cordon_error err;
	struct dns_upstream *u = &answers[is_aaaa];

	cr_assert(eq(int, cordon_address_parse(text, strlen(text), &a, &err), 0));
	memcpy(u->addresses[u->address_count++], a.bytes, 16);
	u->ttl_s = ttl_s;
	verdicts[is_aaaa] = DNS_UPSTREAM_ADDRESSES;
}

static const char *
judge(void)
{
	resolved_judge(&name, verdicts, answers, NULL, 0, &got);
	cr_assert(eq(int, got.error.code == CORDON_OK, got.count > 0));
	return got.error.reason;
}

#define expect(wanted) cr_assert(eq(int, strcmp(judge(), wanted), 0), "%s", got.error.reason)

Test(resolved, either_family_is_enough)
{
	add(0, "93.184.216.34", 100);
	expect("");
	cr_assert(eq(uint, got.count, 1));
	begin();
	add(1, "2606:2800::1", 100);
	expect("");
	cr_assert(eq(u8, got.addresses[0].family, 6));
}

Test(resolved, one_forbidden_member_refuses_all)
{
	static const char *const forbidden[] = { "10.0.0.1", "127.0.0.1", "169.254.169.254",
		"0.0.0.0", "fd00::1", "::1", "::ffff:192.168.1.1", "64:ff9b::1", "2002:7f00:1::" };

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++) {
		begin();
		add(0, "93.184.216.34", 100);
		add(1, "2606:2800::1", 100);
		add(strchr(forbidden[i], ':') != NULL, forbidden[i], 100);
		expect("net.private_address");
	}
}

Test(resolved, a_forbidden_member_for_which_there_is_no_room_refuses_all)
{
	for (unsigned i = 0; i < 40; i++)
		add(0, "93.184.216.34", 100);
	add(0, "10.0.0.1", 100);
	expect("net.private_address");
}

Test(resolved, an_address_of_this_host_refuses_all)
{
	const struct cordon_address local = { 4, { 93, 184, 216, 34 } };

	add(0, "93.184.216.34", 100);
	resolved_judge(&name, verdicts, answers, &local, 1, &got);
	cr_assert(eq(str, got.error.reason, "net.private_address"));
}

Test(resolved, a_chain_by_localhost_or_what_is_no_host_refuses_all)
{
	add(0, "93.184.216.34", 100);
	answers[0].chain_count = 1;
	strcpy(answers[0].chain[0], "www.b.example");
	expect("");
	strcpy(answers[0].chain[0], "x.localhost");
	expect("net.private_address");
	strcpy(answers[0].chain[0], "-x.example");
	expect("net.dns_lie");
}

Test(resolved, each_way_to_fail_has_its_reason_in_either_family)
{
	static const struct {
		enum dns_upstream_verdict verdict;
		const char *reason;
	} ways[] = { { DNS_UPSTREAM_NXDOMAIN, "net.no_such_name" },
		{ DNS_UPSTREAM_FAILED, "net.dns_failed" },
		{ DNS_UPSTREAM_TRUNCATED, "net.dns_truncated" },
		{ DNS_UPSTREAM_OTHER, "net.dns_lie" }, { DNS_UPSTREAM_MALFORMED, "net.dns_lie" },
		{ DNS_UPSTREAM_BAD_NAME, "net.dns_lie" }, { DNS_UPSTREAM_LOOP, "net.dns_lie" },
		{ DNS_UPSTREAM_DEEP, "net.dns_lie" }, { DNS_UPSTREAM_CONTRADICTION, "net.dns_lie" },
		{ DNS_UPSTREAM_MANY, "net.dns_lie" }, { DNS_UPSTREAM_VERDICTS, "net.dns_lie" } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		for (int family = 0; family < 2; family++) {
			begin();
			add(!family, family ? "93.184.216.34" : "2606:2800::1", 100);
			verdicts[family] = ways[i].verdict;
			expect(ways[i].reason);
		}
	begin();
	expect("net.no_address");
	verdicts[1] = DNS_UPSTREAM_NXDOMAIN;
	expect("net.no_such_name");
}

Test(resolved, the_time_is_the_least_within_the_bounds)
{
	static const uint32_t times[][3] = { { 100, 200, 100 }, { 200, 100, 100 }, { 0, 500, 60 },
		{ 59, 59, 60 }, { 100000, 100000, 3600 }, { UINT32_MAX, 0, 60 } };

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		begin();
		add(0, "93.184.216.34", times[i][0]);
		add(1, "2606:2800::1", times[i][1]);
		expect("");
		cr_assert(eq(u32, got.ttl_s, times[i][2]));
	}
}

static unsigned
count_of(uint8_t family)
{
	unsigned n = 0;

	for (unsigned i = 0; i < got.count; i++)
		n += got.addresses[i].family == family;
	return n;
}

Test(resolved, both_families_have_room)
{
	static const unsigned cases[][4] = { { 60, 60, 8, 8 }, { 60, 3, 13, 3 }, { 2, 60, 2, 14 },
		{ 60, 0, 16, 0 }, { 8, 8, 8, 8 }, { 1, 1, 1, 1 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin();
		for (unsigned j = 0; j < cases[i][0]; j++)
			add(0, "93.184.216.34", 100);
		for (unsigned j = 0; j < cases[i][1]; j++)
			add(1, "2606:2800::1", 100);
		expect("");
		cr_assert(eq(uint, count_of(4), cases[i][2]));
		cr_assert(eq(uint, count_of(6), cases[i][3]));
	}
}

Test(resolved, a_mapped_address_is_the_ipv4_address)
{
	add(1, "::ffff:93.184.216.34", 100);
	expect("");
	cr_assert(eq(u8, got.addresses[0].family, 4));
	cr_assert(eq(u8, got.addresses[0].bytes[0], 93));
}

/* RFC 8305, 4. */
Test(resolved, families_take_turns_and_ipv6_begins)
{
	static const struct {
		const char *families, *order; /* "4466", "2031" */
	} cases[] = { { "4", "0" }, { "6", "0" }, { "4466", "2031" }, { "6644", "0213" },
		{ "444", "012" }, { "44446", "40123" }, { "4666", "1023" },
		{ "46464646", "10325476" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dial_set set = { .count = (unsigned)strlen(cases[i].families) };
		uint8_t order[CORDON_DIAL_ADDRESSES];

		for (unsigned j = 0; j < set.count; j++)
			set.addresses[j].family = (uint8_t)(cases[i].families[j] - '0');
		dial_race_order(&set, order);
		for (unsigned j = 0; j < set.count; j++)
			cr_assert(eq(int, order[j], cases[i].order[j] - '0'), "%s",
				cases[i].families);
	}
}
