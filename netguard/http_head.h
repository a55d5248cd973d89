/* What a client says over plain HTTP/1, read before it goes on: the head of every request of the connection, and
 * where its body ends, so that the head of the next one is found where the server finds it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "hostname.h"

#define HTTP_HEAD_MAX   (64u * 1024) /* bytes of a head, and of a trailer section */
#define HTTP_FIELDS_MAX 100u /* lines of either */
#define HTTP_METHOD_MAX 32u
#define HTTP_PORT       80u /* what a Host without a port means: RFC 9110, 4.2.1 */

/* Whether a request may leave HTTP for WebSocket. What it says then is not seen, nor what else follows when the
 * server declines. Other protocols, h2c among them, are always refused. */
enum http_upgrade { HTTP_UPGRADE_REFUSED, HTTP_UPGRADE_ALLOWED };

enum http_answer {
	HTTP_MORE, /* cannot be told yet, or a body goes on */
	HTTP_REQUEST, /* a head was read: compare its host before it is passed on */
	HTTP_OPEN, /* the connection has left HTTP: pass on everything */
	HTTP_REFUSED /* .refusal says why; nothing more may be passed on */
};

enum http_refusal {
	HTTP_FINE,
	HTTP_NOT_HTTP,
	HTTP_VERSION_2,
	HTTP_BAD_BYTE,
	HTTP_BARE_CR,
	HTTP_BARE_LF,
	HTTP_HEAD_TOO_LONG,
	HTTP_TOO_MANY_FIELDS,
	HTTP_BAD_REQUEST_LINE,
	HTTP_BAD_VERSION,
	HTTP_TUNNEL,
	HTTP_BAD_TARGET,
	HTTP_BAD_FIELD,
	HTTP_FOLDED,
	HTTP_NO_HOST,
	HTTP_HOST_TWICE,
	HTTP_BAD_HOST,
	HTTP_HOSTS_DIFFER,
	HTTP_BAD_LENGTH,
	HTTP_BAD_ENCODING,
	HTTP_TWO_FRAMINGS,
	HTTP_HOP,
	HTTP_SWITCH,
	HTTP_BAD_CHUNK,
	HTTP_BAD_TRAILER,
	HTTP_REFUSALS
};

/* Who a request is for. */
struct http_host {
	char name
		[HOSTNAME_ROOM]; /* lower-cased, without brackets: a host name or an address as it was written */
	uint16_t port;
};

struct http {
	/* With HTTP_REQUEST: */
	struct http_host host;
	const char *method, *target; /* borrowed from the data of the call */
	size_t method_size, target_size;
	int minor; /* of the version: HTTP/1.1 or 1.0 */
	int chunked;
	uint64_t length; /* of the body, unless it is chunked */
	int upgrade; /* it asks for WebSocket */
	/* With HTTP_REFUSED: */
	enum http_refusal refusal;

	/* The reader's own. */
	enum http_upgrade allowed;
	int phase;
	size_t scanned,
		line; /* of a head or a trailer section: up to here, and where the last line begins */
	unsigned lines;
	uint64_t left; /* of a body or a chunk */
};

/* Holds no memory between calls; there is nothing to finish. */
void http_begin(struct http *h, enum http_upgrade upgrade);
/* data: everything that the client has sent and that was not passed on yet. *ret_pass, which is always written:
 * so many of these bytes may go on, after REQUEST only when the host agrees; the next call's data begin behind
 * them. After REQUEST there may be more in the data. The answers do not depend on how the bytes were cut. */
enum http_answer http_look(
	struct http *h, const uint8_t *data, size_t size, size_t *ret_pass) CORDON_CHECKED;
/* Whether the request is for that host and port. name: as hostname_take writes it, or an address in the one
 * spelling that the guard has for it. */
int http_agrees(const struct http *h, const char *name, uint16_t port);

/* For the record and messages: "http.host_twice", and "the request has two Host fields". */
const char *http_refusal_name(enum http_refusal refusal);
const char *http_refusal_text(enum http_refusal refusal);
