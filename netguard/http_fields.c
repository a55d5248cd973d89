/* A request's head (RFC 9112). The guard and the server have to see the same host and the same end of the body in
 * the same bytes, or a request hides inside of another one's body ("smuggling"). So whatever a server may
 * read in another way is refused, also where the RFC lets a recipient be kind. MUSTs:
 *
 * 1. One Host field, with the letters of a host name or an address; the target's own host, when it has one,
 *    is the same. (RFC 9112, 3.2; servers that prefer the one or the other.)
 * 2. The body's end is said once: Content-Length, of digits alone, or Transfer-Encoding, which is "chunked" alone.
 *    Never both, never twice, not even alike. (RFC 9112, 6.1 to 6.3.)
 * 3. Field names are tokens up to the colon. (RFC 9112, 5.1: "Transfer-Encoding : chunked".) With '_' for '-' the
 *    names that matter are refused: CGI and its kin take both for one.
 * 4. No folded lines. (RFC 9112, 5.2.)
 * 5. Connection does not name the fields that matter, which a proxy behind would then drop (RFC 9110, 7.6.1).
 * 6. No way out of HTTP/1: CONNECT, Upgrade, the preface of HTTP/2.
 *
 * calls: none */
#include "http_fields.h"

#include <string.h>

struct text {
	const uint8_t *at;
	size_t size;
};

enum { SEEN_HOST = 1, SEEN_LENGTH = 2, SEEN_ENCODING = 4, SEEN_UPGRADE = 8 };

int
http_token_character(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int
is_token(struct text t)
{
	for (size_t i = 0; i < t.size; i++)
		if (!http_token_character(t.at[i]))
			return 0;
	return t.size > 0;
}

/* Compares without case; word is in lower case. */
static int
is_word(struct text t, const char *word)
{
	if (t.size != strlen(word))
		return 0;
	for (size_t i = 0; i < t.size; i++)
		if (hostname_lower(t.at[i]) != (uint8_t)word[i])
			return 0;
	return 1;
}

static int
is_exactly(struct text t, const char *word)
{
	return t.size == strlen(word) && memcmp(t.at, word, t.size) == 0;
}

/* What stands before the first c, which is taken, too. Returns whether there is one; without, all is taken. */
static int
take_until(struct text *t, uint8_t c, struct text *ret)
{
	const uint8_t *end = t->size > 0 ? memchr(t->at, c, t->size) : NULL;

	*ret = (struct text){ t->at, end != NULL ? (size_t)(end - t->at) : t->size };
	t->at += ret->size + (end != NULL);
	t->size -= ret->size + (end != NULL);
	return end != NULL;
}

static struct text
trim(struct text t)
{
	while (t.size > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
		t.at++;
		t.size--;
	}
	while (t.size > 0 && (t.at[t.size - 1] == ' ' || t.at[t.size - 1] == '\t'))
		t.size--;
	return t;
}

/* The next line without its CRLF; 0 at the empty one. */
static int
next_line(struct text *head, struct text *ret)
{
	if (!take_until(head, '\n', ret) || ret->size < 2)
		return 0;
	ret->size--;
	return 1;
}

/* Decimal digits alone, up to 2^63 - 1. */
static int
read_number(struct text t, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < t.size; i++)
		if (t.at[i] < '0' || t.at[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (uint64_t)(t.at[i] - '0'), &v) || v > INT64_MAX)
			return -1;
	if (t.size == 0)
		return -1;
	*ret = v;
	return 0;
}

/* An address, in brackets or of digits and dots. It is compared as it is written, so its letters are all that is
 * looked at. */
static int
take_address(struct text t, const char *letters, char out[HOSTNAME_ROOM])
{
	if (t.size < 1 || t.size >= 64)
		return -1;
	for (size_t i = 0; i < t.size; i++) {
		const char c = (char)hostname_lower(t.at[i]);

		if (c == '\0' || strchr(letters, c) == NULL)
			return -1;
		out[i] = c;
	}
	out[t.size] = '\0';
	return 0;
}

