/* calls: none */
#include "fetch_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cordon/mem.h>
#include <cordon/text.h>

#define SENT_BYTES   (64u << 10) /* of all of the caller's */
#define ANSWER_BYTES (256u << 10)

static int
is_one_of(const char *name, const char *const *all)
{
	while (*all != NULL && strcasecmp(name, *all) != 0)
		all++;
	return *all != NULL;
}

/* RFC 9110, 5.6.2 */
static int
is_token(const char *text, size_t size)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < size; i++) {
		const char c = text[i];

		if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') &&
			(c == '\0' || strchr(others, c) == NULL))
			return 0;
	}
	return size > 0;
}

static int
refuse(const char *reason, const char *what, const char *why, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EINPUT, 0, "'%s' %s", what, why);
	return cordon_because(err, reason);
}

/* They say how the message is framed and to whom it goes, which is ours. */
static int
is_ours(const char *name)
{
	static const char *const ours[] = { "host", "connection", "content-length",
		"transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive",
		"accept-encoding", "http2-settings", NULL };

	return is_one_of(name, ours) || strncasecmp(name, "proxy-", 6) == 0;
}

static int
judge_header(const char *name, const char *value, struct cordon_error *err)
{
	if (!is_token(name, strlen(name)))
		return refuse("net.header", name, "is not the name of a header", err);
	if (is_ours(name))
		return refuse("net.header", name, "is a header that cordon makes itself", err);
	for (const char *at = value; *at != '\0'; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
			return refuse(
				"net.header", name, "has a value with control characters", err);
	return 0;
}

int
fetch_headers_judge(const char *method, char *const *headers, struct cordon_error *err)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
		"OPTIONS", NULL };
	size_t bytes = 0;

	if (!is_one_of(method, methods) ||
		strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(method))
		return refuse("net.method", method,
			"is none of the methods GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS",
			err);
	for (; *headers != NULL; headers += 2) {
		if (judge_header(headers[0], headers[1], err) < 0)
			return -1;
		bytes += strlen(headers[0]) + strlen(headers[1]);
		if (bytes > SENT_BYTES)
			return refuse("net.header", headers[0],
				"is one header too many: all are at most 64 KiB", err);
	}
	return 0;
}

int
fetch_header_crosses(const char *name)
{
	static const char *const crossing[] = { "accept", "accept-language", "cache-control",
		"content-type", "content-language", "if-modified-since", "if-none-match", "range",
		"user-agent", NULL };

	return is_one_of(name, crossing);
}

/* answers */

void
fetch_answer_finish(struct fetch_answer *a)
{
	cordon_vector_free(a->headers);
	free(a->location);
	*a = (struct fetch_answer){ 0 };
}

static void
begin_answer(struct fetch_answer *a, const char *line, size_t size)
{
	const char *at = memchr(line, ' ', size);

	fetch_answer_finish(a);
	if (at != NULL && (size_t)(line + size - at) >= 4 && at[1] >= '1' && at[1] <= '5' &&
		at[2] >= '0' && at[2] <= '9' && at[3] >= '0' && at[3] <= '9')
		a->status = (uint16_t)((at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
}

static void
trim(const char **text, size_t *size)
{
	while (*size > 0 && (**text == ' ' || **text == '\t')) {
		(*text)++;
		(*size)--;
	}
	while (*size > 0 && strchr(" \t\r\n", (*text)[*size - 1]) != NULL)
		(*size)--;
}

static int
is_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return 0;
	return cordon_text_is_utf8(text, size);
}

/* Returns 0, or -1: there is no room. */
static int
keep(struct fetch_answer *a, const char *name, size_t name_size, const char *value, size_t size)
{
	char *const copies[] = { strndup(name, name_size), strndup(value, size) };
	char **all = NULL;

	if (copies[0] != NULL && copies[1] != NULL && a->count < 2 * CORDON_FETCH_HEADERS &&
		a->bytes + name_size + size <= ANSWER_BYTES)
		all = reallocarray(a->headers, a->count + 3, sizeof(*all));
	if (all == NULL) {
		free(copies[0]);
		free(copies[1]);
		return -1;
	}
	all[a->count++] = copies[0];
	all[a->count++] = copies[1];
	all[a->count] = NULL;
	a->headers = all;
	a->bytes += name_size + size;
	return 0;
}

/* What libcurl would undo is more than what we have asked for (fetch.c); each one is a decoder that a stranger chooses. */
static int
is_offered(const char *value, size_t size)
{
	static const char *const offered[] = { "gzip", "x-gzip", "deflate", "identity", "", NULL };
	char text[16] = "";

	if (size >= sizeof(text))
		return 0;
	memcpy(text, value, size);
	return is_one_of(text, offered);
}

static void
read_header(
	struct fetch_answer *a, const char *name, size_t name_size, const char *value, size_t size)
{
	if (name_size == 16 && strncasecmp(name, "content-encoding", 16) == 0)
		a->bad_encoding |= !is_offered(value, size);
	if (name_size == 8 && strncasecmp(name, "location", 8) == 0) {
		free(a->location);
		a->location = strndup(value, size);
	}
}

void
fetch_answer_line(struct fetch_answer *a, const char *line, size_t size)
{
	const char *colon = memchr(line, ':', size), *value;
	size_t name_size, left;

	if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		begin_answer(a, line, size);
		return;
	}
	if (size == 0 || line[0] == '\r' || line[0] == '\n') /* the line that ends them */
		return;
	name_size = colon == NULL ? 0 : (size_t)(colon - line);
	value = colon == NULL ? line : colon + 1;
	left = size - (size_t)(value - line);
	trim(&value, &left);
	if (!is_token(line, name_size) || name_size > CORDON_FETCH_HEADER ||
		left > CORDON_FETCH_HEADER || !is_text(value, left)) {
		a->dropped++;
		/* What it hides is no redirect that we have read. */
		if (name_size == 16 && strncasecmp(line, "content-encoding", 16) == 0)
			a->bad_encoding = 1;
		return;
	}
	read_header(a, line, name_size, value, left);
	a->dropped += keep(a, line, name_size, value, left) < 0;
}
