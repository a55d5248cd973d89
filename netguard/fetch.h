/* One request and its answer over a connection that is there already: HTTP/1.1, with TLS for https. It follows no redirect,
 * resolves no name and makes no socket. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>
#include <cordon/loop.h>
#include <cordon/url.h>

#include "fetch_headers.h"

struct fetch;

/* What is asked for. All of it is borrowed until the end. */
struct fetch_ask {
	const struct cordon_url *url;
	const struct cordon_dial_grant *grant; /* by which the socket was dialed */
	const char *method; /* as fetch_headers_judge lets it pass */
	char *const *headers; /* the same */
	int crossed; /* only those that fetch_header_crosses */
	const void *body;
	size_t body_size;
};

/* A piece of the body, decoded; not before answer has its status and headers. 0: go on; -1: nothing more is wanted, which
 * is no failure. */
typedef int fetch_body_fn(
	void *context, const struct fetch_answer *answer, const void *data, size_t size);
/* It is over: why is NULL when the answer came as far as it was wanted, else why not, with a reason: net.tls, net.answer,
 * net.other_end, net.transfer. Not called from within fetch_begin. */
typedef void fetch_done_fn(
	void *context, const struct fetch_answer *answer, const struct cordon_error *why);

/* To be called before the process locks itself: libcurl and OpenSSL begin, and the certificates of the system's
 * authorities are read. NULL with *err set on failure. */
struct fetch *fetch_create(struct cordon_loop *loop, fetch_body_fn *body, fetch_done_fn *done,
	void *context, struct cordon_error *err) CORDON_CHECKED;
/* NULL is accepted. */
void fetch_destroy(struct fetch *f);

/* fd: connected and non-blocking; taken in any case. One at a time. Returns 0, or -1 with *err set. */
int fetch_begin(struct fetch *f, const struct fetch_ask *ask, int fd,
	struct cordon_error *err) CORDON_CHECKED;
/* No call of body or done follows, until the next begins. */
void fetch_cancel(struct fetch *f);
