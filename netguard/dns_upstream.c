/* The judge of upstream answers. The server, or who stands on the way, wants a listed name to lead to an address
 * of its choice, or one reader to see other addresses than the next. MUSTs:
 *
 * 1. The answer is to the question that was asked: id, name, type, class, and one question only.
 * 2. Every byte is part of a record that the header counts. (Records behind the counted ones, which a laxer
 *    reader takes.)
 * 3. Addresses count only for the name at the end of the CNAME chain, which begins at the asked name and
 *    is followed inside this message alone. An address or a CNAME of any other name refuses the whole
 *    answer, because nobody asked for it. (Poison that rides along.)
 * 4. One name has one CNAME, or addresses, never both and never two. (RFC 2181, 10.1. Otherwise the order of the
 *    records decides.)
 * 5. All addresses are given or none. (The judge of addresses has to see the forbidden one among them.)
 * 6. NXDOMAIN has no addresses, and is told apart from an empty answer.
 * 7. Bounds: names and pointers as in dns_name.c, chain, records, addresses. One pass over the records of the
 *    answer section for every link of the chain.
 *
 * Not looked into: records of other types (RRSIG, DNAME, whose CNAME comes along: RFC 6672, 3.1) and those of
 * the last two sections, but for their form, and for OPT.
 *
 * calls: none */
#include "dns_upstream.h"

#include <string.h>

#include "octets.h"

/* clang-format off */
static const struct {
	const char *name, *text;
} words[] = {
	[DNS_UPSTREAM_ADDRESSES] = { "dns.addresses", "the name has addresses" },
	[DNS_UPSTREAM_NODATA] = { "dns.nodata", "the name has no such address" },
	[DNS_UPSTREAM_NXDOMAIN] = { "dns.nxdomain", "there is no such name" },
	[DNS_UPSTREAM_FAILED] = { "dns.failed", "the server could not answer" },
	[DNS_UPSTREAM_TRUNCATED] = { "dns.truncated", "the answer is cut" },
	[DNS_UPSTREAM_OTHER] = { "dns.other", "the answer is to another question" },
	[DNS_UPSTREAM_MALFORMED] = { "dns.malformed", "the answer is no well-formed message" },
	[DNS_UPSTREAM_BAD_NAME] = { "dns.bad_name", "the name leads to what is no host name" },
	[DNS_UPSTREAM_LOOP] = { "dns.loop", "the CNAME records lead in a circle" },
	[DNS_UPSTREAM_DEEP] = { "dns.deep", "there are more CNAME records than a name may have" },
	[DNS_UPSTREAM_CONTRADICTION] = { "dns.contradiction", "the records contradict each other or the question" },
	[DNS_UPSTREAM_MANY] = { "dns.many", "the name has more records than are looked at" },
};
/* clang-format on */
_Static_assert(sizeof(words) / sizeof(*words) == DNS_UPSTREAM_VERDICTS, "words for each");

const char *
dns_upstream_verdict_name(enum dns_upstream_verdict verdict)
{
	return (unsigned)verdict < DNS_UPSTREAM_VERDICTS ? words[verdict].name : "dns.unknown";
}

const char *
dns_upstream_verdict_text(enum dns_upstream_verdict verdict)
{
	return (unsigned)verdict < DNS_UPSTREAM_VERDICTS ? words[verdict].text
							 : "the answer is unknown";
}

struct message {
	const uint8_t *data;
	size_t size;
	size_t answers_at; /* the first record of the answer section */
	struct dns_header header;
	unsigned extended_rcode; /* the upper bits, of the OPT record */
	int opt; /* there was one */
};

struct record {
	struct dns_name owner;
	size_t owner_size; /* bytes here, not where a pointer leads */
	uint16_t type, class;
	uint32_t ttl_s;
	size_t data_at, data_size;
};