/* uri-host [ ":" port ] (RFC 9110, 7.2), the port without zeroes in front. */
static int
take_host(struct text t, struct http_host *ret)
{
	struct http_host host = { .port = HTTP_PORT };
	struct text name;
	uint64_t port;
	int has_port;

	if (t.size > 0 && t.at[0] == '[') {
		t.at++;
		t.size--;
		/* Without a colon it could be, letter by letter, a name: "[abc.de]". */
		if (!take_until(&t, ']', &name) ||
			take_address(name, "0123456789abcdef:.", host.name) < 0 ||
			strchr(host.name, ':') == NULL || (t.size > 0 && t.at[0] != ':'))
			return -1;
		has_port = t.size > 0;
		t.at += has_port;
		t.size -= (size_t)has_port;
	} else {
		has_port = take_until(&t, ':', &name);
		if (hostname_take(name.at, name.size, host.name) < 0 &&
			take_address(name, "0123456789.", host.name) < 0)
			return -1;
	}
	if (has_port) {
		if (t.size > 5 || read_number(t, &port) < 0 || t.at[0] == '0' || port > UINT16_MAX)
			return -1;
		host.port = (uint16_t)port;
	}
	*ret = host;
	return 0;
}

/* Origin-form, absolute-form of http, or the asterisk of OPTIONS. *ret_host's name is empty when the target
 * has none. */
static enum http_refusal
read_target(struct text target, int options, struct http_host *ret_host)
{
	struct text scheme = { target.at, target.size < 7 ? target.size : 7 };
	size_t end = 7;

	ret_host->name[0] = '\0';
	for (size_t i = 0; i < target.size; i++)
		if (target.at[i] <= ' ' || target.at[i] == 0x7f || target.at[i] == '#')
			return HTTP_BAD_TARGET;
	if (target.size == 0)
		return HTTP_BAD_TARGET;
	if (target.at[0] == '/')
		return HTTP_FINE;
	if (is_exactly(target, "*"))
		return options ? HTTP_FINE : HTTP_BAD_TARGET;
	if (!is_word(scheme, "http://"))
		return HTTP_BAD_TARGET;
	while (end < target.size && target.at[end] != '/' && target.at[end] != '?')
		end++;
	return take_host((struct text){ target.at + 7, end - 7 }, ret_host) < 0 ? HTTP_BAD_HOST
										: HTTP_FINE;
}

static enum http_refusal
read_request_line(struct text line, struct http *h, struct http_host *ret_host)
{
	struct text method, target;

	if (!take_until(&line, ' ', &method) || !is_token(method) ||
		method.size > HTTP_METHOD_MAX || !take_until(&line, ' ', &target))
		return HTTP_BAD_REQUEST_LINE;
	/* RFC 9113, 3.4: the preface's first line, in which everything is fixed. */
	if (is_exactly(method, "PRI") && is_exactly(target, "*") && is_exactly(line, "HTTP/2.0"))
		return HTTP_VERSION_2;
	if (!is_exactly(line, "HTTP/1.1") && !is_exactly(line, "HTTP/1.0"))
		return HTTP_BAD_VERSION;
	if (is_word(method, "connect"))
		return HTTP_TUNNEL;
	h->minor = line.at[7] - '0';
	h->method = (const char *)method.at;
	h->method_size = method.size;
	h->target = (const char *)target.at;
	h->target_size = target.size;
	return read_target(target, is_exactly(method, "OPTIONS"), ret_host);
}

/* Whether a name is one that decides where a request goes or ends; '_' counts as '-'. */
static int
matters(struct text name)
{
	char folded[20];

	if (name.size >= sizeof(folded))
		return 0;
	for (size_t i = 0; i < name.size; i++)
		folded[i] = name.at[i] == '_' ? '-' : (char)name.at[i];
	name.at = (const uint8_t *)folded;
	return is_word(name, "host") || is_word(name, "content-length") ||
	       is_word(name, "transfer-encoding");
}

static int
names_what_matters(struct text list)
{
	struct text word;

	while (list.size > 0) {
		(void)take_until(&list, ',', &word);
		if (matters(trim(word)))
			return 1;
	}
	return 0;
}

/* name ":" OWS value OWS */
static enum http_refusal
split_field(struct text line, struct text *ret_name, struct text *ret_value)
{
	if (line.at[0] == ' ' || line.at[0] == '\t')
		return HTTP_FOLDED;
	if (!take_until(&line, ':', ret_name) || !is_token(*ret_name))
		return HTTP_BAD_FIELD;
	*ret_value = trim(line);
	return HTTP_FINE;
}

