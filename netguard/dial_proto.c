/* calls: none */
#include <cordon/dial_proto.h>

#include <string.h>

#include <cordon/wire.h>

/* clang-format off */
static const struct {
	const char *reason, *text;
} words[] = {
	[CORDON_DIAL_FINE] = { "net.unknown", "nothing was refused" },
	[CORDON_DIAL_FORBIDDEN] = { "net.private_address", "the address is not public, or one of this host" },
	[CORDON_DIAL_TWICE] = { "net.grant_twice", "there is a grant of that number" },
	[CORDON_DIAL_FULL] = { "limit.connections", "there are as many connections under way as there may be" },
	[CORDON_DIAL_NOT_GRANTED] = { "net.not_granted", "nobody has granted that address" },
	[CORDON_DIAL_GONE] = { "net.withdrawn", "it is not wanted any more" },
	[CORDON_DIAL_TIMEOUT] = { "net.timeout", "the other side does not answer" },
	[CORDON_DIAL_FAILED] = { "net.unreachable", "the connection could not be made" },
	[CORDON_DIAL_OTHER_END] = { "net.other_end", "it is connected with another address" },
	[CORDON_DIAL_BLIND] = { "net.interfaces", "the addresses of this host cannot be read" },
};
/* clang-format on */
_Static_assert(sizeof(words) / sizeof(*words) == CORDON_DIAL_WHYS, "words for each");

const char *
cordon_dial_why_reason(enum cordon_dial_why why)
{
	return (unsigned)why < CORDON_DIAL_WHYS ? words[why].reason : "net.unknown";
}

const char *
cordon_dial_why_text(enum cordon_dial_why why)
{
	return (unsigned)why < CORDON_DIAL_WHYS ? words[why].text : "nobody knows why";
}

void
cordon_dial_encode_grant(const struct cordon_dial_grant *grant, struct cordon_writer *w)
{
	cordon_put_u64(w, grant->id);
	cordon_put_u32(w, grant->asker);
	cordon_put_u8(w, (uint8_t)grant->kind);
	cordon_put_u16(w, grant->port);
	cordon_put_u32(w, grant->timeout_ms);
	cordon_put_u8(w, (uint8_t)grant->count);
	for (unsigned i = 0; i < grant->count; i++) {
		cordon_put_u8(w, grant->addresses[i].family);
		for (unsigned j = 0; j < sizeof(grant->addresses[i].bytes); j++)
			cordon_put_u8(w, grant->addresses[i].bytes[j]);
	}
}

/* One form for one address: what is not in use is zero, and a mapped address is not IPv6. */
static int
get_address(struct cordon_reader *r, struct cordon_address *ret)
{
	static const uint8_t zeroes[12];
	struct cordon_address address, plain;

	if (cordon_get_u8(r, &address.family) < 0 || (address.family != 4 && address.family != 6))
		return -1;
	for (unsigned i = 0; i < sizeof(address.bytes); i++)
		if (cordon_get_u8(r, &address.bytes[i]) < 0)
			return -1;
	if (address.family == 4 && memcmp(address.bytes + 4, zeroes, sizeof(zeroes)) != 0)
		return -1;
	plain = cordon_address_unmapped(&address);
	if (plain.family != address.family)
		return -1;
	*ret = address;
	return 0;
}

int
cordon_dial_decode_grant(
	const void *data, size_t size, struct cordon_dial_grant *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_dial_grant grant = { 0 };
	uint8_t kind = 0, count = 0;
	int result = 0;

	if (cordon_get_u64(&r, &grant.id) < 0 || cordon_get_u32(&r, &grant.asker) < 0 ||
		cordon_get_u8(&r, &kind) < 0 || kind < CORDON_DIAL_PUBLIC ||
		kind >= CORDON_DIAL_KINDS || cordon_get_u16(&r, &grant.port) < 0 ||
		grant.port == 0 || cordon_get_u32(&r, &grant.timeout_ms) < 0 ||
		grant.timeout_ms == 0 || grant.timeout_ms > CORDON_DIAL_TIMEOUT_MS_MAX ||
		cordon_get_u8(&r, &count) < 0 || count == 0 || count > CORDON_DIAL_ADDRESSES)
		result = -1;
	grant.kind = kind;
	for (; result == 0 && grant.count < count; grant.count++)
		result = get_address(&r, &grant.addresses[grant.count]);
	if (result < 0 || r.left != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a grant has the wrong shape");
	*ret = grant;
	return 0;
}

static int
has_at(uint16_t message)
{
	return message == CORDON_DIAL_DIAL || message == CORDON_DIAL_UNGRANTED;
}

static int
has_why(uint16_t message)
{
	return message == CORDON_DIAL_UNGRANTED || message == CORDON_DIAL_UNCONNECTED;
}

static int
is_word(uint16_t message)
{
	switch (message) {
#define X(name, number) case number:
		CORDON_DIAL_MESSAGES(X)
#undef X
		return message != CORDON_DIAL_GRANT;
	default:
		return 0;
	}
}

void
cordon_dial_encode_word(
	uint16_t message, const struct cordon_dial_word *word, struct cordon_writer *w)
{
	if (message != CORDON_DIAL_READY)
		cordon_put_u64(w, word->id);
	if (message == CORDON_DIAL_DIAL)
		cordon_put_u64(w, word->grant);
	if (has_at(message))
		cordon_put_u8(w, word->at);
	if (has_why(message)) {
		cordon_put_u8(w, (uint8_t)word->why);
		cordon_put_u32(w, (uint32_t)word->sys);
	}
}

int
cordon_dial_decode_word(uint16_t message, const void *data, size_t size,
	struct cordon_dial_word *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_dial_word word = { 0 };
	uint32_t sys = 0;
	uint8_t why = 0;
	int result = is_word(message) ? 0 : -1;

	if (result == 0 && message != CORDON_DIAL_READY)
		result = cordon_get_u64(&r, &word.id);
	if (result == 0 && message == CORDON_DIAL_DIAL)
		result = cordon_get_u64(&r, &word.grant);
	if (result == 0 && has_at(message))
		result = cordon_get_u8(&r, &word.at);
	if (result == 0 && has_why(message) &&
		(cordon_get_u8(&r, &why) < 0 || why == CORDON_DIAL_FINE ||
			why >= CORDON_DIAL_WHYS || cordon_get_u32(&r, &sys) < 0 || sys > INT32_MAX))
		result = -1;
	if (result < 0 || r.left != 0 || (message == CORDON_DIAL_ASKER && word.id > UINT32_MAX))
		return cordon_fail(err, CORDON_EPEER, 0,
			"a message about dialing has the wrong shape (number %u)", message);
	word.why = why;
	word.sys = (int)sys;
	*ret = word;
	return 0;
}