static int
read_record(const struct message *m, size_t *at, struct record *ret)
{
	size_t here = *at;
	struct octets o, data;

	if (dns_name_read(m->data, m->size, &here, DNS_POINTERS_BACKWARDS, &ret->owner) < 0)
		return -1;
	ret->owner_size = here - *at;
	o = (struct octets){ m->data + here, m->size - here };
	if (octets_u16(&o, &ret->type) < 0 || octets_u16(&o, &ret->class) < 0 ||
		octets_number(&o, 4, &ret->ttl_s) < 0 || octets_vector(&o, 2, &data) < 0)
		return -1;
	ret->data_at = (size_t)(data.at - m->data);
	ret->data_size = data.left;
	*at = ret->data_at + data.left;
	return 0;
}

/* The name that a CNAME record leads to; nothing may stand behind it. */
static int
read_target(const struct message *m, const struct record *r, struct dns_name *ret)
{
	size_t at = r->data_at;

	if (dns_name_read(m->data, r->data_at + r->data_size, &at, DNS_POINTERS_BACKWARDS, ret) <
			0 ||
		at != r->data_at + r->data_size)
		return -1;
	return 0;
}

static int
is_address(uint16_t type)
{
	return type == DNS_TYPE_A || type == DNS_TYPE_AAAA;
}

static size_t
address_size(uint16_t type)
{
	return type == DNS_TYPE_A ? 4 : 16;
}

/* The form of one record of the answer section, and whether it could be an answer at all. */
static enum dns_upstream_verdict
check_answer(const struct message *m, const struct dns_asked *asked, const struct record *r)
{
	struct dns_name target;

	if (r->type == DNS_TYPE_OPT)
		return DNS_UPSTREAM_MALFORMED;
	if (!is_address(r->type) && r->type != DNS_TYPE_CNAME)
		return DNS_UPSTREAM_NODATA;
	if (r->class != DNS_CLASS_IN)
		return DNS_UPSTREAM_CONTRADICTION;
	if (r->type == DNS_TYPE_CNAME) {
		if (read_target(m, r, &target) < 0)
			return DNS_UPSTREAM_MALFORMED;
		return r->owner.host && target.host ? DNS_UPSTREAM_NODATA : DNS_UPSTREAM_BAD_NAME;
	}
	if (r->data_size != address_size(r->type))
		return DNS_UPSTREAM_MALFORMED;
	return r->type == asked->type && r->owner.host ? DNS_UPSTREAM_NODATA
						       : DNS_UPSTREAM_CONTRADICTION;
}

/* OPT stands once, among the additional records, at the root: RFC 6891, 6.1.1 and 6.1.2. */
static int
check_additional(struct message *m, size_t section, const struct record *r)
{
	if (r->type != DNS_TYPE_OPT)
		return 0;
	if (section != 2 || m->opt || r->owner_size != 1)
		return -1;
	m->opt = 1;
	m->extended_rcode = r->ttl_s >> 24;
	return 0;
}

/* Every record once: their form, and that nothing is left. NODATA when all is well. */
static enum dns_upstream_verdict
check_records(struct message *m, const struct dns_asked *asked)
{
	const uint16_t counts[3] = { m->header.answers, m->header.authorities,
		m->header.additionals };
	enum dns_upstream_verdict worst = DNS_UPSTREAM_NODATA, verdict;
	size_t at = m->answers_at;
	struct record r;

	for (size_t section = 0; section < 3; section++)
		for (unsigned i = 0; i < counts[section]; i++) {
			if (read_record(m, &at, &r) < 0 || check_additional(m, section, &r) < 0)
				return DNS_UPSTREAM_MALFORMED;
			if (section > 0)
				continue;
			verdict = check_answer(m, asked, &r);
			if (verdict == DNS_UPSTREAM_MALFORMED)
				return verdict;
			if (worst == DNS_UPSTREAM_NODATA)
				worst = verdict;
		}
	return at == m->size ? worst : DNS_UPSTREAM_MALFORMED;
}

