/* Addresses. The rows are those of the IANA special-purpose registries (IPv4 and IPv6, as of 2025-10-09),
 * written down once more and in the registries' own notation, with what is special besides. M5, T-EXFIL-001. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/address.h>

typedef unsigned __int128 number;

struct row {
	const char *block, *name, *source;
};

static const struct row rows[] = {
	/* IANA IPv4 Special-Purpose Address Registry */
	{ "0.0.0.0/8", "this-network", "RFC 791" },
	{ "0.0.0.0/32", "unspecified", "RFC 1122" },
	{ "10.0.0.0/8", "private", "RFC 1918" },
	{ "100.64.0.0/10", "shared", "RFC 6598" },
	{ "127.0.0.0/8", "loopback", "RFC 1122" },
	{ "169.254.0.0/16", "link-local", "RFC 3927" },
	{ "172.16.0.0/12", "private", "RFC 1918" },
	{ "192.0.0.0/24", "protocol", "RFC 6890" },
	{ "192.0.0.0/29", "protocol", "RFC 7335" },
	{ "192.0.0.8/32", "dummy", "RFC 7600" },
	{ "192.0.0.9/32", "anycast", "RFC 7723" },
	{ "192.0.0.10/32", "anycast", "RFC 8155" },
	{ "192.0.0.170/32", "translated", "RFC 8880" },
	{ "192.0.0.171/32", "translated", "RFC 8880" },
	{ "192.0.2.0/24", "documentation", "RFC 5737" },
	{ "192.31.196.0/24", "as112", "RFC 7535" },
	{ "192.52.193.0/24", "amt", "RFC 7450" },
	{ "192.88.99.0/24", "6to4", "RFC 7526" },
	{ "192.88.99.2/32", "6to4", "RFC 6751" },
	{ "192.168.0.0/16", "private", "RFC 1918" },
	{ "192.175.48.0/24", "as112", "RFC 7534" },
	{ "198.18.0.0/15", "benchmarking", "RFC 2544" },
	{ "198.51.100.0/24", "documentation", "RFC 5737" },
	{ "203.0.113.0/24", "documentation", "RFC 5737" },
	{ "240.0.0.0/4", "reserved", "RFC 1112" },
	{ "255.255.255.255/32", "broadcast", "RFC 919" },
	/* IANA IPv6 Special-Purpose Address Registry */
	{ "::1/128", "loopback", "RFC 4291" },
	{ "::/128", "unspecified", "RFC 4291" },
	{ "64:ff9b::/96", "translated", "RFC 6052" },
	{ "64:ff9b:1::/48", "translated", "RFC 8215" },
	{ "100::/64", "discard", "RFC 6666" },
	{ "100:0:0:1::/64", "dummy", "RFC 9780" },
	{ "2001::/23", "protocol", "RFC 2928" },
	{ "2001::/32", "teredo", "RFC 4380" },
	{ "2001:1::1/128", "anycast", "RFC 7723" },
	{ "2001:1::2/128", "anycast", "RFC 8155" },
	{ "2001:1::3/128", "anycast", "RFC 9665" },
	{ "2001:2::/48", "benchmarking", "RFC 5180" },
	{ "2001:3::/32", "amt", "RFC 7450" },
	{ "2001:4:112::/48", "as112", "RFC 7535" },
	{ "2001:10::/28", "orchid", "RFC 4843" },
	{ "2001:20::/28", "orchid", "RFC 7343" },
	{ "2001:30::/28", "drone-id", "RFC 9374" },
	{ "2001:db8::/32", "documentation", "RFC 3849" },
	{ "2002::/16", "6to4", "RFC 3056" },
	{ "2620:4f:8000::/48", "as112", "RFC 7534" },
	{ "3fff::/20", "documentation", "RFC 9637" },
	{ "5f00::/16", "srv6", "RFC 9602" },
	{ "fc00::/7", "unique-local", "RFC 4193" },
	{ "fe80::/10", "link-local", "RFC 4291" },
	/* What is special besides. */
	{ "224.0.0.0/4", "multicast", "RFC 5771" },
	{ "::/96", "ipv4-compatible", "RFC 4291" },
	{ "::ffff:0:0:0/96", "translated", "RFC 2765" },
	{ "fec0::/10", "site-local", "RFC 3879" },
	{ "ff00::/8", "multicast", "RFC 4291" },
	{ "100.100.100.200/32", "metadata", "RFC 6598" },
	{ "168.63.129.16/32", "metadata", "assigned by Microsoft Azure" },
	{ "169.254.0.23/32", "metadata", "RFC 3927" },
	{ "169.254.42.42/32", "metadata", "RFC 3927" },
	{ "169.254.169.254/32", "metadata", "RFC 3927" },
	{ "169.254.170.2/32", "metadata", "RFC 3927" },
	{ "169.254.170.23/32", "metadata", "RFC 3927" },
	{ "192.0.0.192/32", "metadata", "RFC 6890" },
	{ "fd00:42::42/128", "metadata", "RFC 4193" },
	{ "fd00:ec2::23/128", "metadata", "RFC 4193" },
	{ "fd00:ec2::254/128", "metadata", "RFC 4193" },
	{ "fd20:ce::254/128", "metadata", "RFC 4193" },
	/* And what is left over. */
	{ "0.0.0.0/0", "public", "RFC 791" },
	{ "2000::/3", "public", "RFC 4291" },
	{ "::/0", "reserved", "RFC 4291" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct block {
	int family, bits; /* family: 4 or 6; bits: of the prefix */
	number first, last; /* IPv4 in the low 32 bits */
};

static number
number_of(int family, const uint8_t *bytes)
{
	number n = 0;

	for (int i = 0; i < (family == 6 ? 16 : 4); i++)
		n = n << 8 | bytes[i];
	return n;
}

static struct cordon_address
address_of(int family, number n)
{
	struct cordon_address a = { .family = (uint8_t)family };

	for (int i = family == 6 ? 15 : 3; i >= 0; i--) {
		a.bytes[i] = (uint8_t)n;
		n >>= 8;
	}
	return a;
}

static number
top_of(int family)
{
	return family == 6 ? ~(number)0 : (number)UINT32_MAX;
}

static struct block
block_of(const char *text)
{
	char address[64];
	uint8_t bytes[16];
	struct block b = { 0 };
	number hosts;

	cr_assert(eq(int, sscanf(text, "%63[^/]/%d", address, &b.bits), 2));
	b.family = strchr(address, ':') != NULL ? 6 : 4;
	cr_assert(eq(int, inet_pton(b.family == 6 ? AF_INET6 : AF_INET, address, bytes), 1));
	b.first = number_of(b.family, bytes);
	hosts = b.bits == 128 ? 0 : top_of(b.family) >> b.bits;
	cr_assert(not(b.first & hosts), "%s has bits behind its prefix", text);
	b.last = b.first | hosts;
	return b;
}

/* The narrowest row around n. */
static const struct row *
expected(int family, number n)
{
	const struct row *best = NULL;
	number best_width = 0;

	for (size_t i = 0; i < ROWS; i++) {
		const struct block b = block_of(rows[i].block);

		if (b.family != family || n < b.first || n > b.last)
			continue;
		if (best == NULL || b.last - b.first < best_width) {
			best = &rows[i];
			best_width = b.last - b.first;
		}
	}
	return best;
}

static void
check(int family, number n)
{
	const struct cordon_address address = address_of(family, n);
	const struct cordon_address_class got = cordon_address_judge(&address, NULL, 0);
	const struct row *want = expected(family, n);
	char text[CORDON_ADDRESS_TEXT];

	cordon_address_print(&address, text);
	cr_assert(eq(str, (char *)got.name, (char *)want->name), "%s", text);
	cr_assert(eq(str, (char *)got.source, (char *)want->source), "%s", text);
	cr_assert(eq(int, got.allow, strcmp(want->name, "public") == 0), "%s", text);
}

static struct cordon_address
parsed(const char *text)
{
	struct cordon_address a = { 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_address_parse(text, strlen(text), &a, &err), 0), "%s", text);
	return a;
}

