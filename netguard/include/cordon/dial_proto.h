/* What a dialer is told and says (`cordon-netguard dial`): fixed layouts over links (<cordon/link.h>). One leads to the
 * monitor, which alone says what may be reached and by whom. The others lead to the askers: the relay, the resolver, and
 * one for each fetch.
 *
 *	dialer -> monitor   READY                    once, first: it has locked itself
 *	monitor -> dialer   ASKER number             with the dialer's end of that asker's link
 *	monitor -> dialer   GRANT id asker kind ...  this may be reached from now on, by that asker
 *	dialer -> monitor   GRANTED id               or
 *	                    UNGRANTED id reason at   it may not; at: the address, of those of the grant
 *	monitor -> dialer   WITHDRAW id
 *	dialer -> monitor   WITHDRAWN id             nothing is dialed by it any more; also when there was none
 *
 *	asker -> dialer     DIAL request grant at    the address `at` of a grant
 *	                    HANG_UP request          not any more; no matter when it is too late
 *	dialer -> asker     CONNECTED request        with the socket
 *	                    UNCONNECTED request why  it could not be, and will not be tried again
 *
 * A GRANT, a WITHDRAW and a DIAL are answered exactly once, DIALs in any order. An ASKER has no answer; that there is one
 * of that number, or CORDON_DIAL_ASKERS of them, breaks the protocol.
 *
 * An asker whose link ends, or who sends what is not one of these, is dropped, and its grants with it; a GRANT that comes
 * after that is UNGRANTED (GONE). A dialer ends with its link to the monitor, and with the first message from there that is
 * not one of these.
 *
 * What CONNECTED brings is non-blocking and close-on-exec: by TCP the connected socket, with TCP_NODELAY. Of a
 * resolver by UDP it is the end of a SOCK_SEQPACKET pair, whose packets the dialer carries to and from a connected
 * socket of its own: who holds a datagram socket can send to any address (udp(7)), a connected one included. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/error.h>

#define CORDON_DIAL_ADDRESSES 16u /* of one grant */
#define CORDON_DIAL_GRANTS    8192u /* at one time */
#define CORDON_DIAL_ASKERS    34u /* at one time */
#define CORDON_DIAL_IN_FLIGHT 64u /* connects under way, of one asker */
#define CORDON_DIAL_RESERVE   8u /* of these there are always, whatever the other askers do */
#define CORDON_DIAL_GRANT_FLIGHT \
	8u /* of one grant, so that one that hangs leaves room for others */
#define CORDON_DIAL_TIMEOUT_MS_MAX 60000u
#define CORDON_DIAL_QUERY_MAX      512u /* bytes of a datagram to a resolver */
#define CORDON_DIAL_ANSWER_MAX     4096u /* and from it */
#define CORDON_DIAL_FLOW_MS        30000u /* how long datagrams are carried for one DIAL */

/*	name         number  sender -> receiver */
#define CORDON_DIAL_MESSAGES(X)                 \
	X(READY, 1) /*	dialer -> monitor */     \
	X(GRANT, 2) /*	monitor -> dialer */     \
	X(GRANTED, 3) /*	dialer -> monitor */   \
	X(UNGRANTED, 4) /*	dialer -> monitor */ \
	X(WITHDRAW, 5) /*	monitor -> dialer */  \
	X(WITHDRAWN, 6) /*	dialer -> monitor */ \
	X(ASKER, 7) /*	monitor -> dialer */     \
	X(DIAL, 16) /*	asker -> dialer */       \
	X(HANG_UP, 17) /*	asker -> dialer */    \
	X(CONNECTED, 18) /*	dialer -> asker */  \
	X(UNCONNECTED, 19) /*	dialer -> asker */

enum cordon_dial_message {
#define X(name, number) CORDON_DIAL_##name = number,
	CORDON_DIAL_MESSAGES(X)
#undef X
};

enum cordon_dial_kind {
	CORDON_DIAL_PUBLIC = 1, /* by TCP; each address is public, and not one of this host */
	CORDON_DIAL_PRIVATE, /* by TCP; exactly these addresses, for the operator has named them */
	CORDON_DIAL_RESOLVER_TCP, /* the same, for DNS */
	CORDON_DIAL_RESOLVER_UDP,
	CORDON_DIAL_KINDS /* one more than the last */
};

enum cordon_dial_why {
	CORDON_DIAL_FINE,
	CORDON_DIAL_FORBIDDEN, /* the address is one that this kind of grant does not reach */
	CORDON_DIAL_TWICE, /* there is a grant of that id */
	CORDON_DIAL_FULL, /* a bound of the dialer: grants, or connects under way */
	CORDON_DIAL_NOT_GRANTED, /* no such grant, or no such address in it */
	CORDON_DIAL_GONE, /* the grant was withdrawn, or the asker has hung up or gone */
	CORDON_DIAL_TIMEOUT,
	CORDON_DIAL_FAILED, /* the kernel says so: .sys */
	CORDON_DIAL_OTHER_END, /* it is connected with what was not granted, or with itself */
	CORDON_DIAL_BLIND, /* the addresses of this host could not be read: .sys */
	CORDON_DIAL_WHYS /* one more than the last */
};

struct cordon_dial_grant {
	uint64_t id;
	uint32_t asker; /* who may DIAL it */
	enum cordon_dial_kind kind;
	uint16_t port; /* not 0 */
	uint32_t timeout_ms; /* of one connect; 1 to CORDON_DIAL_TIMEOUT_MS_MAX */
	/* IPv4-mapped ones have no place here: they are IPv4 (cordon_address_unmapped). */
	struct cordon_address addresses[CORDON_DIAL_ADDRESSES];
	unsigned count; /* at least 1 */
};

/* Of all other messages; what one does not have is 0. */
struct cordon_dial_word {
	uint64_t id; /* of the grant; DIAL to UNCONNECTED: of the request; ASKER: uint32_t */
	uint64_t grant; /* DIAL */
	uint8_t at; /* DIAL, UNGRANTED */
	enum cordon_dial_why why; /* UNGRANTED, UNCONNECTED; not FINE */
	int sys; /* the same: an errno value, or 0 */
};

struct cordon_writer;

void cordon_dial_encode_grant(const struct cordon_dial_grant *grant, struct cordon_writer *w);
/* Returns 0, or -1 with CORDON_EPEER. */
int cordon_dial_decode_grant(const void *data, size_t size, struct cordon_dial_grant *ret,
	struct cordon_error *err) CORDON_CHECKED;

void cordon_dial_encode_word(
	uint16_t message, const struct cordon_dial_word *word, struct cordon_writer *w);
int cordon_dial_decode_word(uint16_t message, const void *data, size_t size,
	struct cordon_dial_word *ret, struct cordon_error *err) CORDON_CHECKED;

/* The stable reason code of a refusal, "net.private_address", and its words. */
const char *cordon_dial_why_reason(enum cordon_dial_why why);
const char *cordon_dial_why_text(enum cordon_dial_why why);
