/* One try: the questions of a name, put to one server by one socket that is there already. */
#pragma once

#include "resolve.h"

#define ASK_TYPES 2 /* A and AAAA, in this order */

enum ask_result {
	ASK_BROKEN, /* it could not be put, or the socket failed */
	ASK_SILENT, /* nothing came until it was given up */
	ASK_ANSWERED /* .verdict and .answer say what came */
};

struct ask_question {
	struct ask *ask;
	unsigned type; /* index */
	int pending;
	enum ask_result result;
	enum dns_upstream_verdict verdict;
	struct dns_upstream answer;
};

/* Called when no question is pending any more; not from within the functions below. */
typedef void ask_fn(void *context);

struct ask;

struct ask *ask_create(
	struct cordon_loop *loop, ask_fn *done, void *context, struct cordon_error *err);
void ask_destroy(struct ask *a); /* NULL is accepted */
/* Puts the questions whose bit is in types. fd is taken in any case: of a datagram pair, or by_tcp. Returns 0, or -1: then
 * nothing is pending. */
int ask_begin(struct ask *a, int fd, int by_tcp, const struct resolver_server *server,
	const struct cordon_host *name, unsigned types) CORDON_CHECKED;
/* Gives up what is pending: it is SILENT then. `done` is not called. */
void ask_give_up(struct ask *a);
/* Of the last ask_begin that had it among its types. */
const struct ask_question *ask_result(const struct ask *a, unsigned type);
/* Whether the server, or who speaks for it, has sent more than the answers: of another id or question. */
int ask_was_lied_to(const struct ask *a);