static enum dns_upstream_verdict
check_question(struct message *m, const struct dns_asked *asked)
{
	size_t at = DNS_HEADER;
	struct dns_name name;
	uint16_t type, class;
	struct octets o;

	if (dns_header_read(m->data, m->size, &m->header) < 0)
		return DNS_UPSTREAM_MALFORMED;
	if ((m->header.bits & DNS_QR) == 0 || (m->header.bits & DNS_OPCODE) != 0 ||
		(asked->check_id && m->header.id != asked->id))
		return DNS_UPSTREAM_OTHER;
	/* Who could not read a query may answer without it. */
	if (m->header.questions == 0 && (m->header.bits & DNS_RCODE) != DNS_NOERROR &&
		(m->header.bits & DNS_RCODE) != DNS_NXDOMAIN)
		return DNS_UPSTREAM_FAILED;
	if (m->header.questions != 1)
		return DNS_UPSTREAM_OTHER;
	if (dns_name_read(m->data, m->size, &at, DNS_POINTERS_REFUSED, &name) < 0)
		return DNS_UPSTREAM_MALFORMED;
	o = (struct octets){ m->data + at, m->size - at };
	if (octets_u16(&o, &type) < 0 || octets_u16(&o, &class) < 0)
		return DNS_UPSTREAM_MALFORMED;
	if (!name.host || strcmp(name.text, asked->name) != 0 || type != asked->type ||
		class != DNS_CLASS_IN)
		return DNS_UPSTREAM_OTHER;
	m->answers_at = at + 4;
	return m->header.answers <= DNS_RECORDS_MAX ? DNS_UPSTREAM_NODATA : DNS_UPSTREAM_MANY;
}

/* RFC 2181, 8: what has the upper bit is zero. */
static void
lower_ttl(struct dns_upstream *u, uint32_t ttl_s)
{
	if (ttl_s > INT32_MAX)
		ttl_s = 0;
	if (ttl_s < u->ttl_s)
		u->ttl_s = ttl_s;
}

static enum dns_upstream_verdict
add_address(struct dns_upstream *u, const uint8_t *address, size_t size)
{
	for (size_t i = 0; i < u->address_count; i++)
		if (memcmp(u->addresses[i], address, size) == 0)
			return DNS_UPSTREAM_ADDRESSES;
	if (u->address_count == DNS_ADDRESSES_MAX)
		return DNS_UPSTREAM_MANY;
	memcpy(u->addresses[u->address_count++], address, size);
	return DNS_UPSTREAM_ADDRESSES;
}

/* What one name has in the answer: its addresses go to *u, its CNAME to *ret_target (empty: none). *used
 * counts the records. */
static enum dns_upstream_verdict
collect(const struct message *m, const char *name, struct dns_upstream *u,
	struct dns_name *ret_target, unsigned *used)
{
	enum dns_upstream_verdict verdict = DNS_UPSTREAM_NODATA;
	size_t at = m->answers_at;
	struct dns_name target;
	struct record r;

	*ret_target = (struct dns_name){ 0 };
	for (unsigned i = 0; i < m->header.answers; i++) {
		if (read_record(m, &at, &r) < 0)
			return DNS_UPSTREAM_MALFORMED;
		if (strcmp(r.owner.text, name) != 0 || /* it was a host, by check_answer */
			(!is_address(r.type) && r.type != DNS_TYPE_CNAME))
			continue;
		++*used;
		lower_ttl(u, r.ttl_s);
		if (is_address(r.type)) {
			verdict = add_address(u, m->data + r.data_at, r.data_size);
			if (verdict == DNS_UPSTREAM_MANY)
				return verdict;
			continue;
		}
		if (read_target(m, &r, &target) < 0)
			return DNS_UPSTREAM_MALFORMED;
		if (ret_target->host && strcmp(ret_target->text, target.text) != 0)
			return DNS_UPSTREAM_CONTRADICTION;
		*ret_target = target;
	}
	return ret_target->host && u->address_count > 0 ? DNS_UPSTREAM_CONTRADICTION : verdict;
}