static const char *
class_of(const char *text)
{
	const struct cordon_address a = parsed(text);

	return cordon_address_judge(&a, NULL, 0).name;
}

Test(address, every_block_is_what_the_registry_says_from_its_first_address_to_its_last)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct block b = block_of(rows[i].block);
		const number ends[] = { b.first, b.last, b.first + 1, b.last - 1,
			b.first + (b.last - b.first) / 2 };

		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++)
			if (ends[k] >= b.first && ends[k] <= b.last)
				check(b.family, ends[k]);
		if (b.first > 0)
			check(b.family, b.first - 1);
		if (b.last < top_of(b.family))
			check(b.family, b.last + 1);
	}
}

Test(address, mapped_addresses_are_judged_as_what_they_map_to_at_every_boundary)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct block b = block_of(rows[i].block);
		const number ends[] = { b.first - 1, b.first, b.last, b.last + 1 };

		for (size_t k = 0; b.family == 4 && k < 4; k++) {
			const struct cordon_address plain = address_of(4, ends[k]);
			const struct cordon_address mapped =
				address_of(6, (number)0xffff << 32 | (uint32_t)ends[k]);
			const struct cordon_address unmapped = cordon_address_unmapped(&mapped);

			cr_assert(cordon_address_equal(&unmapped, &plain));
			cr_assert(eq(str, (char *)cordon_address_judge(&mapped, NULL, 0).name,
				(char *)cordon_address_judge(&plain, NULL, 0).name));
		}
	}
	cr_assert(eq(str, (char *)class_of("::ffff:8.8.8.8"), "public"));
	cr_assert(eq(str, (char *)class_of("::ffff:7f00:1"), "loopback"));
	cr_assert(eq(str, (char *)class_of("::ffff:169.254.169.254"), "metadata"));
	/* Around the mapped block itself. */
	cr_assert(eq(str, (char *)class_of("::fffe:ffff:ffff"), "reserved"));
	cr_assert(eq(str, (char *)class_of("::1:0:0:0"), "reserved"));
}

