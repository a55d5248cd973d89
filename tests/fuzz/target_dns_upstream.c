/* An upstream answer. What is given out keeps its promises, and nothing is given out of what was refused. An
 * answer that is written from the result is judged the same. The question is put in front, so that the fuzzer
 * need not find it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../helpers/dns_build.h"
#include "dns_upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct dns_asked *asked, enum dns_upstream_verdict verdict,
	const struct dns_upstream *u)
{
	char again[HOSTNAME_ROOM];

	if ((unsigned)verdict >= DNS_UPSTREAM_VERDICTS ||
		(verdict == DNS_UPSTREAM_ADDRESSES) != (u->address_count > 0) ||
		u->address_count > DNS_ADDRESSES_MAX || u->chain_count > DNS_CHAIN_MAX ||
		u->ttl_s > INT32_MAX || (verdict != DNS_UPSTREAM_ADDRESSES && u->ttl_s != 0) ||
		(verdict > DNS_UPSTREAM_NXDOMAIN && u->chain_count != 0))
		abort();
	for (size_t i = 0; i < u->chain_count; i++) {
		const char *name = u->chain[i];

		if (hostname_take((const uint8_t *)name, strlen(name), again) < 0 ||
			strcmp(name, again) != 0 || strcmp(name, asked->name) == 0)
			abort();
		for (size_t j = 0; j < i; j++)
			if (strcmp(name, u->chain[j]) == 0)
				abort();
	}
	for (size_t i = 0; i < u->address_count; i++)
		for (size_t j = 0; j < i; j++)
			if (memcmp(u->addresses[i], u->addresses[j], 16) == 0)
				abort();
}

/* Writes what was found as an answer, the chain last, and judges it again. */
static void
check_again(const struct dns_asked *asked, enum dns_upstream_verdict verdict,
	const struct dns_upstream *u)
{
	const unsigned counts[4] = { 1, (unsigned)(u->address_count + u->chain_count), 0, 0 };
	const size_t size = asked->type == DNS_TYPE_A ? 4 : 16;
	const char *last = u->chain_count > 0 ? u->chain[u->chain_count - 1] : asked->name;
	static struct dns_upstream second;
	static struct dns_build b;

	dns_build_header(&b, asked->id,
		DNS_QR | (verdict == DNS_UPSTREAM_NXDOMAIN ? DNS_NXDOMAIN : 0), counts);
	dns_build_question(&b, asked->name, asked->type, DNS_CLASS_IN);
	for (size_t i = 0; i < u->address_count; i++) {
		dns_build_record(&b, last, asked->type, u->ttl_s);
		dns_build_u16(&b, (unsigned)size);
		dns_build_bytes(&b, u->addresses[i], size);
	}
	for (size_t i = u->chain_count; i-- > 0;)
		dns_build_cname(&b, i > 0 ? u->chain[i - 1] : asked->name, u->ttl_s, u->chain[i]);
	if (dns_upstream_judge(asked, b.bytes, b.size, &second) != verdict ||
		memcmp(&second, u, sizeof(second)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_asked asked = { "www.example.org", DNS_TYPE_A, 1, 7 };
	static struct dns_upstream u;
	static struct dns_build b;
	enum dns_upstream_verdict verdict;

	(void)!dns_upstream_judge(&asked, data, size, &u);
	if (size < 8 || size > 4096)
		return 0;
	/* The first bytes: which question, the bits and the counts. */
	asked.type = data[0] % 2 == 0 ? DNS_TYPE_A : DNS_TYPE_AAAA;
	const unsigned counts[4] = { 1, data[1], data[2] % 4, data[3] % 4 };
	dns_build_header(&b, 7,
		DNS_QR | (data[4] % 8 == 0          ? data[5]
				 : data[4] % 8 == 1 ? 3
						    : 0),
		counts);
	dns_build_question(&b, asked.name, asked.type, DNS_CLASS_IN);
	dns_build_bytes(&b, data + 6, size - 6);
	verdict = dns_upstream_judge(&asked, b.bytes, b.size, &u);
	check(&asked, verdict, &u);
	if (verdict <= DNS_UPSTREAM_NXDOMAIN)
		check_again(&asked, verdict, &u);
	return 0;
}