static enum http_refusal
once(unsigned *seen, unsigned which, enum http_refusal otherwise)
{
	if ((*seen & which) != 0)
		return otherwise;
	*seen |= which;
	return HTTP_FINE;
}

static enum http_refusal
read_field(struct text name, struct text value, struct http *h, unsigned *seen)
{
	enum http_refusal refusal;

	if (is_word(name, "host")) {
		refusal = once(seen, SEEN_HOST, HTTP_HOST_TWICE);
		return refusal == HTTP_FINE && take_host(value, &h->host) < 0 ? HTTP_BAD_HOST
									      : refusal;
	}
	if (is_word(name, "content-length")) {
		refusal = once(seen, SEEN_LENGTH, HTTP_TWO_FRAMINGS);
		return refusal == HTTP_FINE && read_number(value, &h->length) < 0 ? HTTP_BAD_LENGTH
										  : refusal;
	}
	if (is_word(name, "transfer-encoding")) {
		refusal = once(seen, SEEN_ENCODING, HTTP_TWO_FRAMINGS);
		h->chunked = 1;
		return refusal == HTTP_FINE && !is_word(value, "chunked") ? HTTP_BAD_ENCODING
									  : refusal;
	}
	if (matters(name))
		return HTTP_BAD_FIELD;
	if (is_word(name, "connection") && names_what_matters(value))
		return HTTP_HOP;
	if (is_word(name, "upgrade")) {
		h->upgrade = h->allowed == HTTP_UPGRADE_ALLOWED && is_word(value, "websocket");
		refusal = once(seen, SEEN_UPGRADE, HTTP_SWITCH);
		return h->upgrade ? refusal : HTTP_SWITCH;
	}
	return HTTP_FINE;
}

/* What only all fields together tell. */
static enum http_refusal
check_together(const struct http *h, const struct http_host *target, unsigned seen)
{
	if ((seen & SEEN_HOST) == 0)
		return HTTP_NO_HOST;
	if (target->name[0] != '\0' &&
		(strcmp(target->name, h->host.name) != 0 || target->port != h->host.port))
		return HTTP_HOSTS_DIFFER;
	if (h->chunked && (seen & SEEN_LENGTH) != 0)
		return HTTP_TWO_FRAMINGS;
	if (h->chunked && h->minor == 0) /* RFC 9112, 6.1: its framing is faulty */
		return HTTP_BAD_ENCODING;
	/* RFC 6455, 4.1. A body would be somewhere between the two protocols. */
	if (h->upgrade && (h->minor == 0 || h->chunked || h->length > 0 || h->method_size != 3 ||
				  memcmp(h->method, "GET", 3) != 0))
		return HTTP_SWITCH;
	return HTTP_FINE;
}

enum http_refusal
http_parse_head(const uint8_t *head, size_t size, struct http *h)
{
	struct text rest = { head, size }, line, name, value;
	struct http_host target;
	enum http_refusal refusal;
	unsigned seen = 0;

	h->chunked = h->upgrade = 0;
	h->length = 0;
	if (!next_line(&rest, &line))
		return HTTP_BAD_REQUEST_LINE;
	refusal = read_request_line(line, h, &target);
	while (refusal == HTTP_FINE && next_line(&rest, &line)) {
		refusal = split_field(line, &name, &value);
		if (refusal == HTTP_FINE)
			refusal = read_field(name, value, h, &seen);
	}
	return refusal == HTTP_FINE ? check_together(h, &target, seen) : refusal;
}

enum http_refusal
http_parse_trailers(const uint8_t *lines, size_t size)
{
	struct text rest = { lines, size }, line, name, value;

	while (next_line(&rest, &line)) {
		enum http_refusal refusal = split_field(line, &name, &value);

		if (refusal != HTTP_FINE)
			return refusal;
		/* RFC 9110, 6.5.1: a server may merge them into the head. */
		if (matters(name) || is_word(name, "connection") || is_word(name, "upgrade"))
			return HTTP_BAD_TRAILER;
	}
	return HTTP_FINE;
}
