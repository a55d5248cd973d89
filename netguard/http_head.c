/* From a client's bytes to its requests, one after another. MUSTs:
 *
 * 1. Nothing of a head is passed on before all of it was read; its size and its lines are bounded.
 * 2. Every request of the connection is read, also pipelined ones: bodies are followed to their end, by
 *    Content-Length or chunk by chunk. (A29: agreement that is checked once.)
 * 3. Lines end in CRLF and in nothing else (RFC 9112, 2.2 lets recipients take a bare LF, and some take a bare
 *    CR: another line, and with it another Host or another end, for them). Chunks have no extensions, which
 *    servers pass over in different ways.
 * 4. The answers depend on the bytes, not on how they came.
 *
 * calls: none */
#include "http_head.h"

#include <string.h>

#include "http_fields.h"

#define CHUNK_DIGITS 16u

enum {
	PHASE_HEAD,
	PHASE_BODY,
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK,
	PHASE_CHUNK_END,
	PHASE_TRAILERS,
	PHASE_OPEN,
	PHASE_REFUSED
};

/* clang-format off */
static const struct {
	const char *name, *text;
} words[] = {
	[HTTP_FINE] = { "http.fine", "nothing is wrong with the request" },
	[HTTP_NOT_HTTP] = { "http.not_http", "the client does not speak HTTP" },
	[HTTP_VERSION_2] = { "http.version_2", "the client speaks HTTP/2, in which the guard sees no hosts" },
	[HTTP_BAD_BYTE] = { "http.byte", "the request's head has a control character" },
	[HTTP_BARE_CR] = { "http.bare_cr", "the request's head has a CR without LF" },
	[HTTP_BARE_LF] = { "http.bare_lf", "the request's head has a LF without CR" },
	[HTTP_HEAD_TOO_LONG] = { "http.too_long", "the request's head is longer than 64 KiB" },
	[HTTP_TOO_MANY_FIELDS] = { "http.too_many", "the request has more than 100 fields" },
	[HTTP_BAD_REQUEST_LINE] = { "http.request_line", "the request's first line is malformed" },
	[HTTP_BAD_VERSION] = { "http.version", "the request is not of HTTP/1.1 or 1.0" },
	[HTTP_TUNNEL] = { "http.tunnel", "the request asks for a tunnel (CONNECT)" },
	[HTTP_BAD_TARGET] = { "http.target", "the request's target is malformed or of another scheme" },
	[HTTP_BAD_FIELD] = { "http.field", "a field of the request is malformed" },
	[HTTP_FOLDED] = { "http.folded", "a field of the request goes on in the next line" },
	[HTTP_NO_HOST] = { "http.no_host", "the request has no Host field" },
	[HTTP_HOST_TWICE] = { "http.host_twice", "the request has two Host fields" },
	[HTTP_BAD_HOST] = { "http.host", "the request's host is no host name or address" },
	[HTTP_HOSTS_DIFFER] = { "http.hosts_differ", "the request's target and its Host field name different hosts" },
	[HTTP_BAD_LENGTH] = { "http.length", "the request's Content-Length is no number" },
	[HTTP_BAD_ENCODING] = { "http.encoding", "the request's Transfer-Encoding is not 'chunked' alone" },
	[HTTP_TWO_FRAMINGS] = { "http.two_framings", "the request says twice where its body ends" },
	[HTTP_HOP] = { "http.hop", "the request's Connection field names Host or a field of the body's length" },
	[HTTP_SWITCH] = { "http.switch", "the request asks for another protocol (Upgrade)" },
	[HTTP_BAD_CHUNK] = { "http.chunk", "a chunk of the request's body is malformed" },
	[HTTP_BAD_TRAILER] = { "http.trailer", "a field behind the request's body belongs in front of it" },
};
/* clang-format on */
_Static_assert(sizeof(words) / sizeof(*words) == HTTP_REFUSALS, "words for each");

const char *
http_refusal_name(enum http_refusal refusal)
{
	return (unsigned)refusal < HTTP_REFUSALS ? words[refusal].name : "http.unknown";
}

const char *
http_refusal_text(enum http_refusal refusal)
{
	return (unsigned)refusal < HTTP_REFUSALS ? words[refusal].text : "the request is refused";
}

void
http_begin(struct http *h, enum http_upgrade upgrade)
{
	*h = (struct http){ .allowed = upgrade, .phase = PHASE_HEAD };
}

static enum http_answer
refuse(struct http *h, enum http_refusal why)
{
	h->refusal = why;
	h->phase = PHASE_REFUSED;
	return HTTP_REFUSED;
}

static enum http_refusal
scan_byte(const struct http *h, const uint8_t *data, size_t i)
{
	const uint8_t c = data[i];
	const int after_cr = i > 0 && data[i - 1] == '\r';

	if (i >= HTTP_HEAD_MAX)
		return HTTP_HEAD_TOO_LONG;
	if (i == 0 && h->phase == PHASE_HEAD && !http_token_character(c))
		return HTTP_NOT_HTTP;
	if (after_cr && c != '\n')
		return HTTP_BARE_CR;
	if (!after_cr && c == '\n')
		return HTTP_BARE_LF;
	if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
		return HTTP_BAD_BYTE;
	return HTTP_FINE;
}

/* Looks for the empty line. Returns whether it is there: then h->scanned is behind it. */
static int
scan(struct http *h, const uint8_t *data, size_t size, enum http_refusal *ret_refusal)
{
	/* A head has a line more, which is not empty: see scan_byte. */
	const unsigned most = HTTP_FIELDS_MAX + (h->phase == PHASE_HEAD);

	for (; h->scanned < size; h->scanned++) {
		*ret_refusal = scan_byte(h, data, h->scanned);
		if (*ret_refusal != HTTP_FINE)
			return 0;
		if (data[h->scanned] != '\n')
			continue;
		if (h->scanned - h->line == 1) {
			h->scanned++;
			return 1;
		}
		h->line = h->scanned + 1;
		if (++h->lines > most) {
			*ret_refusal = HTTP_TOO_MANY_FIELDS;
			return 0;
		}
	}
	*ret_refusal = HTTP_FINE;
	return 0;
}

