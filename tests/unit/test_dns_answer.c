#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "../helpers/dns_build.h"
#include "dns_answer.h"

static struct dns_build b;
static struct dns_query q;
static uint8_t out[DNS_ANSWER_MAX];
static const struct dns_address address = { { 198, 18, 0, 7 }, 60 };

static enum dns_query_verdict
ask(unsigned bits, unsigned type, unsigned class, int opt, uint32_t flags)
{
	const unsigned counts[4] = { 1, 0, 0, opt != 0 };

	dns_build_header(&b, 0xbeef, bits, counts);
	dns_build_question(&b, "Www.ExamplE.org", type, class);
	if (opt)
		dns_build_opt(&b, 1400, flags);
	return dns_query_read(b.bytes, b.size, &q);
}

static void
expect_bytes(size_t size, const struct dns_build *expected)
{
	cr_assert(eq(sz, size, expected->size));
	for (size_t i = 0; i < size; i++)
		cr_assert(eq(u8, out[i], expected->bytes[i]), "at %zu", i);
}

static void
begin(struct dns_build *e, unsigned bits, unsigned answers, unsigned additionals)
{
	const unsigned counts[4] = { 1, answers, 0, additionals };

	dns_build_header(e, 0xbeef, bits, counts);
	dns_build_question(e, "Www.ExamplE.org", q.type, 1);
}

Test(dns_answer, has_the_address_and_the_letters_of_the_question)
{
	static struct dns_build e;

	cr_assert(eq(int, (int)ask(DNS_RD | DNS_AD, DNS_TYPE_A, 1, 0, 0), DNS_QUERY_FINE));
	size_t size = dns_answer_write(&q, DNS_ANSWER_ADDRESS, &address, out, sizeof(out));

	begin(&e, DNS_QR | DNS_RD | DNS_RA, 1, 0);
	dns_build_pointer(&e, 12);
	dns_build_u32(&e, 0x00010001);
	dns_build_u32(&e, 60);
	dns_build_u16(&e, 4);
	dns_build_u32(&e, 0xc6120007);
	expect_bytes(size, &e);
}

Test(dns_answer, repeats_edns_and_its_flag)
{
	static struct dns_build e;

	cr_assert(eq(int, (int)ask(DNS_RD | DNS_CD, DNS_TYPE_ANY, 1, 1, 0x8000), DNS_QUERY_FINE));
	size_t size = dns_answer_write(&q, DNS_ANSWER_ADDRESS, &address, out, sizeof(out));

	begin(&e, DNS_QR | DNS_RD | DNS_RA | DNS_CD, 1, 1);
	dns_build_pointer(&e, 12);
	dns_build_u32(&e, 0x00010001);
	dns_build_u32(&e, 60);
	dns_build_u16(&e, 4);
	dns_build_u32(&e, 0xc6120007);
	dns_build_opt(&e, DNS_ANSWER_UDP, 0x8000);
	expect_bytes(size, &e);
}

Test(dns_answer, time_to_live_has_31_bits)
{
	const struct dns_address forever = { { 198, 18, 0, 7 }, UINT32_MAX };

	cr_assert(eq(int, (int)ask(DNS_RD, DNS_TYPE_A, 1, 0, 0), DNS_QUERY_FINE));
	size_t size = dns_answer_write(&q, DNS_ANSWER_ADDRESS, &forever, out, sizeof(out));

	cr_assert(eq(int, memcmp(out + size - 10, "\x7f\xff\xff\xff", 4), 0));
}

Test(dns_answer, without_an_address_has_no_records)
{
	static const struct {
		enum dns_answer answer;
		unsigned rcode;
	} rows[] = { { DNS_ANSWER_NODATA, 0 }, { DNS_ANSWER_NXDOMAIN, 3 },
		{ DNS_ANSWER_SERVFAIL, 2 }, { DNS_ANSWER_REFUSED, 5 }, { (enum dns_answer)77, 2 } };
	static struct dns_build e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert(eq(int, (int)ask(DNS_RD, DNS_TYPE_AAAA, 1, 1, 0), DNS_QUERY_FINE));
		size_t size = dns_answer_write(&q, rows[i].answer, &address, out, sizeof(out));

		begin(&e, DNS_QR | DNS_RD | DNS_RA | rows[i].rcode, 0, 1);
		dns_build_opt(&e, DNS_ANSWER_UDP, 0);
		expect_bytes(size, &e);
	}
}

