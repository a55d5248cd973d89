/* calls: none */
#include "resolved.h"

#include <string.h>

static const char *
reason_of(enum dns_upstream_verdict verdict)
{
	switch (verdict) {
	case DNS_UPSTREAM_NODATA:
		return "net.no_address";
	case DNS_UPSTREAM_NXDOMAIN:
		return "net.no_such_name";
	case DNS_UPSTREAM_FAILED:
		return "net.dns_failed";
	case DNS_UPSTREAM_TRUNCATED:
		return "net.dns_truncated";
	case DNS_UPSTREAM_ADDRESSES:
	case DNS_UPSTREAM_OTHER:
	case DNS_UPSTREAM_MALFORMED:
	case DNS_UPSTREAM_BAD_NAME:
	case DNS_UPSTREAM_LOOP:
	case DNS_UPSTREAM_DEEP:
	case DNS_UPSTREAM_CONTRADICTION:
	case DNS_UPSTREAM_MANY:
	case DNS_UPSTREAM_VERDICTS:
		break;
	}
	return "net.dns_lie";
}

/* A name on the way has to be one that could be listed: "localhost" is none. */
static int
judge_chain(
	const struct cordon_host *name, const struct dns_upstream *answer, struct cordon_error *err)
{
	struct cordon_host host;

	for (size_t i = 0; i < answer->chain_count; i++) {
		const char *text = answer->chain[i];

		if (cordon_host_parse(text, strlen(text), &host, err) < 0) {
			cordon_fail(err, CORDON_EPOLICY, 0, "'%s' leads to '%s', which is no host",
				name->text, text);
			return cordon_because(err, "net.dns_lie");
		}
		if (cordon_host_judge(&host, NULL, 0, err) < 0)
			return cordon_while(err, "'%s' leads to '%s'", name->text, text);
	}
	return 0;
}

static void
address_of(const struct dns_upstream *answer, size_t i, int is_aaaa, struct cordon_address *ret)
{
	struct cordon_address address = { .family = is_aaaa ? 6 : 4 };

	memcpy(address.bytes, answer->addresses[i], is_aaaa ? 16 : 4);
	*ret = cordon_address_unmapped(&address);
}

static int
judge_addresses(const struct cordon_host *name, const struct dns_upstream *answer, int is_aaaa,
	const struct cordon_address *local, size_t local_count, struct cordon_error *err)
{
	for (size_t i = 0; i < answer->address_count; i++) {
		struct cordon_address address;
		struct cordon_address_class class;
		char text[CORDON_ADDRESS_TEXT];

		address_of(answer, i, is_aaaa, &address);
		class = cordon_address_judge(&address, local, local_count);
		if (class.allow)
			continue;
		cordon_address_print(&address, text);
		cordon_fail(err, CORDON_EPOLICY, 0, "'%s' leads to %s, which is not public but %s",
			name->text, text, class.name);
		return cordon_because(err, "net.private_address");
	}
	return 0;
}

static int
judge_all(const struct cordon_host *name, const enum dns_upstream_verdict verdicts[2],
	const struct dns_upstream answers[2], const struct cordon_address *local,
	size_t local_count, struct cordon_error *err)
{
	/* A family without addresses is fine when the other one has some. All else is not. */
	for (unsigned i = 0; i < 2; i++) {
		const enum dns_upstream_verdict v = verdicts[i];

		if (v == DNS_UPSTREAM_ADDRESSES ||
			(v == DNS_UPSTREAM_NODATA && (i == 0 || verdicts[0] != v)))
			continue;
		cordon_fail(err,
			v == DNS_UPSTREAM_NODATA || v == DNS_UPSTREAM_NXDOMAIN ? CORDON_ENOTFOUND
									       : CORDON_EPOLICY,
			0, "'%s' was not resolved: %s", name->text, dns_upstream_verdict_text(v));
		return cordon_because(err, reason_of(v));
	}
	for (int i = 0; i < 2; i++)
		if (judge_chain(name, &answers[i], err) < 0 ||
			(verdicts[i] == DNS_UPSTREAM_ADDRESSES &&
				judge_addresses(name, &answers[i], i, local, local_count, err) < 0))
			return -1;
	return 0;
}

/* Half of the room for each family, and what one does not need for the other. */
static void
take_addresses(const enum dns_upstream_verdict verdicts[2], const struct dns_upstream answers[2],
	struct resolved *ret)
{
	size_t have[2], use[2];

	for (unsigned i = 0; i < 2; i++)
		have[i] = verdicts[i] == DNS_UPSTREAM_ADDRESSES ? answers[i].address_count : 0;
	for (unsigned i = 0; i < 2; i++) {
		const size_t half = CORDON_DIAL_ADDRESSES / 2;
		const size_t room = have[!i] < half ? CORDON_DIAL_ADDRESSES - have[!i] : half;

		use[i] = have[i] < room ? have[i] : room;
	}
	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < use[i]; j++)
			address_of(&answers[i], j, i, &ret->addresses[ret->count++]);
}

void
resolved_judge(const struct cordon_host *name, const enum dns_upstream_verdict verdicts[2],
	const struct dns_upstream answers[2], const struct cordon_address *local,
	size_t local_count, struct resolved *ret)
{
	*ret = (struct resolved){ .ttl_s = RESOLVED_TTL_MAX_S };
	if (judge_all(name, verdicts, answers, local, local_count, &ret->error) < 0)
		return;
	take_addresses(verdicts, answers, ret);
	for (unsigned i = 0; i < 2; i++)
		if (verdicts[i] == DNS_UPSTREAM_ADDRESSES && answers[i].ttl_s < ret->ttl_s)
			ret->ttl_s = answers[i].ttl_s;
	if (ret->ttl_s < RESOLVED_TTL_MIN_S)
		ret->ttl_s = RESOLVED_TTL_MIN_S;
}
