/* A relative reference is only put together here; the host in it, if there is one, is read where all hosts are.
 *
 * calls: none */
#include "fetch_redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define ROOM (2 * (CORDON_URL_TEXT + CORDON_URL_MAX))

/* Letters, digits, "+", "-" and "." up to a colon (RFC 3986, 3.1). */
static int
has_scheme(const char *text)
{
	const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789+-.");

	return size > 0 && text[size] == ':';
}

/* RFC 3986, 5.2.4: in place, of a path that begins with "/" and of nothing behind it. */
static void
remove_dots(char *path)
{
	char *from = path, *to = path;

	while (*from != '\0') {
		const size_t size = 1 + strcspn(from + 1, "/");
		const int one = size == 2 && from[1] == '.',
			  two = size == 3 && from[1] == '.' && from[2] == '.';

		if (two)
			while (to > path && *--to != '/')
				;
		if (one || two) {
			if (from[size] == '\0')
				*to++ = '/';
		} else {
			memmove(to, from, size);
			to += size;
		}
		from += size;
	}
	*to = '\0';
}

/* The path of the target of base, up to its last "/" or whole, and the reference behind it. */
static void
merge(const char *target, const char *reference, char *out)
{
	const size_t path = strcspn(target, "?");
	size_t keep = path;
	char *query;

	if (reference[0] != '?')
		while (keep > 1 && target[keep - 1] != '/')
			keep--;
	(void)snprintf(out, ROOM / 2, "%.*s%.*s", (int)keep, target, 2 * CORDON_URL_MAX, reference);
	query = strchr(out, '?');
	if (query != NULL && reference[0] != '?') {
		char *rest = strdup(query);

		*query = '\0';
		remove_dots(out);
		if (rest != NULL)
			memmove(out + strlen(out), rest, strlen(rest) + 1);
		free(rest);
	} else if (query == NULL) {
		remove_dots(out);
	}
}

int
fetch_redirect(const struct cordon_url *base, const char *location, struct cordon_url *ret,
	struct cordon_error *err)
{
	const char *scheme = base->scheme == CORDON_URL_HTTPS ? "https" : "http";
	const size_t size = strcspn(location, "#");
	CORDON_FREE char *text = cordon_array(1, ROOM);
	CORDON_FREE char *reference = strndup(location, size);
	CORDON_FREE char *target = cordon_array(1, ROOM);
	char to[CORDON_ENDPOINT_TEXT];
	int length;

	if (text == NULL || reference == NULL || target == NULL)
		return cordon_fail(err, CORDON_ESYS, 0, "could not follow a redirect: no memory");
	if (size > 2 * CORDON_URL_MAX) {
		cordon_fail(err, CORDON_EINPUT, 0, "a redirect leads to a URL that is too long");
		return cordon_because(err, "net.url");
	}
	cordon_endpoint_print(&base->to, to);
	if (has_scheme(reference)) {
		length = snprintf(text, ROOM, "%s", reference);
	} else if (strncmp(reference, "//", 2) == 0) {
		length = snprintf(text, ROOM, "%s:%s", scheme, reference);
	} else if (reference[0] == '/') {
		length = snprintf(text, ROOM, "%s://%s%s", scheme, to, reference);
	} else {
		merge(base->target, reference, target);
		length = snprintf(text, ROOM, "%s://%s%s", scheme, to,
			reference[0] == '\0' ? base->target : target);
	}
	return cordon_url_parse(text, (size_t)length, ret, err);
}

int
fetch_same_origin(const struct cordon_url *a, const struct cordon_url *b)
{
	return a->scheme == b->scheme && a->to.port == b->to.port &&
	       cordon_host_equal(&a->to.host, &b->to.host);
}
