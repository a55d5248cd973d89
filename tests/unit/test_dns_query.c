#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "../helpers/dns_build.h"
#include "dns_query.h"

static struct dns_build b;
static struct dns_query q;

static enum dns_query_verdict
read_built(void)
{
	return dns_query_read(b.bytes, b.size, &q);
}

#define expect_verdict(verdict) cr_assert(eq(int, (int)read_built(), (int)(verdict)))

static void
build(unsigned bits, unsigned questions, unsigned additionals)
{
	const unsigned counts[4] = { questions, 0, 0, additionals };

	dns_build_header(&b, 0x1234, bits, counts);
}

static void
plain(const char *name)
{
	build(DNS_RD, 1, 0);
	dns_build_question(&b, name, DNS_TYPE_A, DNS_CLASS_IN);
}

/* curl 7.88 by glibc 2.36 with the options edns0 and trust-ad, asking for example.org. */
static const uint8_t by_glibc[] = { 0xdf, 0x81, 0x01, 0x20, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x6f, 0x72, 0x67, 0x00,
	0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x29, 0x04, 0xb0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };
/* node's c-ares, asking for the texts of it. */
static const uint8_t by_cares[] = { 0x9e, 0xc6, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x6f, 0x72, 0x67, 0x00,
	0x00, 0x10, 0x00, 0x01 };
/* getent by glibc with use-vc: both look-ups in one segment. */
static const uint8_t by_tcp[] = { 0x00, 0x21, 0x84, 0xfa, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x03, 0x77, 0x77, 0x77, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65,
	0x03, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x21, 0xb6, 0xf8, 0x01, 0x00,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x77, 0x77, 0x77, 0x07, 0x65, 0x78,
	0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x1c, 0x00, 0x01 };

Test(dns_query, of_glibc_is_read)
{
	cr_assert(eq(int, (int)dns_query_read(by_glibc, sizeof(by_glibc), &q), DNS_QUERY_FINE));
	cr_assert(eq(u16, q.id, 0xdf81));
	cr_assert(eq(str, q.name.text, "example.org"));
	cr_assert(eq(u16, q.type, DNS_TYPE_A));
	cr_assert(eq(u16, q.udp_size, 1200));
	cr_assert(eq(int, q.edns, 1));
	cr_assert(eq(int, q.dnssec_ok, 0));
	cr_assert(eq(sz, q.question_size, 17));
}

Test(dns_query, of_cares_is_read)
{
	cr_assert(eq(int, (int)dns_query_read(by_cares, sizeof(by_cares), &q), DNS_QUERY_FINE));
	cr_assert(eq(str, q.name.text, "example.org"));
	cr_assert(eq(u16, q.type, 16));
	cr_assert(eq(u16, q.udp_size, 512));
	cr_assert(eq(int, q.edns, 0));
}

Test(dns_query, has_its_name_in_lower_case_and_its_question_as_it_came)
{
	plain("wWw.ExAmPlE.oRg");

	expect_verdict(DNS_QUERY_FINE);
	cr_assert(eq(str, q.name.text, "www.example.org"));
	cr_assert(eq(int, memcmp(q.question, b.bytes + 12, b.size - 12), 0));
	cr_assert(eq(sz, q.question_size, b.size - 12));
}

Test(dns_query, for_a_name_that_is_no_host_has_no_text)
{
	static const char *const names[] = { "", "a b.org", "1.2.3.4", "a\xff-b", "x.0x7f" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		build(0, 1, 0);
		if (i == 2) {
			/* One label with dots in it. */
			dns_build_u8(&b, 9);
			dns_build_bytes(&b, "a.b.c.org", 10);
			dns_build_u32(&b, 0x00010001);
		} else {
			dns_build_question(&b, names[i], DNS_TYPE_A, DNS_CLASS_IN);
		}
		expect_verdict(DNS_QUERY_FINE);
		cr_assert(eq(int, q.name.host, 0));
		cr_assert(eq(str, q.name.text, ""));
	}
	plain("1.2.3.4");
	expect_verdict(DNS_QUERY_FINE);
	cr_assert(eq(int, q.name.host, 0));
}

Test(dns_query, that_is_a_response_gets_silence)
{
	plain("a.org");
	b.bytes[2] |= 0x80;
	expect_verdict(DNS_QUERY_SILENCE);
}

Test(dns_query, without_a_whole_header_gets_silence)
{
	plain("a.org");
	for (b.size = 0; b.size < 12; b.size++)
		expect_verdict(DNS_QUERY_SILENCE);
}

