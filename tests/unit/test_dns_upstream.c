#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include "../helpers/dns_build.h"
#include "dns_upstream.h"

#define ANSWER_BITS (DNS_QR | DNS_RD | DNS_RA)

static struct dns_build b;
static struct dns_upstream u;
static struct dns_asked asked;

static void
ask(uint16_t type)
{
	asked = (struct dns_asked){
		.name = "www.example.org", .type = type, .check_id = 1, .id = 7
	};
}

static void
begin_test(void)
{
	ask(DNS_TYPE_A);
}

TestSuite(dns_upstream, .init = begin_test, .timeout = 20);

static void
expect(enum dns_upstream_verdict verdict)
{
	enum dns_upstream_verdict found = dns_upstream_judge(&asked, b.bytes, b.size, &u);

	cr_assert(eq(int, (int)found, (int)verdict), "%s and not %s",
		dns_upstream_verdict_name(found), dns_upstream_verdict_name(verdict));
	if (found != DNS_UPSTREAM_ADDRESSES) {
		cr_assert(eq(sz, u.address_count, 0));
		cr_assert(eq(u32, u.ttl_s, 0));
	}
	if (found > DNS_UPSTREAM_NXDOMAIN)
		cr_assert(eq(sz, u.chain_count, 0));
}

/* The header and the question; the letters of the question differ from what was asked. */
static void
answer(unsigned bits, unsigned answers, unsigned authorities, unsigned additionals)
{
	const unsigned counts[4] = { 1, answers, authorities, additionals };

	dns_build_header(&b, 7, bits, counts);
	dns_build_question(&b, "wwW.exAmple.org", asked.type, DNS_CLASS_IN);
}

/* An answer as it came from a public name's server, by way of a recursive one. */
static const uint8_t real[] = { 0x05, 0xd1, 0x81, 0x80, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x01, 0x03, 0x70, 0x6b, 0x67, 0x06, 0x73, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x6f, 0x72,
	0x67, 0x00, 0x00, 0x01, 0x00, 0x01, 0xc0, 0x0c, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x3c, 0x00, 0x04, 0xcb, 0x00, 0x71, 0x50, 0x00, 0x00, 0x29, 0x20, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00 };

Test(dns_upstream, address_is_read)
{
	const struct dns_asked sample = { "pkg.sample.org", DNS_TYPE_A, 1, 0x05d1 };

	cr_assert(eq(int, (int)dns_upstream_judge(&sample, real, sizeof(real), &u),
		DNS_UPSTREAM_ADDRESSES));
	cr_assert(eq(sz, u.address_count, 1));
	cr_assert(eq(int, memcmp(u.addresses[0], "\xcb\x00\x71\x50", 4), 0));
	cr_assert(eq(u32, u.ttl_s, 60));
	cr_assert(eq(sz, u.chain_count, 0));
}

Test(dns_upstream, cut_anywhere_is_malformed)
{
	const struct dns_asked sample = { "pkg.sample.org", DNS_TYPE_A, 1, 0x05d1 };

	for (size_t size = 0; size < sizeof(real); size++)
		cr_assert(eq(int, (int)dns_upstream_judge(&sample, real, size, &u),
			DNS_UPSTREAM_MALFORMED));
}

Test(dns_upstream, addresses_are_all_given_each_once_with_the_least_time)
{
	answer(ANSWER_BITS, 4, 0, 0);
	dns_build_a(&b, "www.example.org", 300, 0x01010101);
	dns_build_a(&b, "WWW.example.org", 299, 0x02020202);
	dns_build_a(&b, "www.example.org", 200, 0x01010101);
	dns_build_a(&b, "www.example.org", 301, 0x0a000001);
	expect(DNS_UPSTREAM_ADDRESSES);
	cr_assert(eq(sz, u.address_count, 3));
	cr_assert(eq(int, memcmp(u.addresses[2], "\x0a\0\0\x01", 4), 0));
	cr_assert(eq(u32, u.ttl_s, 200));
}

Test(dns_upstream, addresses_of_the_new_kind_have_16_bytes)
{
	ask(DNS_TYPE_AAAA);
	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_aaaa(&b, "www.example.org", 5, 1);
	dns_build_aaaa(&b, "www.example.org", 5, 2);
	expect(DNS_UPSTREAM_ADDRESSES);
	cr_assert(eq(sz, u.address_count, 2));
	cr_assert(eq(u8, u.addresses[1][15], 2));
}

