/* Where a redirect leads. */
#pragma once

#include <cordon/url.h>

/* location: a URL, or one relative to base (RFC 3986, 4.2 and 5.2). What comes of it is read by cordon_url_parse, whose errors
 * these are. */
int fetch_redirect(const struct cordon_url *base, const char *location, struct cordon_url *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* Scheme, host and port. */
int fetch_same_origin(const struct cordon_url *a, const struct cordon_url *b);