/* How many records there are that the chain has to use up. */
static unsigned
count_answers(const struct message *m)
{
	size_t at = m->answers_at;
	unsigned count = 0;
	struct record r;

	for (unsigned i = 0; i < m->header.answers && read_record(m, &at, &r) == 0; i++)
		count += is_address(r.type) || r.type == DNS_TYPE_CNAME;
	return count;
}

static int
seen_before(const struct dns_asked *asked, const struct dns_upstream *u, const char *name)
{
	if (strcmp(asked->name, name) == 0)
		return 1;
	for (size_t i = 0; i < u->chain_count; i++)
		if (strcmp(u->chain[i], name) == 0)
			return 1;
	return 0;
}

static enum dns_upstream_verdict
follow(const struct message *m, const struct dns_asked *asked, struct dns_upstream *u)
{
	const char *name = asked->name;
	unsigned used = 0;

	for (;;) {
		struct dns_name target;
		enum dns_upstream_verdict verdict = collect(m, name, u, &target, &used);

		if (verdict != DNS_UPSTREAM_NODATA && verdict != DNS_UPSTREAM_ADDRESSES)
			return verdict;
		if (!target.host)
			return used == count_answers(m) ? verdict : DNS_UPSTREAM_CONTRADICTION;
		if (seen_before(asked, u, target.text))
			return DNS_UPSTREAM_LOOP;
		if (u->chain_count == DNS_CHAIN_MAX)
			return DNS_UPSTREAM_DEEP;
		name = u->chain[u->chain_count++];
		memcpy(u->chain[u->chain_count - 1], target.text, sizeof(target.text));
	}
}

static enum dns_upstream_verdict
judge(struct message *m, const struct dns_asked *asked, struct dns_upstream *u)
{
	enum dns_upstream_verdict verdict;
	unsigned rcode;

	verdict = check_question(m, asked);
	if (verdict != DNS_UPSTREAM_NODATA)
		return verdict;
	/* Whatever a cut message has, it is not all. */
	if ((m->header.bits & DNS_TC) != 0)
		return DNS_UPSTREAM_TRUNCATED;
	verdict = check_records(m, asked);
	if (verdict == DNS_UPSTREAM_MALFORMED)
		return verdict;
	rcode = m->extended_rcode << 4 | (m->header.bits & DNS_RCODE);
	if (rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN)
		return DNS_UPSTREAM_FAILED;
	if (verdict == DNS_UPSTREAM_NODATA)
		verdict = follow(m, asked, u);
	if (rcode == DNS_NXDOMAIN && verdict == DNS_UPSTREAM_NODATA)
		return DNS_UPSTREAM_NXDOMAIN;
	if (rcode == DNS_NXDOMAIN && verdict == DNS_UPSTREAM_ADDRESSES)
		return DNS_UPSTREAM_CONTRADICTION;
	return verdict;
}

enum dns_upstream_verdict
dns_upstream_judge(const struct dns_asked *asked, const uint8_t *message, size_t size,
	struct dns_upstream *ret)
{
	struct message m = { .data = message, .size = size };
	enum dns_upstream_verdict verdict;

	*ret = (struct dns_upstream){ .ttl_s = INT32_MAX };
	verdict = size > UINT16_MAX || !is_address(asked->type) ? DNS_UPSTREAM_MALFORMED
								: judge(&m, asked, ret);
	if (verdict != DNS_UPSTREAM_ADDRESSES) {
		/* Nobody finds half of a refused answer. */
		ret->address_count = 0;
		memset(ret->addresses, 0, sizeof(ret->addresses));
		ret->ttl_s = 0;
	}
	if (verdict != DNS_UPSTREAM_ADDRESSES && verdict != DNS_UPSTREAM_NODATA &&
		verdict != DNS_UPSTREAM_NXDOMAIN)
		ret->chain_count = 0;
	return verdict;
}
