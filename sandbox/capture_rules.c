/* The run's rules, made once and sent as one nfnetlink transaction: all of them are there, or none.
 *
 * MUST 1 A TCP connection to an address that is not loopback goes to the listener, whatever the address and the
 *        port are (but 53, which has a listener of its own).
 * MUST 2 Nothing else reaches the listener: who connects to its own address and port is refused.
 * MUST 3 What is neither TCP to loopback or to the listener, UDP to loopback, to or from port 53, nor ICMP to loopback is
 *        refused. Ports below 1024 cannot be bound in a run, so that what comes from port 53 is ours.
 * MUST 4 (M10) The kernel remembers a redirected connection for two minutes after its end, in memory that no limit of the
 *        run counts. So only so many are begun in a second; the others wait, as TCP does.
 *
 * In words of nft(8), all at the hook output, since nothing comes from elsewhere:
 *
 *	chain untracked  priority raw:    not tcp: notrack accept; sport LISTENER: accept; to loopback: notrack accept;
 *	                                  tcp flags syn limit rate over RATE/second burst BURST: drop
 *	chain redirected type nat:        tcp dport not 53: redirect to LISTENER
 *	chain allowed    policy drop:     ct status dnat: accept; tcp dport LISTENER: reject with a reset;
 *	                                  sport LISTENER, to loopback, dport 53, sport 53: goto known
 *	chain known                       tcp, udp, icmp, icmpv6: accept
 *
 * The reset is from the listener's port, too, and may go anywhere.
 * What is dropped at the output answers the sender at once: EPERM. Loopback is not tracked, for speed, and since a full
 * table of connections would break it. The answers of the listener have to be, whoever they go to: to a client
 * in IPv6 they are from ::1 to ::1.
 *
 * Tests: tests/kernel/test_capture.c.
 *
 * calls: none */
#include "capture_messages.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <cordon/capture.h>

#include "capture_batch.h"

#define TABLE    "cordon"
#define DNS_PORT 53

/* Where a chain comes among those of its hook, nft(8). */
#define PRIORITY_RAW    (-300)
#define PRIORITY_NAT    (-100)
#define PRIORITY_FILTER 0

enum chain { UNTRACKED, REDIRECTED, ALLOWED, KNOWN, CHAINS };
static const struct {
	const char *name, *type; /* type NULL: at no hook, reached by goto */
	int priority;
	unsigned policy;
} chains[CHAINS] = {
	[UNTRACKED] = { "untracked", "filter", PRIORITY_RAW, NF_ACCEPT },
	[REDIRECTED] = { "redirected", "nat", PRIORITY_NAT, NF_ACCEPT },
	[ALLOWED] = { "allowed", "filter", PRIORITY_FILTER, NF_DROP },
	[KNOWN] = { "known", NULL, 0, 0 },
};

#define RATE  256 /* new connections a second: with BURST, 35,000 that are remembered, some 11 MiB */
#define BURST 4096

enum what {
	NO_MATCH,
	BEGINS,
	PROTOCOL,
	NOT_PROTOCOL,
	SOURCE,
	TARGET,
	NOT_TARGET,
	LOOPBACK4,
	LOOPBACK6,
	DNAT
};
enum then { ACCEPT, LIMIT, NOTRACK, REDIRECT, RESET, GOTO_KNOWN };