Test(dns_answer, to_refused_queries_is_a_bare_header)
{
	static const struct {
		enum dns_query_verdict verdict;
		unsigned rcode;
	} rows[] = { { DNS_QUERY_FORMERR, 1 }, { DNS_QUERY_NOTIMP, 4 } };
	const unsigned none[4] = { 0 };
	static struct dns_build e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)!ask(DNS_RD | 4u << 11, DNS_TYPE_A, 1, 1, 0);
		size_t size = dns_answer_refuse(&q, rows[i].verdict, out, sizeof(out));

		dns_build_header(
			&e, 0xbeef, DNS_QR | DNS_RD | 4u << 11 | DNS_RA | rows[i].rcode, none);
		expect_bytes(size, &e);
	}
}

Test(dns_answer, to_another_class_has_its_question)
{
	static struct dns_build e;
	const unsigned counts[4] = { 1, 0, 0, 0 };

	cr_assert(eq(int, (int)ask(DNS_RD, 16, 3, 0, 0), DNS_QUERY_REFUSED));
	size_t size = dns_answer_refuse(&q, DNS_QUERY_REFUSED, out, sizeof(out));

	dns_build_header(&e, 0xbeef, DNS_QR | DNS_RD | DNS_RA | 5, counts);
	dns_build_question(&e, "Www.ExamplE.org", 16, 3);
	expect_bytes(size, &e);
}

Test(dns_answer, to_another_version_of_edns_says_ours)
{
	static struct dns_build e;

	cr_assert(eq(int, (int)ask(DNS_RD, DNS_TYPE_A, 1, 1, 0x00030000), DNS_QUERY_BADVERS));
	size_t size = dns_answer_refuse(&q, DNS_QUERY_BADVERS, out, sizeof(out));

	begin(&e, DNS_QR | DNS_RD | DNS_RA, 0, 1);
	dns_build_opt(&e, DNS_ANSWER_UDP, 0x01000000); /* 16: one, and zero in the header */
	expect_bytes(size, &e);
}

Test(dns_answer, is_not_given_to_silence)
{
	cr_assert(eq(sz, dns_answer_refuse(&q, DNS_QUERY_SILENCE, out, sizeof(out)), 0));
	cr_assert(eq(sz, dns_answer_refuse(&q, DNS_QUERY_FINE, out, sizeof(out)), 0));
}

Test(dns_answer, that_does_not_fit_is_cut)
{
	static struct dns_build e;

	cr_assert(eq(int, (int)ask(DNS_RD, DNS_TYPE_A, 1, 0, 0), DNS_QUERY_FINE));
	const size_t whole = dns_answer_write(&q, DNS_ANSWER_ADDRESS, &address, out, sizeof(out));
	const size_t cut = dns_answer_write(&q, DNS_ANSWER_ADDRESS, &address, out, whole - 1);

	begin(&e, DNS_QR | DNS_RD | DNS_RA | DNS_TC, 0, 0);
	expect_bytes(cut, &e);
	cr_assert(eq(sz, dns_answer_write(&q, DNS_ANSWER_ADDRESS, &address, out, cut - 1), 0));
	cr_assert(eq(sz, dns_answer_write(&q, DNS_ANSWER_NODATA, NULL, out, cut - 1), 0));
}

Test(dns_answer, fits_the_least_datagram_whatever_is_asked)
{
	const unsigned counts[4] = { 1, 0, 0, 1 };
	char name[254];

	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	name[253] = '\0';
	dns_build_header(&b, 1, DNS_RD, counts);
	dns_build_question(&b, name, DNS_TYPE_A, 1);
	dns_build_opt(&b, 512, 0);
	cr_assert(eq(int, (int)dns_query_read(b.bytes, b.size, &q), DNS_QUERY_FINE));

	size_t size = dns_answer_write(&q, DNS_ANSWER_ADDRESS, &address, out, sizeof(out));

	cr_assert(eq(sz, size, 12 + 259 + 16 + 11));
	cr_assert(eq(int, out[2] & 2, 0));
}

Test(dns_answer, gives_addresses_to_a_and_any)
{
	for (unsigned type = 1; type <= 255; type++) {
		q.type = (uint16_t)type;
		cr_assert(eq(int, dns_query_wants_address(&q), type == 1 || type == 255));
	}
}
