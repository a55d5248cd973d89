/* The reader of queries. A run's programs need A and AAAA look-ups of stub resolvers and nothing else, so
 * whatever a stub does not send is refused. MUSTs:
 *
 * 1. A response is never answered. (Two answerers that talk to each other for ever.)
 * 2. Every byte belongs to the header, the question or the OPT record. (Data that rides along into logs, or
 *    that another reader takes for a second question.)
 * 3. The name is judged in lower case, and answered in the letters of the question (resolvers that vary
 *    them compare: draft-vixie-dnsext-dns0x20).
 *
 * calls: none */
#include "dns_query.h"

#include <string.h>

#include "octets.h"

/* Bits that a stub may set. AA, TC, RA and the response code are an answer's, Z is zero (RFC 1035 4.1.1). */
#define QUERY_BITS (DNS_OPCODE | DNS_RD | DNS_AD | DNS_CD)

static const char *const verdict_names[] = {
	[DNS_QUERY_FINE] = "dns.fine",
	[DNS_QUERY_SILENCE] = "dns.silence",
	[DNS_QUERY_FORMERR] = "dns.formerr",
	[DNS_QUERY_NOTIMP] = "dns.notimp",
	[DNS_QUERY_REFUSED] = "dns.refused",
	[DNS_QUERY_BADVERS] = "dns.badvers",
};
_Static_assert(sizeof(verdict_names) / sizeof(*verdict_names) == DNS_QUERY_VERDICTS, "a name each");

const char *
dns_query_verdict_name(enum dns_query_verdict verdict)
{
	return (unsigned)verdict < DNS_QUERY_VERDICTS ? verdict_names[verdict] : "dns.unknown";
}

/* The options have to fill the record; what they say is not looked at. */
static int
check_options(struct octets options)
{
	while (options.left > 0) {
		struct octets value;
		uint16_t code;

		if (octets_u16(&options, &code) < 0 || octets_vector(&options, 2, &value) < 0)
			return -1;
	}
	return 0;
}

/* RFC 6891 6.1.2. rest is everything behind the question. */
static enum dns_query_verdict
read_opt(struct octets rest, struct dns_query *q)
{
	uint8_t root, extended, version;
	uint16_t type, size, flags;
	struct octets options;

	if (octets_u8(&rest, &root) < 0 || octets_u16(&rest, &type) < 0 ||
		octets_u16(&rest, &size) < 0 || octets_u8(&rest, &extended) < 0 ||
		octets_u8(&rest, &version) < 0 || octets_u16(&rest, &flags) < 0 ||
		octets_vector(&rest, 2, &options) < 0 || rest.left > 0 || root != 0 ||
		type != DNS_TYPE_OPT || check_options(options) < 0)
		return DNS_QUERY_FORMERR;
	q->edns = 1;
	q->dnssec_ok = (flags & 0x8000u) != 0;
	q->udp_size = size > DNS_UDP_MIN ? size : DNS_UDP_MIN; /* 6.2.3 */
	return version == 0 ? DNS_QUERY_FINE : DNS_QUERY_BADVERS;
}

static enum dns_query_verdict
judge_type(uint16_t type)
{
	if (type == 0 || type == DNS_TYPE_OPT)
		return DNS_QUERY_FORMERR;
	/* TKEY, TSIG, IXFR, AXFR, MAILB, MAILA: operations and retired ones. */
	return type >= 249 && type <= 254 ? DNS_QUERY_NOTIMP : DNS_QUERY_FINE;
}

enum dns_query_verdict
dns_query_read(const uint8_t *message, size_t size, struct dns_query *ret)
{
	struct dns_query *q = ret;
	enum dns_query_verdict verdict, opt = DNS_QUERY_FINE;
	size_t at = DNS_HEADER;
	struct dns_header h;
	struct octets rest;
	uint16_t class;

	*q = (struct dns_query){ .udp_size = DNS_UDP_MIN };
	if (size > DNS_QUERY_MAX || dns_header_read(message, size, &h) < 0 ||
		(h.bits & DNS_QR) != 0)
		return DNS_QUERY_SILENCE;
	q->id = h.id;
	q->bits = h.bits;
	/* Before anything that another operation may lay out in its own way. */
	if ((h.bits & DNS_OPCODE) != 0)
		return DNS_QUERY_NOTIMP;
	if ((h.bits & ~QUERY_BITS) != 0 || h.questions != 1 || h.answers != 0 ||
		h.authorities != 0 || h.additionals > 1 ||
		dns_name_read(message, size, &at, DNS_POINTERS_REFUSED, &q->name) < 0)
		return DNS_QUERY_FORMERR;
	rest = (struct octets){ message + at, size - at };
	if (octets_u16(&rest, &q->type) < 0 || octets_u16(&rest, &class) < 0)
		return DNS_QUERY_FORMERR;
	if (h.additionals == 1)
		opt = read_opt(rest, q);
	else if (rest.left > 0)
		return DNS_QUERY_FORMERR;
	verdict = judge_type(q->type);
	if (opt == DNS_QUERY_FORMERR || verdict != DNS_QUERY_FINE)
		return opt == DNS_QUERY_FORMERR ? opt : verdict;
	q->question_size = at + 4 - DNS_HEADER;
	memcpy(q->question, message + DNS_HEADER, q->question_size);
	if (opt != DNS_QUERY_FINE)
		return opt;
	return class == DNS_CLASS_IN ? DNS_QUERY_FINE : DNS_QUERY_REFUSED;
}

enum dns_stream
dns_stream_next(const uint8_t *data, size_t size, const uint8_t **ret_message, size_t *ret_size)
{
	struct octets o = { data, size };
	uint16_t length;

	if (octets_u16(&o, &length) < 0)
		return DNS_STREAM_MORE;
	if (length < DNS_HEADER || length > DNS_QUERY_MAX)
		return DNS_STREAM_REFUSED;
	if (o.left < length)
		return DNS_STREAM_MORE;
	*ret_message = o.at;
	*ret_size = length;
	return DNS_STREAM_ONE;
}
