/* A page as text for a reader who could take it for something else: between two lines that nobody else can write, behind a
 * notice that says what it is. Nothing in cordon reads such a text again; what is known about a page is in fields. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/fetch_proto.h>

struct fetch_wrapped {
	char *text; /* the caller's to free */
	size_t size;
	char boundary[CORDON_FETCH_BOUNDARY];
	uint32_t neutralised, invisible;
};

/* What the text is of. Borrowed. */
struct fetch_source {
	const char *url; /* printable ASCII */
	const uint8_t *digest; /* CORDON_FETCH_DIGEST bytes */
	size_t bytes; /* of the page */
	int is_html; /* and the text what a reader would see of it */
	const char (*earlier)[CORDON_FETCH_BOUNDARY]; /* which the same reader has seen */
	unsigned earlier_count;
};

/* text: UTF-8. Returns 0, or -1 with *err set. */
int fetch_wrap(const char *text, size_t size, const struct fetch_source *source,
	struct fetch_wrapped *ret, struct cordon_error *err) CORDON_CHECKED;
