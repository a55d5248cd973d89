/* Which addresses are public. MUSTs, and the attacks behind them:
 *
 * 1. Only what a row says is public is allowed; what no row covers is refused. A block that is put to a
 *    special use tomorrow is not open because nobody has heard of it (T-EXFIL-001).
 * 2. The longest prefix decides, wherever it stands: rows have no order that could be got wrong.
 * 3. Both IANA special-purpose registries are here in full (as of 2025-10-09). All of their blocks are refused,
 *    also the few that are reachable from everywhere: they hold name servers of last resort and relays for
 *    anycast protocols, nothing that a tool has business with.
 * 4. An IPv4 address inside an IPv6 one opens nothing: mapped ones are judged as what the kernel dials, those
 *    that a translator or a tunnel would unwrap somewhere else are refused, whatever they hold.
 * 5. Addresses at which clouds give out credentials are refused, even the one that looks public.
 *
 * What cannot be known: a network that translates by a prefix of its own (RFC 6052, 2.2) from within
 * 2000::/3.
 *
 * Tests: tests/unit/test_address.c has the registries' rows again, and walks over each one's boundaries.
 * calls: none */
#include <cordon/address.h>

#include <string.h>

struct block {
	uint8_t prefix[16];
	uint8_t bits;
	/* In place: pointers would cost each start of cordon a relocation. */
	char name[16], source[28];
};

/* clang-format off */
static const struct block ipv4[] = {
	/* Classes A, B and C are unicast, D and E are not. */
	{ { 0 }, 1, "public", "RFC 791" },
	{ { 128 }, 2, "public", "RFC 791" },
	{ { 192 }, 3, "public", "RFC 791" },
	{ { 224 }, 4, "multicast", "RFC 5771" },
	/* The registry. */
	{ { 0 }, 8, "this-network", "RFC 791" },
	{ { 0 }, 32, "unspecified", "RFC 1122" },
	{ { 10 }, 8, "private", "RFC 1918" },
	{ { 100, 64 }, 10, "shared", "RFC 6598" },
	{ { 127 }, 8, "loopback", "RFC 1122" },
	{ { 169, 254 }, 16, "link-local", "RFC 3927" },
	{ { 172, 16 }, 12, "private", "RFC 1918" },
	{ { 192, 0, 0 }, 24, "protocol", "RFC 6890" },
	{ { 192, 0, 0, 0 }, 29, "protocol", "RFC 7335" },
	{ { 192, 0, 0, 8 }, 32, "dummy", "RFC 7600" },
	{ { 192, 0, 0, 9 }, 32, "anycast", "RFC 7723" },
	{ { 192, 0, 0, 10 }, 32, "anycast", "RFC 8155" },
	{ { 192, 0, 0, 170 }, 31, "translated", "RFC 8880" },
	{ { 192, 0, 2 }, 24, "documentation", "RFC 5737" },
	{ { 192, 31, 196 }, 24, "as112", "RFC 7535" },
	{ { 192, 52, 193 }, 24, "amt", "RFC 7450" },
	{ { 192, 88, 99 }, 24, "6to4", "RFC 7526" },
	{ { 192, 88, 99, 2 }, 32, "6to4", "RFC 6751" },
	{ { 192, 168 }, 16, "private", "RFC 1918" },
	{ { 192, 175, 48 }, 24, "as112", "RFC 7534" },
	{ { 198, 18 }, 15, "benchmarking", "RFC 2544" },
	{ { 198, 51, 100 }, 24, "documentation", "RFC 5737" },
	{ { 203, 0, 113 }, 24, "documentation", "RFC 5737" },
	{ { 240 }, 4, "reserved", "RFC 1112" },
	{ { 255, 255, 255, 255 }, 32, "broadcast", "RFC 919" },
	/* Metadata and credentials of clouds, most of them in blocks from above. */
	{ { 100, 100, 100, 200 }, 32, "metadata", "RFC 6598" },
	{ { 168, 63, 129, 16 }, 32, "metadata", "assigned by Microsoft Azure" },
	{ { 169, 254, 0, 23 }, 32, "metadata", "RFC 3927" },
	{ { 169, 254, 42, 42 }, 32, "metadata", "RFC 3927" },
	{ { 169, 254, 169, 254 }, 32, "metadata", "RFC 3927" },
	{ { 169, 254, 170, 2 }, 32, "metadata", "RFC 3927" },
	{ { 169, 254, 170, 23 }, 32, "metadata", "RFC 3927" },
	{ { 192, 0, 0, 192 }, 32, "metadata", "RFC 6890" },
};

