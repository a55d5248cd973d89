/* A ClientHello (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2). The guard and the server have to read the same name out of
 * the same bytes, so everything on which two readers may differ is refused. MUSTs:
 *
 * 1. Lengths fit exactly: each vector fills what holds it. (A name behind the end of a list.)
 * 2. No extension stands twice. (RFC 8446, 4.2: one reader takes the first, another the last.)
 * 3. One server name, of type host_name, with the letters of a host name (RFC 6066, 3: no dot at the end, no
 *    address).
 * 4. What announces a hello within the hello is seen: encrypted_client_hello, which by design looks the same
 *    when it is only GREASE (RFC 9849, 6.2), the drafts before it, and their forerunner.
 *
 * calls: none */
#include "hello_parse.h"

#include <string.h>

#include "octets.h"

#define EXTENSION_NAME       0u
#define EXTENSION_ALPN       16u
#define EXTENSION_PSK        41u
#define EXTENSION_EARLY_DATA 42u
#define EXTENSION_VERSIONS   43u

/* The final number, 0xfe0d, those of drafts 8 to 12, and encrypted_server_name. ech_outer_extensions
 * (0xfd00) has no place outside of a hidden hello. */
static int
hides(unsigned type)
{
	return (type >= 0xfe08 && type <= 0xfe0d) || type == 0xffce || type == 0xfd00;
}

static enum hello_refusal
read_name(struct octets data, struct hello *h)
{
	struct octets list, name;
	uint8_t type;

	if (octets_vector(&data, 2, &list) < 0 || data.left > 0)
		return HELLO_MALFORMED;
	if (octets_u8(&list, &type) < 0 || type != 0 || octets_vector(&list, 2, &name) < 0 ||
		list.left > 0 || hostname_take(name.at, name.left, h->name) < 0)
		return HELLO_BAD_NAME;
	return HELLO_FINE;
}

/* RFC 7301, 3.1. */
static enum hello_refusal
read_alpn(struct octets data, struct hello *h)
{
	struct octets list, rest, protocol;

	if (octets_vector(&data, 2, &list) < 0 || data.left > 0)
		return HELLO_MALFORMED;
	if (list.left == 0 || list.left > sizeof(h->alpn))
		return HELLO_BAD_ALPN;
	for (rest = list; rest.left > 0;)
		if (octets_vector(&rest, 1, &protocol) < 0 || protocol.left == 0)
			return HELLO_BAD_ALPN;
	memcpy(h->alpn, list.at, list.left);
	h->alpn_size = list.left;
	return HELLO_FINE;
}

/* RFC 8446, 4.2.1. What is not ours to know (GREASE) is passed over. */
static enum hello_refusal
read_versions(struct octets data, struct hello *h)
{
	struct octets list;
	uint16_t version;

	if (octets_vector(&data, 1, &list) < 0 || data.left > 0 || list.left < 2)
		return HELLO_MALFORMED;
	h->version = 0;
	while (list.left > 0) {
		if (octets_u16(&list, &version) < 0)
			return HELLO_MALFORMED;
		if (version >= 0x0301 && version <= 0x0304 && version > h->version)
			h->version = version;
	}
	h->may_repeat = 1;
	return h->version != 0 ? HELLO_FINE : HELLO_OLD_VERSION;
}

static enum hello_refusal
read_extension(unsigned type, struct octets data, int last, struct hello *h)
{
	switch (type) {
	case EXTENSION_NAME:
		return read_name(data, h);
	case EXTENSION_ALPN:
		return read_alpn(data, h);
	case EXTENSION_VERSIONS:
		return read_versions(data, h);
	case EXTENSION_EARLY_DATA:
		h->early_data = 1;
		return data.left == 0 ? HELLO_FINE : HELLO_MALFORMED;
	case EXTENSION_PSK: /* RFC 8446, 4.2.11 */
		return last ? HELLO_FINE : HELLO_EXTENSION_ORDER;
	default:
		break;
	}
	if (!hides(type))
		return HELLO_FINE;
	h->ech = 1;
	return h->allowed == HELLO_ECH_ALLOWED ? HELLO_FINE : HELLO_HIDDEN;
}

static enum hello_refusal
read_extensions(struct octets list, struct hello *h)
{
	uint8_t seen[65536 / 8] = { 0 };

	while (list.left > 0) {
		enum hello_refusal refusal;
		struct octets data;
		uint16_t type;

		if (octets_u16(&list, &type) < 0 || octets_vector(&list, 2, &data) < 0)
			return HELLO_MALFORMED;
		if ((seen[type / 8] & 1u << type % 8) != 0)
			return HELLO_EXTENSION_TWICE;
		seen[type / 8] |= (uint8_t)(1u << type % 8);
		refusal = read_extension(type, data, list.left == 0, h);
		if (refusal != HELLO_FINE)
			return refusal;
	}
	return HELLO_FINE;
}

enum hello_refusal
hello_parse(const uint8_t *message, size_t size, struct hello *h)
{
	struct octets o = { message, size }, random, session, ciphers, compressions, extensions;
	uint16_t version;

	h->name[0] = '\0';
	h->alpn_size = 0;
	h->ech = h->early_data = h->may_repeat = 0;
	if (octets_u16(&o, &version) < 0 || octets_take(&o, 32, &random) < 0 ||
		octets_vector(&o, 1, &session) < 0 || session.left > 32 ||
		octets_vector(&o, 2, &ciphers) < 0 || ciphers.left < 2 || ciphers.left % 2 != 0 ||
		octets_vector(&o, 1, &compressions) < 0 || compressions.left == 0 ||
		memchr(compressions.at, 0, compressions.left) == NULL)
		return HELLO_MALFORMED;
	if (version < 0x0301 || version > 0x03ff)
		return HELLO_OLD_VERSION;
	/* Without supported_versions, 0x0303 is the highest that there is. */
	h->version = version <= 0x0303 ? version : 0x0303;
	if (o.left == 0)
		return HELLO_FINE;
	if (octets_vector(&o, 2, &extensions) < 0 || o.left > 0)
		return HELLO_MALFORMED;
	return read_extensions(extensions, h);
}
