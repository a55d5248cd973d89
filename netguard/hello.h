/* The ClientHello of a connection, read before a byte of it goes on: which server does it ask for? */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "hostname.h"

#define HELLO_MAX      (64u * 1024) /* bytes of a hello with its record headers */
#define HELLO_ALPN_MAX 255u /* bytes of the list of protocols; "h2" and "http/1.1" are 12 */

/* Whether a hello may carry another one in secret (RFC 9849). */
enum hello_ech { HELLO_ECH_REFUSED, HELLO_ECH_ALLOWED };

enum hello_answer {
	HELLO_MORE, /* cannot be told yet */
	HELLO_DONE, /* a hello was read: compare its name before anything is passed on */
	HELLO_OPEN, /* no hello can come any more: pass on everything, and look no longer */
	HELLO_REFUSED /* .refusal says why; nothing more may be passed on */
};

enum hello_refusal {
	HELLO_FINE,
	HELLO_NOT_TLS,
	HELLO_SSLV2,
	HELLO_BAD_RECORD,
	HELLO_TOO_LONG,
	HELLO_NO_HELLO,
	HELLO_MORE_IN_RECORD,
	HELLO_MALFORMED,
	HELLO_OLD_VERSION,
	HELLO_EXTENSION_TWICE,
	HELLO_EXTENSION_ORDER,
	HELLO_BAD_NAME,
	HELLO_BAD_ALPN,
	HELLO_HIDDEN,
	HELLO_OTHER_NAME,
	HELLO_NO_MEMORY,
	HELLO_REFUSALS
};

struct hello {
	/* With HELLO_DONE: */
	char name[HOSTNAME_ROOM]; /* as hostname_take writes it; empty: it names no server */
	uint8_t alpn[HELLO_ALPN_MAX]; /* length and name of each protocol, see hello_protocol */
	size_t alpn_size;
	uint16_t version; /* the highest that it offers, 0x0304 for TLS 1.3 */
	int ech; /* it has an encrypted hello, or something that looks like one */
	int early_data;
	/* With HELLO_REFUSED: */
	enum hello_refusal refusal;

	/* The reader's own. */
	enum hello_ech allowed;
	int phase;
	int may_repeat; /* the server can ask for another hello */
	size_t at; /* the next record */
	size_t skip; /* of a record that is passed on as it comes */
	size_t gathered; /* bytes of handshake in the records before at */
	uint8_t lead[4]; /* the first of them */
};

/* Holds no memory between calls; there is nothing to finish. */
void hello_begin(struct hello *h, enum hello_ech ech);
/* data: everything that the client has sent and that was not passed on yet. *ret_pass, which is always written:
 * so many of these bytes may go on, after DONE only when the name agrees; the next call's data begin behind
 * them. The answers do not depend on how the bytes were cut.
 *
 * After DONE the caller goes on calling until OPEN, because the server may have asked for a second hello (RFC 8446,
 * 4.1.4), and that one has to have the same name. */
enum hello_answer hello_look(
	struct hello *h, const uint8_t *data, size_t size, size_t *ret_pass) CORDON_CHECKED;
/* Whether the hello asks for that name, which is written as hostname_take does. */
int hello_agrees(const struct hello *h, const char *name);
/* The protocols one by one: *at begins with 0. Returns 0 behind the last. *ret_protocol borrows from h. */
int hello_protocol(
	const struct hello *h, size_t *at, const uint8_t **ret_protocol, size_t *ret_size);

/* For the record and messages: "hello.hidden", and "the hello hides another one (ECH)". */
const char *hello_refusal_name(enum hello_refusal refusal);
const char *hello_refusal_text(enum hello_refusal refusal);
