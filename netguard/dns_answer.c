/* The writer of answers.
 *
 * Negative ones carry no SOA: they are not to be kept then (RFC 2308, 2.1.1, 2.2.1 and 5), and a name that
 * is listed later, or resolved later, is seen at once. RA is always set: an answer without records, RA and
 * AA is "lame" to glibc, which then asks the next server instead of believing it.
 *
 * calls: none */
#include "dns_answer.h"

#include <string.h>

struct writer {
	uint8_t *out;
	size_t size, room;
	int failed;
};

static void
put(struct writer *w, const void *data, size_t size)
{
	if (w->failed || w->room - w->size < size) {
		w->failed = 1;
		return;
	}
	memcpy(w->out + w->size, data, size);
	w->size += size;
}

static void
put_u16(struct writer *w, unsigned v)
{
	const uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(w, bytes, sizeof(bytes));
}

static void
put_u32(struct writer *w, uint32_t v)
{
	put_u16(w, v >> 16);
	put_u16(w, v & 0xffffu);
}

static void
put_address(struct writer *w, const struct dns_address *address)
{
	put_u16(w, 0xc000u | DNS_HEADER); /* the question's name */
	put_u16(w, DNS_TYPE_A);
	put_u16(w, DNS_CLASS_IN);
	/* RFC 2181, 8: a time of 31 bits. */
	put_u32(w, address->ttl_s <= INT32_MAX ? address->ttl_s : INT32_MAX);
	put_u16(w, sizeof(address->bytes));
	put(w, address->bytes, sizeof(address->bytes));
}

/* RFC 6891 6.1.1: an answer has an OPT record when the query has one. */
static void
put_opt(struct writer *w, const struct dns_query *q, unsigned rcode)
{
	static const uint8_t root = 0;

	put(w, &root, 1);
	put_u16(w, DNS_TYPE_OPT);
	put_u16(w, DNS_ANSWER_UDP);
	put_u16(w, rcode >> 4 << 8); /* upper bits of the code, version 0 */
	put_u16(w, q->dnssec_ok ? 0x8000u : 0);
	put_u16(w, 0);
}

/* One try; with_records 0 is the cut answer. */
static size_t
write_once(const struct dns_query *q, unsigned rcode, const struct dns_address *address,
	int truncated, uint8_t *out, size_t room)
{
	struct writer w = { .out = out, .room = room };
	/* RFC 1035 4.1.1: RD is copied; RFC 4035 3.1.6: CD, too. Nothing of ours is authenticated. */
	unsigned bits = DNS_QR | (q->bits & (DNS_OPCODE | DNS_RD | DNS_CD)) | DNS_RA;

	if (truncated)
		bits |= DNS_TC;
	put_u16(&w, q->id);
	put_u16(&w, bits | (rcode & DNS_RCODE));
	put_u16(&w, q->question_size > 0);
	put_u16(&w, address != NULL);
	put_u16(&w, 0);
	put_u16(&w, q->edns != 0);
	put(&w, q->question, q->question_size);
	if (address != NULL)
		put_address(&w, address);
	if (q->edns)
		put_opt(&w, q, rcode);
	return w.failed ? 0 : w.size;
}

int
dns_query_wants_address(const struct dns_query *q)
{
	return q->type == DNS_TYPE_A || q->type == DNS_TYPE_ANY;
}

size_t
dns_answer_write(const struct dns_query *q, enum dns_answer answer,
	const struct dns_address *address, uint8_t *out, size_t room)
{
	unsigned rcode = DNS_SERVFAIL; /* also for what is no answer */
	size_t size;

	if (answer == DNS_ANSWER_ADDRESS || answer == DNS_ANSWER_NODATA)
		rcode = DNS_NOERROR;
	else if (answer == DNS_ANSWER_NXDOMAIN)
		rcode = DNS_NXDOMAIN;
	else if (answer == DNS_ANSWER_REFUSED)
		rcode = DNS_REFUSED;
	if (answer != DNS_ANSWER_ADDRESS)
		address = NULL;
	size = write_once(q, rcode, address, 0, out, room);
	return size > 0 || address == NULL ? size : write_once(q, rcode, NULL, 1, out, room);
}

size_t
dns_answer_refuse(
	const struct dns_query *q, enum dns_query_verdict verdict, uint8_t *out, size_t room)
{
	struct dns_query bare = { .id = q->id, .bits = q->bits };

	switch (verdict) {
	case DNS_QUERY_FORMERR:
		return write_once(&bare, DNS_FORMERR, NULL, 0, out, room);
	case DNS_QUERY_NOTIMP:
		return write_once(&bare, DNS_NOTIMP, NULL, 0, out, room);
	case DNS_QUERY_REFUSED:
		return write_once(q, DNS_REFUSED, NULL, 0, out, room);
	case DNS_QUERY_BADVERS:
		return write_once(q, DNS_BADVERS, NULL, 0, out, room);
	default:
		return 0;
	}
}