static const struct block ipv6[] = {
	{ { 0x20 }, 3, "public", "RFC 4291" },
	{ { 0 }, 0, "reserved", "RFC 4291" },
	/* The registry. */
	{ { [15] = 1 }, 128, "loopback", "RFC 4291" },
	{ { 0 }, 128, "unspecified", "RFC 4291" },
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, "translated", "RFC 6052" },
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, "translated", "RFC 8215" },
	{ { 0x01 }, 64, "discard", "RFC 6666" },
	{ { 0x01, [7] = 1 }, 64, "dummy", "RFC 9780" },
	{ { 0x20, 0x01 }, 23, "protocol", "RFC 2928" },
	{ { 0x20, 0x01 }, 32, "teredo", "RFC 4380" },
	{ { 0x20, 0x01, 0x00, 0x01, [15] = 1 }, 128, "anycast", "RFC 7723" },
	{ { 0x20, 0x01, 0x00, 0x01, [15] = 2 }, 128, "anycast", "RFC 8155" },
	{ { 0x20, 0x01, 0x00, 0x01, [15] = 3 }, 128, "anycast", "RFC 9665" },
	{ { 0x20, 0x01, 0x00, 0x02 }, 48, "benchmarking", "RFC 5180" },
	{ { 0x20, 0x01, 0x00, 0x03 }, 32, "amt", "RFC 7450" },
	{ { 0x20, 0x01, 0x00, 0x04, 0x01, 0x12 }, 48, "as112", "RFC 7535" },
	{ { 0x20, 0x01, 0x00, 0x10 }, 28, "orchid", "RFC 4843" },
	{ { 0x20, 0x01, 0x00, 0x20 }, 28, "orchid", "RFC 7343" },
	{ { 0x20, 0x01, 0x00, 0x30 }, 28, "drone-id", "RFC 9374" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, "documentation", "RFC 3849" },
	{ { 0x20, 0x02 }, 16, "6to4", "RFC 3056" },
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48, "as112", "RFC 7534" },
	{ { 0x3f, 0xff }, 20, "documentation", "RFC 9637" },
	{ { 0x5f }, 16, "srv6", "RFC 9602" },
	{ { 0xfc }, 7, "unique-local", "RFC 4193" },
	{ { 0xfe, 0x80 }, 10, "link-local", "RFC 4291" },
	/* In no registry of special purposes, and special. */
	{ { 0 }, 96, "ipv4-compatible", "RFC 4291" },
	{ { [8] = 0xff, 0xff }, 96, "translated", "RFC 2765" },
	{ { 0xfe, 0xc0 }, 10, "site-local", "RFC 3879" },
	{ { 0xff }, 8, "multicast", "RFC 4291" },
	/* Metadata and credentials of clouds. */
	{ { 0xfd, 0x00, 0x00, 0x42, [15] = 0x42 }, 128, "metadata", "RFC 4193" },
	{ { 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x23 }, 128, "metadata", "RFC 4193" },
	{ { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 }, 128, "metadata", "RFC 4193" },
	{ { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54 }, 128, "metadata", "RFC 4193" },
};
/* clang-format on */

static int
covers(const struct block *block, const uint8_t *bytes)
{
	const size_t whole = block->bits / 8;
	const unsigned rest = block->bits % 8;

	if (memcmp(block->prefix, bytes, whole) != 0)
		return 0;
	return rest == 0 || ((block->prefix[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

static struct cordon_address_class
longest(const struct block *blocks, size_t count, const uint8_t *bytes)
{
	const struct block *best = NULL;

	for (size_t i = 0; i < count; i++)
		if ((best == NULL || blocks[i].bits > best->bits) && covers(&blocks[i], bytes))
			best = &blocks[i];
	if (best == NULL)
		return (struct cordon_address_class){ "invalid", NULL, 0 };
	return (struct cordon_address_class){ best->name, best->source,
		strcmp(best->name, "public") == 0 };
}

/* An interface identifier that says: in here is an IPv4 address, to which a router tunnels. RFC 5214, 6.1;
 * its bit for "universal" may be set or not. */
static int
is_isatap(const uint8_t *bytes)
{
	static const uint8_t marks[2][4] = { { 0x00, 0x00, 0x5e, 0xfe },
		{ 0x02, 0x00, 0x5e, 0xfe } };

	return memcmp(bytes + 8, marks[0], 4) == 0 || memcmp(bytes + 8, marks[1], 4) == 0;
}

struct cordon_address_class
cordon_address_judge(const struct cordon_address *address, const struct cordon_address *local,
	size_t local_count)
{
	const struct cordon_address plain = cordon_address_unmapped(address);
	struct cordon_address_class found = { "invalid", NULL, 0 };

	if (plain.family == 4)
		found = longest(ipv4, sizeof(ipv4) / sizeof(ipv4[0]), plain.bytes);
	else if (plain.family == 6)
		found = longest(ipv6, sizeof(ipv6) / sizeof(ipv6[0]), plain.bytes);
	if (!found.allow)
		return found;
	if (plain.family == 6 && is_isatap(plain.bytes))
		return (struct cordon_address_class){ "isatap", "RFC 5214", 0 };
	for (size_t i = 0; i < local_count; i++) {
		const struct cordon_address own = cordon_address_unmapped(&local[i]);

		if (cordon_address_equal(&own, &plain))
			return (struct cordon_address_class){ "local", "assigned to this host", 0 };
	}
	return found;
}