static const struct rule {
	enum chain chain;
	struct {
		enum what what;
		uint16_t value; /* of a protocol, or a port */
	} matches[2];
	enum then then;
} rules[] = {
	{ UNTRACKED, { { NOT_PROTOCOL, IPPROTO_TCP } }, NOTRACK },
	{ UNTRACKED, { { SOURCE, CORDON_CAPTURE_PORT } }, ACCEPT },
	{ UNTRACKED, { { LOOPBACK4, 0 } }, NOTRACK },
	{ UNTRACKED, { { LOOPBACK6, 0 } }, NOTRACK },
	{ UNTRACKED, { { BEGINS, 0 } }, LIMIT },
	{ REDIRECTED, { { PROTOCOL, IPPROTO_TCP }, { NOT_TARGET, DNS_PORT } }, REDIRECT },
	{ ALLOWED, { { DNAT, 0 } }, ACCEPT },
	{ ALLOWED, { { PROTOCOL, IPPROTO_TCP }, { TARGET, CORDON_CAPTURE_PORT } }, RESET },
	{ ALLOWED, { { SOURCE, CORDON_CAPTURE_PORT } }, GOTO_KNOWN },
	{ ALLOWED, { { LOOPBACK4, 0 } }, GOTO_KNOWN },
	{ ALLOWED, { { LOOPBACK6, 0 } }, GOTO_KNOWN },
	{ ALLOWED, { { TARGET, DNS_PORT } }, GOTO_KNOWN },
	{ ALLOWED, { { SOURCE, DNS_PORT } }, GOTO_KNOWN },
	{ KNOWN, { { PROTOCOL, IPPROTO_TCP } }, ACCEPT },
	{ KNOWN, { { PROTOCOL, IPPROTO_UDP } }, ACCEPT },
	{ KNOWN, { { PROTOCOL, IPPROTO_ICMP } }, ACCEPT },
	{ KNOWN, { { PROTOCOL, IPPROTO_ICMPV6 } }, ACCEPT },
};

/* A message under construction; put is less than 0 when something had no room. */
struct draft {
	struct nl_msg *m;
	int put;
};

static struct nlattr *
open_nest(struct draft *d, int type)
{
	struct nlattr *nest = nla_nest_start(d->m, type | NLA_F_NESTED);

	if (nest == NULL)
		d->put = -1;
	return nest;
}

static void
close_nest(struct draft *d, struct nlattr *nest)
{
	if (nest != NULL)
		d->put |= nla_nest_end(d->m, nest);
}

static void
put_be32(struct draft *d, int type, uint32_t value)
{
	d->put |= nla_put_u32(d->m, type, htonl(value));
}

/* Bytes as nftables takes them, everywhere. */
static void
put_value(struct draft *d, int type, const void *value, int size)
{
	struct nlattr *nest = open_nest(d, type);

	d->put |= nla_put(d->m, NFTA_DATA_VALUE, size, value);
	close_nest(d, nest);
}

/* One expression: its element, name and data. */
struct expression {
	struct nlattr *element, *data;
};

static struct expression
begin(struct draft *d, const char *name)
{
	struct expression e;

	e.element = open_nest(d, NFTA_LIST_ELEM);
	d->put |= nla_put_string(d->m, NFTA_EXPR_NAME, name);
	e.data = open_nest(d, NFTA_EXPR_DATA);
	return e;
}

static void
end(struct draft *d, struct expression e)
{
	close_nest(d, e.data);
	close_nest(d, e.element);
}

/* All goes through one register: what is loaded is compared at once. */

static void
load_meta(struct draft *d, uint32_t key)
{
	const struct expression e = begin(d, "meta");

	put_be32(d, NFTA_META_KEY, key);
	put_be32(d, NFTA_META_DREG, NFT_REG_1);
	end(d, e);
}

