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

/* text: UTF-8. url: printable ASCII. Returns 0, or -1 with *err set. */
int fetch_wrap(const char *text, size_t size, const char *url,
	const uint8_t digest[CORDON_FETCH_DIGEST], struct fetch_wrapped *ret,
	struct cordon_error *err) CORDON_CHECKED;