/* www -> n1 -> n2 -> ... -> n(links), which has an address. */
static void
chain(unsigned links, int backwards)
{
	answer(ANSWER_BITS, links + 1, 0, 0);
	if (backwards) {
		char last[16];

		snprintf(last, sizeof(last), "n%u", links);
		dns_build_a(&b, last, 50, 0x01020304);
	}
	for (unsigned i = 0; i < links; i++) {
		const unsigned at = backwards ? links - 1 - i : i;
		char owner[16] = "www.example.org", target[16];

		if (at > 0)
			snprintf(owner, sizeof(owner), "n%u", at);
		snprintf(target, sizeof(target), "N%u", at + 1);
		dns_build_cname(&b, owner, 100 + at, target);
	}
	if (!backwards) {
		char last[16];

		snprintf(last, sizeof(last), "n%u", links);
		dns_build_a(&b, last, 150, 0x01020304);
	}
}

Test(dns_upstream, chain_is_followed_in_whatever_order_it_comes)
{
	for (int backwards = 0; backwards < 2; backwards++) {
		chain(8, backwards);
		expect(DNS_UPSTREAM_ADDRESSES);
		cr_assert(eq(sz, u.chain_count, 8));
		cr_assert(eq(str, u.chain[0], "n1"));
		cr_assert(eq(str, u.chain[7], "n8"));
		cr_assert(eq(u32, u.ttl_s, backwards ? 50 : 100));
	}
}

Test(dns_upstream, chain_has_an_end)
{
	chain(9, 0);
	expect(DNS_UPSTREAM_DEEP);
	chain(9, 1);
	expect(DNS_UPSTREAM_DEEP);
}

Test(dns_upstream, chain_in_a_circle_is_refused)
{
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_cname(&b, "www.example.org", 1, "WWW.example.org");
	expect(DNS_UPSTREAM_LOOP);
	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_cname(&b, "www.example.org", 1, "a.org");
	dns_build_cname(&b, "a.org", 1, "www.example.org");
	expect(DNS_UPSTREAM_LOOP);
	answer(ANSWER_BITS, 3, 0, 0);
	dns_build_cname(&b, "www.example.org", 1, "a.org");
	dns_build_cname(&b, "a.org", 1, "b.org");
	dns_build_cname(&b, "b.org", 1, "a.org");
	expect(DNS_UPSTREAM_LOOP);
}

Test(dns_upstream, chain_to_no_host_name_is_refused)
{
	static const char *const targets[] = { "", "a b.org", "127.0.0.1", "x.0x7f" };

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		answer(ANSWER_BITS, 1, 0, 0);
		dns_build_record(&b, "www.example.org", DNS_TYPE_CNAME, 1);
		dns_build_u16(&b, targets[i][0] == '\0' ? 1 : (unsigned)strlen(targets[i]) + 2);
		dns_build_name(&b, targets[i]);
		expect(DNS_UPSTREAM_BAD_NAME);
	}
}

Test(dns_upstream, name_with_two_targets_is_refused)
{
	answer(ANSWER_BITS, 3, 0, 0);
	dns_build_cname(&b, "www.example.org", 1, "a.org");
	dns_build_cname(&b, "www.example.org", 1, "b.org");
	dns_build_a(&b, "a.org", 1, 1);
	expect(DNS_UPSTREAM_CONTRADICTION);
	/* The control: the same record twice is one. */
	answer(ANSWER_BITS, 3, 0, 0);
	dns_build_cname(&b, "www.example.org", 1, "a.org");
	dns_build_cname(&b, "www.example.org", 1, "A.org");
	dns_build_a(&b, "a.org", 1, 1);
	expect(DNS_UPSTREAM_ADDRESSES);
}

Test(dns_upstream, name_with_a_target_and_an_address_is_refused)
{
	for (int first = 0; first < 2; first++) {
		answer(ANSWER_BITS, 3, 0, 0);
		if (first)
			dns_build_a(&b, "www.example.org", 1, 1);
		dns_build_cname(&b, "www.example.org", 1, "a.org");
		if (!first)
			dns_build_a(&b, "www.example.org", 1, 1);
		dns_build_a(&b, "a.org", 1, 2);
		expect(DNS_UPSTREAM_CONTRADICTION);
	}
}

Test(dns_upstream, records_that_nobody_asked_for_are_refused)
{
	/* Another name's address, another name's target, an address of the other kind, another class. */
	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	dns_build_a(&b, "bank.example", 1, 1);
	expect(DNS_UPSTREAM_CONTRADICTION);
	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	dns_build_cname(&b, "bank.example", 1, "a.org");
	expect(DNS_UPSTREAM_CONTRADICTION);
	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	dns_build_aaaa(&b, "www.example.org", 1, 1);
	expect(DNS_UPSTREAM_CONTRADICTION);
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_a(&b, "", 1, 1);
	expect(DNS_UPSTREAM_CONTRADICTION);
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_question(&b, "www.example.org", DNS_TYPE_A, 3);
	dns_build_u32(&b, 1);
	dns_build_u16(&b, 4);
	dns_build_u32(&b, 1);
	expect(DNS_UPSTREAM_CONTRADICTION);
}