static void
begin_lines(struct http *h, int phase)
{
	h->phase = phase;
	h->scanned = h->line = 0;
	h->lines = 0;
}

/* Where the bytes go on behind a head. */
static void
enter_body(struct http *h)
{
	h->left = h->length;
	if (h->upgrade)
		h->phase = PHASE_OPEN;
	else if (h->chunked)
		h->phase = PHASE_CHUNK_SIZE;
	else if (h->left > 0)
		h->phase = PHASE_BODY;
	else
		begin_lines(h, PHASE_HEAD);
}

static enum http_answer
look_at_head(struct http *h, const uint8_t *data, size_t size, size_t *ret_used)
{
	enum http_refusal refusal;

	if (!scan(h, data, size, &refusal))
		return refusal == HTTP_FINE ? HTTP_MORE : refuse(h, refusal);
	refusal = http_parse_head(data, h->scanned, h);
	if (refusal != HTTP_FINE)
		return refuse(h, refusal);
	*ret_used = h->scanned;
	enter_body(h);
	return HTTP_REQUEST;
}

static enum http_answer
look_at_trailers(struct http *h, const uint8_t *data, size_t size, size_t *ret_used)
{
	enum http_refusal refusal;

	if (!scan(h, data, size, &refusal))
		return refusal == HTTP_FINE ? HTTP_MORE : refuse(h, refusal);
	refusal = http_parse_trailers(data, h->scanned);
	if (refusal != HTTP_FINE)
		return refuse(h, refusal);
	*ret_used = h->scanned;
	begin_lines(h, PHASE_HEAD);
	return HTTP_MORE;
}

static int
hex_digit(uint8_t c)
{
	const uint8_t low = hostname_lower(c);

	return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* 1*HEXDIG CRLF, at most 2^63 - 1. */
static enum http_answer
look_at_chunk_size(struct http *h, const uint8_t *data, size_t size, size_t *ret_used)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < size && hex_digit(data[i]) >= 0; i++) {
		if (i >= CHUNK_DIGITS)
			return refuse(h, HTTP_BAD_CHUNK);
		v = v << 4 | (uint64_t)hex_digit(data[i]);
	}
	if (i == size)
		return HTTP_MORE;
	if (i == 0 || v > INT64_MAX || data[i] != '\r')
		return refuse(h, HTTP_BAD_CHUNK);
	if (i + 1 == size)
		return HTTP_MORE;
	if (data[i + 1] != '\n')
		return refuse(h, HTTP_BAD_CHUNK);
	*ret_used = i + 2;
	h->left = v;
	h->phase = PHASE_CHUNK;
	if (v == 0)
		begin_lines(h, PHASE_TRAILERS);
	return HTTP_MORE;
}

static enum http_answer
look_at_chunk_end(struct http *h, const uint8_t *data, size_t size, size_t *ret_used)
{
	if (data[0] != '\r' || (size > 1 && data[1] != '\n'))
		return refuse(h, HTTP_BAD_CHUNK);
	if (size > 1) {
		*ret_used = 2;
		h->phase = PHASE_CHUNK_SIZE;
	}
	return HTTP_MORE;
}

static enum http_answer
look_at_body(struct http *h, size_t size, size_t *ret_used)
{
	*ret_used = h->left < size ? (size_t)h->left : size;
	h->left -= *ret_used;
	if (h->left == 0 && h->phase == PHASE_CHUNK)
		h->phase = PHASE_CHUNK_END;
	else if (h->left == 0)
		begin_lines(h, PHASE_HEAD);
	return HTTP_MORE;
}

/* One part further; *ret_used 0 with MORE when that takes more bytes. */
static enum http_answer
step(struct http *h, const uint8_t *data, size_t size, size_t *ret_used)
{
	switch (h->phase) {
	case PHASE_HEAD:
		return look_at_head(h, data, size, ret_used);
	case PHASE_BODY:
	case PHASE_CHUNK:
		return look_at_body(h, size, ret_used);
	case PHASE_CHUNK_SIZE:
		return look_at_chunk_size(h, data, size, ret_used);
	case PHASE_CHUNK_END:
		return look_at_chunk_end(h, data, size, ret_used);
	case PHASE_TRAILERS:
		return look_at_trailers(h, data, size, ret_used);
	default:
		return HTTP_REFUSED;
	}
}

enum http_answer
http_look(struct http *h, const uint8_t *data, size_t size, size_t *ret_pass)
{
	enum http_answer answer = HTTP_MORE;
	size_t passed = 0, used = 1;

	*ret_pass = h->phase == PHASE_OPEN ? size : 0;
	if (h->phase >= PHASE_OPEN)
		return h->phase == PHASE_OPEN ? HTTP_OPEN : HTTP_REFUSED;
	while (answer == HTTP_MORE && used > 0 && passed < size) {
		/* A head has a call of its own, so that the host is compared before its bytes go on. */
		used = 0;
		answer = step(h, data + passed, size - passed, &used);
		passed += used;
	}
	if (answer != HTTP_REFUSED)
		*ret_pass = passed;
	return answer;
}

int
http_agrees(const struct http *h, const char *name, uint16_t port)
{
	return h->host.name[0] != '\0' && strcmp(h->host.name, name) == 0 && h->host.port == port;
}
