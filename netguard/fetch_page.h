/* The body of an answer, in a memfd that is sealed in the end. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/fetch_proto.h>

struct fetch_page {
	int fd; /* -1: none */
	size_t size, max;
	int truncated; /* there was more */
};

/* What is wanted of it, and what is known. Borrowed. */
struct fetch_wish {
	const struct cordon_fetch_request *request;
	const char *url; /* where it came from; printable ASCII */
	char *const *headers; /* it came with; NULL: none */
};

int fetch_page_begin(struct fetch_page *p, size_t max, struct cordon_error *err) CORDON_CHECKED;
/* What fits. Returns 0, or -1 when there was more, or it could not be written: then *err is set. */
int fetch_page_add(struct fetch_page *p, const void *data, size_t size, struct cordon_error *err);
/* Looks at all of it, cuts it behind its last whole character when it is a text that was cut, wraps it when that is asked for
 * (of HTML what a reader would see), and seals it. *ret_wrapped is -1 when it is not wrapped. Returns 0, or -1 with *err set. */
int fetch_page_end(struct fetch_page *p, const struct fetch_wish *wish,
	struct cordon_fetch_result *ret, int *ret_wrapped, struct cordon_error *err) CORDON_CHECKED;
void fetch_page_finish(struct fetch_page *p);
