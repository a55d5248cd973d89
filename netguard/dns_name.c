/* Names in DNS messages. MUSTs, each with what it answers:
 *
 * 1. A pointer leads strictly back, before the labels that were read last, and never into the header.
 *    (Loops; labels made of an id that the sender chose.)
 * 2. Bytes and pointers of one name are bounded. (255 one-byte hops a record, thousands of records.)
 * 3. A text is given only when it has exactly one reading: a dot inside of a label, a NUL or a control
 *    character give none. ("a.b" as one label is not the name a.b.)
 *
 * calls: none */
#include "dns.h"

#include <string.h>

#include "octets.h"

#define POINTERS_MAX 16

int
dns_header_read(const uint8_t *message, size_t size, struct dns_header *ret)
{
	struct octets o = { message, size };
	struct dns_header h;

	if (octets_u16(&o, &h.id) < 0 || octets_u16(&o, &h.bits) < 0 ||
		octets_u16(&o, &h.questions) < 0 || octets_u16(&o, &h.answers) < 0 ||
		octets_u16(&o, &h.authorities) < 0 || octets_u16(&o, &h.additionals) < 0)
		return -1;
	*ret = h;
	return 0;
}

/* What was read of a name. */
struct reading {
	char text[DNS_NAME_MAX];
	size_t wire; /* bytes that the name has without compression */
	size_t length; /* of text */
	int host;
};

static int
add_label(struct reading *r, const uint8_t *label, size_t size)
{
	r->wire += size + 1;
	if (r->wire > DNS_NAME_MAX - 1) /* the root's byte comes, too */
		return -1;
	if (!hostname_label(label, size))
		r->host = 0;
	if (r->length > 0)
		r->text[r->length++] = '.';
	for (size_t i = 0; i < size; i++)
		r->text[r->length++] = (char)hostname_lower(label[i]);
	return 0;
}

static void
hand_over(struct reading *r, struct dns_name *ret)
{
	*ret = (struct dns_name){ 0 };
	if (!r->host || r->length == 0 || hostname_like_address(r->text, r->length))
		return;
	memcpy(ret->text, r->text, r->length);
	ret->host = 1;
}

int
dns_name_read(const uint8_t *message, size_t size, size_t *at, enum dns_pointers pointers,
	struct dns_name *ret)
{
	struct reading r = { .host = 1 };
	size_t here = *at, start = *at, next = 0;
	unsigned jumps = 0;

	for (;;) {
		const unsigned length = here < size ? message[here] : 0xc0u;
		size_t target;

		if (length == 0) {
			*at = next != 0 ? next : here + 1;
			hand_over(&r, ret);
			return 0;
		}
		if (length < 0x40) {
			if (size - here - 1 < length ||
				add_label(&r, message + here + 1, length) < 0)
				return -1;
			here += length + 1;
			continue;
		}
		if (length < 0xc0 || pointers != DNS_POINTERS_BACKWARDS || here >= size ||
			size - here < 2 || jumps++ >= POINTERS_MAX)
			return -1;
		target = (size_t)(length & 0x3f) << 8 | message[here + 1];
		if (target < DNS_HEADER || target >= start)
			return -1;
		if (next == 0)
			next = here + 2;
		here = start = target;
	}
}
