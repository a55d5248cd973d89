/* A page of HTML as the text that a reader would see, by the rules of browsers (HTML Living Standard, 13.2, by gumbo). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

struct fetch_html {
	char *text; /* UTF-8, with a NUL behind; the caller's to free */
	size_t size;
	uint64_t
		hidden; /* bytes of text that stand in the page and that nobody would see; scripts and styles are none */
};

/* Whether a browser would take it for HTML. headers: name, value, ..., NULL; of several types the last counts. */
int fetch_is_html(char *const *headers, const char *text, size_t size);

/* text: UTF-8. Returns 0, or -1 with *err set and the reason "limit.memory": it takes more memory, or time, than a page may. */
int fetch_html_read(const char *text, size_t size, struct fetch_html *ret,
	struct cordon_error *err) CORDON_CHECKED;