Test(dns_query, longer_than_queries_are_gets_silence)
{
	static const uint8_t zeroes[DNS_QUERY_MAX];

	plain("a.org");
	dns_build_bytes(&b, zeroes, DNS_QUERY_MAX + 1 - b.size);
	expect_verdict(DNS_QUERY_SILENCE);
	b.size--;
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, cut_anywhere_is_malformed)
{
	struct dns_query read;

	for (size_t size = 12; size < sizeof(by_glibc); size++)
		cr_assert(eq(int, (int)dns_query_read(by_glibc, size, &read), DNS_QUERY_FORMERR));
}

Test(dns_query, with_another_opcode_is_not_implemented)
{
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		build(opcode << 11 | DNS_RD, 1, 0);
		expect_verdict(DNS_QUERY_NOTIMP);
	}
}

Test(dns_query, with_bits_of_an_answer_is_malformed)
{
	static const unsigned bits[] = { DNS_AA, DNS_TC, DNS_RA, DNS_Z, 3 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		build(DNS_RD | bits[i], 1, 0);
		dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
		expect_verdict(DNS_QUERY_FORMERR);
	}
	build(DNS_RD | DNS_AD | DNS_CD, 1, 0);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	expect_verdict(DNS_QUERY_FINE);
}

Test(dns_query, has_exactly_one_question)
{
	build(DNS_RD, 0, 0);
	expect_verdict(DNS_QUERY_FORMERR);
	build(DNS_RD, 2, 0);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	dns_build_question(&b, "b.org", DNS_TYPE_A, DNS_CLASS_IN);
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, has_no_records_of_an_answer)
{
	for (size_t section = 1; section < 3; section++) {
		unsigned counts[4] = { 1, 0, 0, 0 };

		counts[section] = 1;
		dns_build_header(&b, 1, DNS_RD, counts);
		dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
		dns_build_a(&b, "a.org", 1, 1);
		expect_verdict(DNS_QUERY_FORMERR);
	}
}

Test(dns_query, with_bytes_behind_it_is_malformed)
{
	plain("a.org");
	dns_build_u8(&b, 0);
	expect_verdict(DNS_QUERY_FORMERR);
	build(DNS_RD, 1, 1);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	dns_build_opt(&b, 1232, 0);
	dns_build_u8(&b, 0);
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, with_a_compressed_name_is_malformed)
{
	build(DNS_RD, 1, 0);
	dns_build_u8(&b, 1);
	dns_build_u8(&b, 'a');
	dns_build_pointer(&b, 12);
	dns_build_u32(&b, 0x00010001);
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, with_a_label_of_another_kind_is_malformed)
{
	static const unsigned kinds[] = { 0x40, 0x41, 0x80, 0xbf };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		plain("a.org");
		b.bytes[12] = (uint8_t)kinds[i];
		expect_verdict(DNS_QUERY_FORMERR);
	}
}

Test(dns_query, name_has_255_bytes_and_no_more)
{
	char name[260];

	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	name[253] = '\0';
	plain(name);
	expect_verdict(DNS_QUERY_FINE);
	cr_assert(eq(str, q.name.text, name));
	cr_assert(eq(sz, q.question_size, 259));
	name[253] = 'a';
	name[254] = '\0';
	plain(name);
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, of_another_class_is_refused)
{
	static const unsigned classes[] = { 0, 3, 4, 254, 255 };

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		build(DNS_RD, 1, 0);
		dns_build_question(&b, "version.bind", 16, classes[i]);
		expect_verdict(DNS_QUERY_REFUSED);
		cr_assert(eq(sz, q.question_size, 18));
	}
}

Test(dns_query, for_an_operation_is_not_implemented)
{
	for (unsigned type = 249; type <= 254; type++) {
		build(DNS_RD, 1, 0);
		dns_build_question(&b, "a.org", type, DNS_CLASS_IN);
		expect_verdict(DNS_QUERY_NOTIMP);
	}
}

Test(dns_query, for_no_type_or_for_opt_is_malformed)
{
	build(DNS_RD, 1, 0);
	dns_build_question(&b, "a.org", 0, DNS_CLASS_IN);
	expect_verdict(DNS_QUERY_FORMERR);
	build(DNS_RD, 1, 0);
	dns_build_question(&b, "a.org", DNS_TYPE_OPT, DNS_CLASS_IN);
	expect_verdict(DNS_QUERY_FORMERR);
}

