/* URLs of http and https, read strictly: one form for one meaning, so that what was judged is what is
 * fetched. Errors are CORDON_EINPUT with a reason that says which part it was:
 *   net.scheme    no URL, or one of another scheme than http and https
 *   net.userinfo  a user or a password before the host
 *   net.host      the host, as in <cordon/host.h>
 *   net.port      the port
 *   net.url       the rest: too long, a space, control character or backslash, a wrong percent-encoding,
 *                 no UTF-8 */
#pragma once

#include <cordon/host.h>

#define CORDON_URL_MAX 8192 /* bytes, of the text as well as of the target */

enum cordon_url_scheme { CORDON_URL_HTTP = 1, CORDON_URL_HTTPS };

struct cordon_url {
	enum cordon_url_scheme scheme;
	struct cordon_endpoint to;
	/* Path and query as they travel: printable ASCII that begins with "/", as given (dot segments and
	 * percent-encoding are left alone) but for characters beyond ASCII, which become %XX of their UTF-8. */
	char target[CORDON_URL_MAX + 1];
};

#define CORDON_URL_TEXT (sizeof("https://") + CORDON_ENDPOINT_TEXT + CORDON_URL_MAX)

/* A fragment is dropped, being the reader's own. */
int cordon_url_parse(const void *text, size_t size, struct cordon_url *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* The one spelling, with the port where it is not the scheme's; it parses to the same URL. */
void cordon_url_print(const struct cordon_url *url, char out[CORDON_URL_TEXT]);