Test(address, what_a_translator_or_tunnel_would_unwrap_is_refused_whatever_it_holds)
{
	static const char *const forms[] = { "64:ff9b::8.8.8.8", "64:ff9b::127.0.0.1",
		"64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::a9fe:a9fe", "::8.8.8.8", "::127.0.0.1",
		"::ffff:0:8.8.8.8", "2002:808:808::1", "2002:7f00:1::", "2001:0:808:808::1",
		"2001:0:4136:e378:8000:63bf:3fff:fdd2", "2606:4700::5efe:808:808",
		"2606:4700::200:5efe:a9fe:a9fe", "fe80::5efe:7f00:1" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct cordon_address a = parsed(forms[i]);

		cr_assert(not(cordon_address_judge(&a, NULL, 0).allow), "%s", forms[i]);
	}
	cr_assert(eq(str, (char *)class_of("2606:4700::5efe:808:808"), "isatap"));
	cr_assert(eq(str, (char *)class_of("2606:4700::200:5efe:808:808"), "isatap"));
	/* One bit beside it is an address like any other. */
	cr_assert(eq(str, (char *)class_of("2606:4700::100:5efe:808:808"), "public"));
	cr_assert(eq(str, (char *)class_of("2606:4700::5eff:808:808"), "public"));
}