static void
with_opt(unsigned udp_size, uint32_t flags)
{
	build(DNS_RD, 1, 1);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	dns_build_opt(&b, udp_size, flags);
}

Test(dns_query, says_what_fits_a_datagram)
{
	static const unsigned sizes[][2] = { { 0, 512 }, { 511, 512 }, { 512, 512 }, { 1232, 1232 },
		{ 65535, 65535 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		with_opt(sizes[i][0], 0x8000);
		expect_verdict(DNS_QUERY_FINE);
		cr_assert(eq(u16, q.udp_size, (uint16_t)sizes[i][1]));
		cr_assert(eq(int, q.dnssec_ok, 1));
	}
}

Test(dns_query, of_another_version_of_edns_is_told_so)
{
	with_opt(1232, 0x00010000);
	expect_verdict(DNS_QUERY_BADVERS);
	cr_assert(eq(int, q.edns, 1));
	cr_assert(eq(sz, q.question_size, 11));
}

Test(dns_query, has_one_opt_record_and_nothing_else)
{
	/* Two of them. */
	const unsigned two[4] = { 1, 0, 0, 2 };

	dns_build_header(&b, 1, DNS_RD, two);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	dns_build_opt(&b, 1232, 0);
	dns_build_opt(&b, 1232, 0);
	expect_verdict(DNS_QUERY_FORMERR);
	/* Not at the root. */
	build(DNS_RD, 1, 1);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	dns_build_record(&b, "a", DNS_TYPE_OPT, 0);
	dns_build_u16(&b, 0);
	expect_verdict(DNS_QUERY_FORMERR);
	/* Another record. */
	build(DNS_RD, 1, 1);
	dns_build_question(&b, "a.org", DNS_TYPE_A, DNS_CLASS_IN);
	dns_build_a(&b, "", 1, 1);
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, options_fill_their_record)
{
	with_opt(1232, 0);
	b.bytes[b.size - 1] = 6;
	dns_build_u32(&b, 0x000a0002);
	dns_build_u16(&b, 0xabcd);
	expect_verdict(DNS_QUERY_FINE);
	b.bytes[b.size - 3] = 3; /* the option is longer than the record */
	expect_verdict(DNS_QUERY_FORMERR);
	b.bytes[b.size - 3] = 1; /* a byte is nobody's */
	expect_verdict(DNS_QUERY_FORMERR);
}

Test(dns_query, comes_of_a_stream_one_by_one)
{
	const uint8_t *message;
	size_t size;

	for (size_t i = 0; i < 35; i++)
		cr_assert(
			eq(int, (int)dns_stream_next(by_tcp, i, &message, &size), DNS_STREAM_MORE));
	cr_assert(eq(int, (int)dns_stream_next(by_tcp, 35, &message, &size), DNS_STREAM_ONE));
	cr_assert(eq(int, (int)dns_query_read(message, size, &q), DNS_QUERY_FINE));
	cr_assert(eq(u16, q.type, DNS_TYPE_A));
	cr_assert(eq(int, (int)dns_stream_next(by_tcp + 35, sizeof(by_tcp) - 35, &message, &size),
		DNS_STREAM_ONE));
	cr_assert(eq(int, (int)dns_query_read(message, size, &q), DNS_QUERY_FINE));
	cr_assert(eq(u16, q.type, DNS_TYPE_AAAA));
	cr_assert(eq(str, q.name.text, "www.example.org"));
}

Test(dns_query, of_a_stream_has_a_length_that_queries_have)
{
	static const unsigned lengths[][2] = { { 0, 1 }, { 11, 1 }, { 12, 0 }, { 4096, 0 },
		{ 4097, 1 }, { 65535, 1 } };
	const uint8_t *message;
	size_t size;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		b.size = 0;
		dns_build_u16(&b, lengths[i][0]);
		cr_assert(eq(int, (int)dns_stream_next(b.bytes, b.size, &message, &size),
			lengths[i][1] ? DNS_STREAM_REFUSED : DNS_STREAM_MORE));
	}
}

Test(dns_query, verdicts_have_names)
{
	for (int i = 0; i < DNS_QUERY_VERDICTS; i++)
		cr_assert(eq(int, strncmp(dns_query_verdict_name(i), "dns.", 4), 0));
	cr_assert(eq(str, (char *)dns_query_verdict_name(99), "dns.unknown"));
}