static void
load_payload(struct draft *d, uint32_t base, uint32_t offset, uint32_t size)
{
	const struct expression e = begin(d, "payload");

	put_be32(d, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(d, NFTA_PAYLOAD_BASE, base);
	put_be32(d, NFTA_PAYLOAD_OFFSET, offset);
	put_be32(d, NFTA_PAYLOAD_LEN, size);
	end(d, e);
}

static void
compare(struct draft *d, uint32_t op, const void *value, int size)
{
	const struct expression e = begin(d, "cmp");

	put_be32(d, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(d, NFTA_CMP_OP, op);
	put_value(d, NFTA_CMP_DATA, value, size);
	end(d, e);
}

static void
match_protocol(struct draft *d, uint32_t op, uint16_t value)
{
	const uint8_t protocol = (uint8_t)value;

	load_meta(d, NFT_META_L4PROTO);
	compare(d, op, &protocol, sizeof(protocol));
}

/* Source and destination port are the first words of all headers that have them. */
static void
match_port(struct draft *d, uint32_t offset, uint32_t op, uint16_t value)
{
	const uint16_t port = htons(value);

	load_payload(d, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(port));
	compare(d, op, &port, sizeof(port));
}

/* The destination: 127.0.0.0/8 or ::1. */
static void
match_loopback(struct draft *d, uint8_t family)
{
	const uint8_t net = IN_LOOPBACKNET;

	load_meta(d, NFT_META_NFPROTO);
	compare(d, NFT_CMP_EQ, &family, sizeof(family));
	if (family == NFPROTO_IPV4) {
		load_payload(d, NFT_PAYLOAD_NETWORK_HEADER, 16, sizeof(net));
		compare(d, NFT_CMP_EQ, &net, sizeof(net));
	} else {
		load_payload(d, NFT_PAYLOAD_NETWORK_HEADER, 24, sizeof(in6addr_loopback));
		compare(d, NFT_CMP_EQ, &in6addr_loopback, sizeof(in6addr_loopback));
	}
}

/* Leaves only these bits of what was loaded. size: at most 4. */
static void
mask(struct draft *d, const void *bits, uint32_t size)
{
	const struct expression e = begin(d, "bitwise");
	const uint32_t none = 0;

	put_be32(d, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(d, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(d, NFTA_BITWISE_LEN, size);
	put_value(d, NFTA_BITWISE_MASK, bits, (int)size);
	put_value(d, NFTA_BITWISE_XOR, &none, (int)size);
	end(d, e);
}

/* A connection that was redirected, in both directions. */
static void
match_dnat(struct draft *d)
{
	const uint32_t bits = IPS_DST_NAT, none = 0;
	const struct expression e = begin(d, "ct");

	put_be32(d, NFTA_CT_KEY, NFT_CT_STATUS);
	put_be32(d, NFTA_CT_DREG, NFT_REG_1);
	end(d, e);
	mask(d, &bits, sizeof(bits));
	compare(d, NFT_CMP_NEQ, &none, sizeof(none));
}

/* The first segment of a TCP connection: SYN without ACK. */
static void
match_begin(struct draft *d)
{
	const uint8_t syn = 0x02, syn_ack = 0x12;

	load_payload(d, NFT_PAYLOAD_TRANSPORT_HEADER, 13, sizeof(syn));
	mask(d, &syn_ack, sizeof(syn_ack));
	compare(d, NFT_CMP_EQ, &syn, sizeof(syn));
}

static void
match(struct draft *d, enum what what, uint16_t value)
{
	switch (what) {
	case NO_MATCH:
		break;
	case BEGINS:
		match_begin(d);
		break;
	case PROTOCOL:
		match_protocol(d, NFT_CMP_EQ, value);
		break;
	case NOT_PROTOCOL:
		match_protocol(d, NFT_CMP_NEQ, value);
		break;
	case SOURCE:
		match_port(d, 0, NFT_CMP_EQ, value);
		break;
	case TARGET:
		match_port(d, 2, NFT_CMP_EQ, value);
		break;
	case NOT_TARGET:
		match_port(d, 2, NFT_CMP_NEQ, value);
		break;
	case LOOPBACK4:
		match_loopback(d, NFPROTO_IPV4);
		break;
	case LOOPBACK6:
		match_loopback(d, NFPROTO_IPV6);
		break;
	case DNAT:
		match_dnat(d);
		break;
	}
}

static void
put_verdict(struct draft *d, int code, const char *chain)
{
	const struct expression e = begin(d, "immediate");
	struct nlattr *data, *verdict;

	put_be32(d, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = open_nest(d, NFTA_IMMEDIATE_DATA);
	verdict = open_nest(d, NFTA_DATA_VERDICT);
	put_be32(d, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain != NULL)
		d->put |= nla_put_string(d->m, NFTA_VERDICT_CHAIN, chain);
	close_nest(d, verdict);
	close_nest(d, data);
	end(d, e);
}

static void
put_redirect(struct draft *d)
{
	const uint16_t port = htons(CORDON_CAPTURE_PORT);
	struct expression e = begin(d, "immediate");

	put_be32(d, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	put_value(d, NFTA_IMMEDIATE_DATA, &port, sizeof(port));
	end(d, e);
	e = begin(d, "redir");
	put_be32(d, NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1);
	end(d, e);
}

static void
put_limit(struct draft *d)
{
	const struct expression e = begin(d, "limit");

	d->put |= nla_put_u64(d->m, NFTA_LIMIT_RATE, htobe64(RATE));
	d->put |= nla_put_u64(d->m, NFTA_LIMIT_UNIT, htobe64(1));
	put_be32(d, NFTA_LIMIT_BURST, BURST);
	put_be32(d, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	put_be32(d, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV); /* what is over it goes on in the rule */
	end(d, e);
	put_verdict(d, NF_DROP, NULL);
}

static void
put_then(struct draft *d, enum then then)
{
	struct expression e;

	switch (then) {
	case ACCEPT:
		put_verdict(d, NF_ACCEPT, NULL);
		break;
	case LIMIT:
		put_limit(d);
		break;
	case NOTRACK:
		e = begin(d, "notrack");
		end(d, e);
		put_verdict(d, NF_ACCEPT, NULL); /* in this chain; the others follow */
		break;
	case REDIRECT:
		put_redirect(d);
		break;
	case RESET:
		e = begin(d, "reject");
		put_be32(d, NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
		end(d, e);
		break;
	case GOTO_KNOWN:
		put_verdict(d, NFT_GOTO, chains[KNOWN].name);
		break;
	}
}

static struct draft
message(struct capture_batch *b, int type, int flags)
{
	const struct nfgenmsg header = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	return (struct draft){ .m = capture_batch_message(b, NFNL_SUBSYS_NFTABLES << 8 | type,
				       flags, &header, sizeof(header)) };
}

static void
put_transaction(struct capture_batch *b, int type)
{
	const struct nfgenmsg header = { .version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES) };

	capture_batch_add(b, capture_batch_message(b, type, 0, &header, sizeof(header)), 0);
}

static void
put_table(struct capture_batch *b)
{
	struct draft d = message(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);

	if (d.m == NULL)
		return;
	d.put |= nla_put_string(d.m, NFTA_TABLE_NAME, TABLE);
	capture_batch_add(b, d.m, d.put);
}

static void
put_chain(struct capture_batch *b, enum chain chain)
{
	struct draft d = message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *hook;

	if (d.m == NULL)
		return;
	d.put |= nla_put_string(d.m, NFTA_CHAIN_TABLE, TABLE);
	d.put |= nla_put_string(d.m, NFTA_CHAIN_NAME, chains[chain].name);
	if (chains[chain].type != NULL) {
		hook = open_nest(&d, NFTA_CHAIN_HOOK);
		put_be32(&d, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
		put_be32(&d, NFTA_HOOK_PRIORITY, (uint32_t)chains[chain].priority);
		close_nest(&d, hook);
		put_be32(&d, NFTA_CHAIN_POLICY, chains[chain].policy);
		d.put |= nla_put_string(d.m, NFTA_CHAIN_TYPE, chains[chain].type);
	}
	capture_batch_add(b, d.m, d.put);
}

static void
put_rule(struct capture_batch *b, const struct rule *r, int flags)
{
	struct draft d = message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | flags);
	struct nlattr *list;

	if (d.m == NULL)
		return;
	d.put |= nla_put_string(d.m, NFTA_RULE_TABLE, TABLE);
	d.put |= nla_put_string(d.m, NFTA_RULE_CHAIN, chains[r->chain].name);
	list = open_nest(&d, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < sizeof(r->matches) / sizeof(r->matches[0]); i++)
		match(&d, r->matches[i].what, r->matches[i].value);
	put_then(&d, r->then);
	close_nest(&d, list);
	capture_batch_add(b, d.m, d.put);
}

void
capture_put_rules(struct capture_batch *b)
{
	const size_t count = sizeof(rules) / sizeof(rules[0]);

	put_transaction(b, NFNL_MSG_BATCH_BEGIN);
	put_table(b);
	for (int chain = 0; chain < CHAINS; chain++)
		put_chain(b, (enum chain)chain);
	/* One answer for all of them: the transaction stands or falls as a whole. */
	for (size_t i = 0; i < count; i++)
		put_rule(b, &rules[i], i + 1 == count ? NLM_F_ACK : 0);
	put_transaction(b, NFNL_MSG_BATCH_END);
}