Test(address, public_ones_are_public)
{
	static const char *const forms[] = { "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255",
		"192.0.1.0", "223.255.255.255", "2606:4700:4700::1111", "2001:200::", "2a00::1",
		"3fff:1000::", "2001:4860:4860::8888", "2003::", "2000::", "::ffff:1.1.1.1" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		cr_assert(eq(str, (char *)class_of(forms[i]), "public"), "%s", forms[i]);
}

Test(address, any_address_is_judged_as_the_rows_say, .timeout = 60)
{
	const char *rounds = getenv("CORDON_ADDRESS_ROUNDS");
	const int count = rounds == NULL ? 20000 : atoi(rounds);
	uint64_t state = 88172645463325252ull;

	for (int i = 0; i < count; i++) {
		number n = 0;

		for (int k = 0; k < 2; k++) { /* xorshift */
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			n = n << 64 | state;
		}
		check(4, (uint32_t)n);
		/* Half of them in the blocks where most rows are. */
		if ((n >> 32 & 1) != 0)
			n = (n & ~((number)0xffffff << 104)) | (number)0x200100 << 104;
		if (n >> 32 != 0xffff && (n >> 32 & 0xfdffffff) != 0x5efe)
			check(6, n);
	}
}

Test(address, addresses_of_the_host_are_refused_though_they_are_public)
{
	const struct cordon_address local[] = { parsed("192.0.2.1"), parsed("::ffff:8.8.8.8"),
		parsed("2606:4700::1") };
	const struct cordon_address own = parsed("8.8.8.8"), mapped = parsed("::ffff:8.8.8.8"),
				    own6 = parsed("2606:4700::1"), other = parsed("8.8.8.9"),
				    loopback = parsed("127.0.0.1");

	cr_assert(eq(str, (char *)cordon_address_judge(&own, local, 3).name, "local"));
	cr_assert(eq(str, (char *)cordon_address_judge(&mapped, local, 3).name, "local"));
	cr_assert(eq(str, (char *)cordon_address_judge(&own6, local, 3).name, "local"));
	cr_assert(eq(int, cordon_address_judge(&own, local, 3).allow, 0));
	cr_assert(eq(str, (char *)cordon_address_judge(&other, local, 3).name, "public"));
	cr_assert(eq(str, (char *)cordon_address_judge(&loopback, local, 3).name, "loopback"));
	cr_assert(eq(str, (char *)cordon_address_judge(&own, local, 1).name, "public"));
}

Test(address, what_has_no_family_is_refused)
{
	for (int family = 0; family < 256; family++) {
		const struct cordon_address a = { .family = (uint8_t)family,
			.bytes = { 8, 8, 8, 8 } };

		if (family != 4)
			cr_assert(eq(int, cordon_address_judge(&a, NULL, 0).allow, 0));
	}
}

Test(address, one_spelling_of_ipv4_is_read_and_many_of_ipv6_become_one)
{
	static const char *const pairs[][2] = { { "1.2.3.4", "1.2.3.4" },
		{ "255.255.255.255", "255.255.255.255" }, { "0.0.0.0", "0.0.0.0" }, { "::", "::" },
		{ "0:0:0:0:0:0:0:1", "::1" }, { "2001:DB8::A", "2001:db8::a" },
		{ "2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1" },
		{ "::ffff:1.2.3.4", "::ffff:1.2.3.4" }, { "::ffff:102:304", "::ffff:1.2.3.4" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct cordon_address a = parsed(pairs[i][0]);
		char text[CORDON_ADDRESS_TEXT];

		cordon_address_print(&a, text);
		cr_assert(eq(str, text, (char *)pairs[i][1]));
	}
}

Test(address, other_spellings_are_not_addresses)
{
	static const char *const forms[] = { "", " ", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3",
		"1..2.3", "1.2.3.4.", "1.2.3.256", "1.2.3.4294967297", "01.2.3.4", "1.2.3.04",
		"0x1.2.3.4", "0177.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001",
		"1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4\r", "+1.2.3.4", "1.2.3.-4",
		"1.2.3.4:80", "1.2.3.4/32", "[::1]", "::1%lo", "fe80::1%25eth0", ":",
		":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::", "12345::", "::g", "::1.2.3", "::1.2.3.4.5", "::01.2.3.4",
		"::256.1.1.1", "1.2.3.4::", "::1 ", "localhost", "public",
		"00001::", "\xef\xbc\x91.2.3.4" };
	struct cordon_address a = { .family = 9 };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct cordon_error err = { 0 };

		cr_assert(eq(int, cordon_address_parse(forms[i], strlen(forms[i]), &a, &err), -1),
			"'%s'", forms[i]);
		cr_assert(eq(str, err.reason, "net.host"));
		cr_assert(eq(int, a.family, 9));
	}
}

Test(address, a_nul_ends_no_address)
{
	static const char forms[][20] = { "8.8.8.8", "8.8.8.8\0.evil", "::1", "" };
	static const size_t sizes[] = { 8, 13, 4, 1 };
	struct cordon_address a;

	for (size_t i = 0; i < 4; i++) {
		struct cordon_error err = { 0 };

		cr_assert(eq(int, cordon_address_parse(forms[i], sizes[i], &a, &err), -1));
	}
}
