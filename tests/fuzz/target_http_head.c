/* A client's requests: answers, passes and hosts do not depend on how the bytes were cut; a request that was read
 * is one when it is written again from its results; nothing of a head goes on before it was read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One request, without what is borrowed or the reader's own. */
struct request {
	struct http_host host;
	size_t method_size, target_size, end;
	uint64_t length;
	int minor, chunked, upgrade;
};

#define REQUESTS 8

struct course {
	enum http_answer last;
	enum http_refusal refusal;
	size_t requests, passed;
	struct request first[REQUESTS];
};

/* The same request in our own words. */
static void
check_again(const struct http *h)
{
	static char text[3 * HTTP_HEAD_MAX];
	const int literal6 = strchr(h->host.name, ':') != NULL;
	struct http second;
	size_t pass;
	int size = snprintf(text, sizeof(text), "%.*s %.*s HTTP/1.%d\r\nHost: %s%s%s:%u\r\n",
		(int)h->method_size, h->method, (int)h->target_size, h->target, h->minor,
		literal6 ? "[" : "", h->host.name, literal6 ? "]" : "", h->host.port);

	if (h->chunked)
		size += snprintf(text + size, sizeof(text) - (size_t)size,
			"Transfer-Encoding: chunked\r\n\r\n");
	else
		size += snprintf(text + size, sizeof(text) - (size_t)size,
			"Content-Length: %llu\r\n%s\r\n", (unsigned long long)h->length,
			h->upgrade ? "Upgrade: websocket\r\n" : "");
	http_begin(&second, h->allowed);
	if (http_look(&second, (const uint8_t *)text, (size_t)size, &pass) != HTTP_REQUEST ||
		pass != (size_t)size || !http_agrees(&second, h->host.name, h->host.port) ||
		second.length != h->length || second.chunked != h->chunked ||
		second.upgrade != h->upgrade || second.minor != h->minor)
		abort();
}

static void
take_request(struct course *c, const struct http *h, const uint8_t *piece, size_t pass)
{
	if (h->host.name[0] == '\0' || h->host.port == 0 || (h->chunked && h->length > 0) ||
		pass < 16 || memcmp(piece + pass - 4, "\r\n\r\n", 4) != 0 ||
		(h->upgrade && h->allowed != HTTP_UPGRADE_ALLOWED))
		abort();
	if (c->requests < REQUESTS) {
		struct request *r = &c->first[c->requests];

		r->host.port = h->host.port;
		strcpy(r->host.name, h->host.name);
		r->method_size = h->method_size;
		r->target_size = h->target_size;
		r->end = c->passed;
		r->length = h->length;
		r->minor = h->minor;
		r->chunked = h->chunked;
		r->upgrade = h->upgrade;
	}
	c->requests++;
	check_again(h);
}

/* step: 0 all at once, else so many bytes, varied by the data themselves when it is large. */
static void
run(const uint8_t *data, size_t size, enum http_upgrade upgrade, size_t step, struct course *c)
{
	size_t have = 0, pass, piece;
	struct http h;

	memset(c, 0, sizeof(*c));
	http_begin(&h, upgrade);
	do {
		piece = step == 0 ? size : step < 100 ? step : 1 + data[have] % 61u;
		have += size - have < piece ? size - have : piece;
		do {
			/* Ends where the bytes do. */
			uint8_t *exact = malloc(have - c->passed);

			if (have > c->passed)
				memcpy(exact, data + c->passed, have - c->passed);
			c->last = http_look(&h, exact, have - c->passed, &pass);
			if (pass > have - c->passed ||
				(c->requests == 0 && pass > 0 && c->last != HTTP_REQUEST) ||
				(c->last == HTTP_REFUSED && (pass > 0 || h.refusal == HTTP_FINE)))
				abort();
			c->passed += pass;
			if (c->last == HTTP_REQUEST)
				take_request(c, &h, exact, pass);
			free(exact);
		} while (c->last == HTTP_REQUEST);
	} while (have < size && c->last != HTTP_REFUSED);
	c->refusal = h.refusal;
	if (c->last == HTTP_REFUSED)
		c->passed = 0; /* how much went before is a matter of the pieces */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct course whole, cut;
	const enum http_upgrade upgrade =
		size % 2 == 0 ? HTTP_UPGRADE_REFUSED : HTTP_UPGRADE_ALLOWED;

	if (size == 0 || size > 3000)
		return 0;
	run(data, size, upgrade, 0, &whole);
	for (size_t i = 0; i < 3; i++) {
		static const size_t steps[] = { 1, 5, 100 };

		run(data, size, upgrade, steps[i], &cut);
		if (memcmp(&whole, &cut, sizeof(whole)) != 0)
			abort();
	}
	return 0;
}