Test(dns_upstream, other_sections_give_no_addresses)
{
	answer(ANSWER_BITS, 1, 1, 1);
	dns_build_cname(&b, "www.example.org", 1, "a.org");
	dns_build_a(&b, "a.org", 1, 1);
	dns_build_a(&b, "a.org", 1, 1);
	expect(DNS_UPSTREAM_NODATA);
	cr_assert(eq(sz, u.chain_count, 1));
	cr_assert(eq(str, u.chain[0], "a.org"));
}

Test(dns_upstream, records_of_other_types_are_passed_over)
{
	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_record(&b, "www.example.org", 46, 1); /* RRSIG */
	dns_build_u16(&b, 2);
	dns_build_u16(&b, 0xffff);
	dns_build_a(&b, "www.example.org", 9, 1);
	expect(DNS_UPSTREAM_ADDRESSES);
	cr_assert(eq(u32, u.ttl_s, 9));
}

Test(dns_upstream, empty_answer_is_not_a_missing_name)
{
	answer(ANSWER_BITS, 0, 0, 0);
	expect(DNS_UPSTREAM_NODATA);
	answer(ANSWER_BITS | DNS_NXDOMAIN, 0, 0, 0);
	expect(DNS_UPSTREAM_NXDOMAIN);
	answer(ANSWER_BITS | DNS_NXDOMAIN, 1, 0, 0);
	dns_build_cname(&b, "www.example.org", 1, "a.org");
	expect(DNS_UPSTREAM_NXDOMAIN);
	cr_assert(eq(sz, u.chain_count, 1));
}

Test(dns_upstream, missing_name_has_no_address)
{
	answer(ANSWER_BITS | DNS_NXDOMAIN, 1, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	expect(DNS_UPSTREAM_CONTRADICTION);
}

Test(dns_upstream, failure_is_a_failure)
{
	static const unsigned rcodes[] = { 1, 2, 4, 5, 6, 15 };
	const unsigned none[4] = { 0 };

	for (size_t i = 0; i < sizeof(rcodes) / sizeof(*rcodes); i++) {
		answer(ANSWER_BITS | rcodes[i], 1, 0, 0);
		dns_build_a(&b, "www.example.org", 1, 1);
		expect(DNS_UPSTREAM_FAILED);
		dns_build_header(&b, 7, ANSWER_BITS | rcodes[i], none);
		expect(DNS_UPSTREAM_FAILED);
	}
	/* In the upper bits, BADVERS. */
	answer(ANSWER_BITS, 1, 0, 1);
	dns_build_a(&b, "www.example.org", 1, 1);
	dns_build_opt(&b, 1232, 0x01000000);
	expect(DNS_UPSTREAM_FAILED);
}

Test(dns_upstream, cut_answer_is_not_looked_at)
{
	answer(ANSWER_BITS | DNS_TC, 1, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	expect(DNS_UPSTREAM_TRUNCATED);
}

Test(dns_upstream, answer_is_to_what_was_asked)
{
	const unsigned one[4] = { 1, 0, 0, 0 }, none[4] = { 0 }, two[4] = { 2, 0, 0, 0 };

	answer(ANSWER_BITS, 0, 0, 0);
	asked.id = 8;
	expect(DNS_UPSTREAM_OTHER);
	asked.check_id = 0;
	expect(DNS_UPSTREAM_NODATA);
	strcpy(asked.name, "www.example.com");
	expect(DNS_UPSTREAM_OTHER);
	ask(DNS_TYPE_AAAA);
	expect(DNS_UPSTREAM_OTHER);
	ask(DNS_TYPE_A);
	answer(DNS_RD, 0, 0, 0); /* a query */
	expect(DNS_UPSTREAM_OTHER);
	answer(ANSWER_BITS | 4u << 11, 0, 0, 0);
	expect(DNS_UPSTREAM_OTHER);
	dns_build_header(&b, 7, ANSWER_BITS, none);
	expect(DNS_UPSTREAM_OTHER);
	dns_build_header(&b, 7, ANSWER_BITS | DNS_NXDOMAIN, none);
	expect(DNS_UPSTREAM_OTHER);
	dns_build_header(&b, 7, ANSWER_BITS, two);
	dns_build_question(&b, asked.name, DNS_TYPE_A, 1);
	dns_build_question(&b, asked.name, DNS_TYPE_A, 1);
	expect(DNS_UPSTREAM_OTHER);
	dns_build_header(&b, 7, ANSWER_BITS, one);
	dns_build_question(&b, asked.name, DNS_TYPE_A, 3);
	expect(DNS_UPSTREAM_OTHER);
	dns_build_header(&b, 7, ANSWER_BITS, one);
	dns_build_question(&b, "", DNS_TYPE_A, 1);
	expect(DNS_UPSTREAM_OTHER);
}

Test(dns_upstream, asks_for_addresses_alone)
{
	ask(DNS_TYPE_ANY);
	answer(ANSWER_BITS, 0, 0, 0);
	expect(DNS_UPSTREAM_MALFORMED);
}

Test(dns_upstream, counts_and_bytes_agree)
{
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	dns_build_u8(&b, 0);
	expect(DNS_UPSTREAM_MALFORMED);
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_a(&b, "www.example.org", 1, 1);
	dns_build_a(&b, "www.example.org", 1, 2);
	expect(DNS_UPSTREAM_MALFORMED);
	for (size_t section = 1; section < 4; section++) {
		unsigned counts[4] = { 1, 0, 0, 0 };

		counts[section] = section == 1 ? 256 : 65535;
		dns_build_header(&b, 7, ANSWER_BITS, counts);
		dns_build_question(&b, asked.name, DNS_TYPE_A, 1);
		dns_build_a(&b, asked.name, 1, 1);
		expect(DNS_UPSTREAM_MALFORMED);
	}
}

Test(dns_upstream, data_has_the_length_of_its_type)
{
	static const unsigned sizes[] = { 0, 3, 5, 16 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		answer(ANSWER_BITS, 1, 0, 0);
		dns_build_record(&b, "www.example.org", DNS_TYPE_A, 1);
		dns_build_u16(&b, sizes[i]);
		dns_build_bytes(&b, "0123456789abcdef", sizes[i]);
		expect(DNS_UPSTREAM_MALFORMED);
	}
	for (int more = -1; more < 2; more += 2) {
		answer(ANSWER_BITS, 1, 0, 0);
		dns_build_record(&b, "www.example.org", DNS_TYPE_CNAME, 1);
		dns_build_u16(&b, (unsigned)(7 + more));
		dns_build_name(&b, "a.org");
		if (more > 0)
			dns_build_u8(&b, 0);
		expect(DNS_UPSTREAM_MALFORMED);
	}
}

Test(dns_upstream, opt_stands_once_and_in_its_place)
{
	answer(ANSWER_BITS, 0, 0, 2);
	dns_build_opt(&b, 1232, 0);
	dns_build_opt(&b, 1232, 0);
	expect(DNS_UPSTREAM_MALFORMED);
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_opt(&b, 1232, 0);
	expect(DNS_UPSTREAM_MALFORMED);
	answer(ANSWER_BITS, 0, 1, 0);
	dns_build_opt(&b, 1232, 0);
	expect(DNS_UPSTREAM_MALFORMED);
	answer(ANSWER_BITS, 0, 0, 1);
	dns_build_record(&b, "a", DNS_TYPE_OPT, 0);
	dns_build_u16(&b, 0);
	expect(DNS_UPSTREAM_MALFORMED);
}

static void
pointed(size_t to)
{
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_pointer(&b, to);
	dns_build_u32(&b, 0x00010001);
	dns_build_u32(&b, 1);
	dns_build_u16(&b, 4);
	dns_build_u32(&b, 1);
}

Test(dns_upstream, pointers_lead_strictly_back)
{
	pointed(12);
	expect(DNS_UPSTREAM_ADDRESSES);
	pointed(b.size); /* ahead */
	expect(DNS_UPSTREAM_MALFORMED);
	pointed(33); /* itself */
	expect(DNS_UPSTREAM_MALFORMED);
	/* Ahead, to a whole name: that of the record that follows. */
	pointed(33 + 16);
	b.bytes[7] = 2;
	dns_build_a(&b, "www.example.org", 1, 1);
	expect(DNS_UPSTREAM_MALFORMED);
	for (size_t to = 0; to < 12; to++) { /* the header */
		pointed(to);
		expect(DNS_UPSTREAM_MALFORMED);
	}
	/* A label, and back to that label. */
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_u16(&b, 0x0161);
	dns_build_pointer(&b, 33);
	dns_build_u32(&b, 0x00010001);
	dns_build_u32(&b, 1);
	dns_build_u16(&b, 4);
	dns_build_u32(&b, 1);
	expect(DNS_UPSTREAM_MALFORMED);
}

/* Pointers that each lead to the one before, in the data of a record that is passed over; then an address
 * whose owner is the last one. */
static void
pointer_ladder(unsigned rungs)
{
	size_t at;

	answer(ANSWER_BITS, 2, 0, 0);
	dns_build_record(&b, "www.example.org", 16, 1);
	dns_build_u16(&b, 2 * rungs);
	at = b.size;
	for (unsigned i = 0; i < rungs; i++)
		dns_build_pointer(&b, i == 0 ? 12 : at + 2 * (i - 1));
	dns_build_pointer(&b, at + 2 * (rungs - 1));
	dns_build_u32(&b, 0x00010001);
	dns_build_u32(&b, 1);
	dns_build_u16(&b, 4);
	dns_build_u32(&b, 1);
}

Test(dns_upstream, pointers_of_a_name_are_counted)
{
	pointer_ladder(15);
	expect(DNS_UPSTREAM_ADDRESSES);
	pointer_ladder(16);
	expect(DNS_UPSTREAM_MALFORMED);
}

Test(dns_upstream, name_is_bounded_also_when_compressed)
{
	char name[64];
	size_t ats[4];

	/* Four labels of 63 bytes, each at the front of the one before: 257 bytes with the root. */
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	answer(ANSWER_BITS, 4, 0, 0);
	for (size_t i = 0; i < 4; i++) {
		ats[i] = b.size;
		dns_build_u8(&b, 63);
		dns_build_bytes(&b, name, 63);
		if (i == 0)
			dns_build_u8(&b, 0);
		else
			dns_build_pointer(&b, ats[i - 1]);
		dns_build_u32(&b, 0x00100001);
		dns_build_u32(&b, 1);
		dns_build_u16(&b, 0);
	}
	expect(DNS_UPSTREAM_MALFORMED);
	b.bytes[7] = 3; /* the control: three of them */
	b.size = ats[3];
	expect(DNS_UPSTREAM_NODATA);
}

Test(dns_upstream, addresses_are_counted)
{
	answer(ANSWER_BITS, 64, 0, 0);
	for (uint32_t i = 0; i < 64; i++)
		dns_build_a(&b, "www.example.org", 1, i);
	expect(DNS_UPSTREAM_ADDRESSES);
	cr_assert(eq(sz, u.address_count, 64));
	answer(ANSWER_BITS, 65, 0, 0);
	for (uint32_t i = 0; i < 65; i++)
		dns_build_a(&b, "www.example.org", 1, i);
	expect(DNS_UPSTREAM_MANY);
}

Test(dns_upstream, time_with_the_upper_bit_is_none)
{
	answer(ANSWER_BITS, 1, 0, 0);
	dns_build_a(&b, "www.example.org", 0x80000000u, 1);
	expect(DNS_UPSTREAM_ADDRESSES);
	cr_assert(eq(u32, u.ttl_s, 0));
}

Test(dns_upstream, records_are_counted)
{
	for (unsigned count = 256; count <= 257; count++) {
		answer(ANSWER_BITS, count, 0, 0);
		for (unsigned i = 0; i < count; i++)
			dns_build_a(&b, "www.example.org", 1, 1);
		expect(count == 256 ? DNS_UPSTREAM_ADDRESSES : DNS_UPSTREAM_MANY);
	}
}

Test(dns_upstream, message_is_no_longer_than_tcp_can_say)
{
	static const uint8_t zeroes[65536];

	for (unsigned more = 0; more < 2; more++) {
		answer(ANSWER_BITS, 1, 0, 0);
		dns_build_record(&b, "www.example.org", 16, 1);
		dns_build_u16(&b, (unsigned)(65535 - b.size - 2 + more));
		dns_build_bytes(&b, zeroes, 65535 - b.size + more);
		expect(more ? DNS_UPSTREAM_MALFORMED : DNS_UPSTREAM_NODATA);
	}
}

Test(dns_upstream, verdicts_have_words)
{
	for (int i = 0; i < DNS_UPSTREAM_VERDICTS; i++) {
		cr_assert(eq(int, strncmp(dns_upstream_verdict_name(i), "dns.", 4), 0));
		cr_assert(gt(sz, strlen(dns_upstream_verdict_text(i)), 10));
	}
	cr_assert(eq(str, (char *)dns_upstream_verdict_name(99), "dns.unknown"));
	cr_assert(eq(str, (char *)dns_upstream_verdict_text(99), "the answer is unknown"));
}
