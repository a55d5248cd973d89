/* URLs (RFC 3986, and of RFC 3987 what lies beyond ASCII). calls: none */
#include <cordon/url.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cordon/text.h>

static int
refuse(const char *reason, const char *why, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EINPUT, 0, "this URL cannot be used: %s", why);
	return cordon_because(err, reason);
}

/* What has no place anywhere in a URL. Why, or NULL. */
static const char *
trouble_with(const char *text, size_t size)
{
	if (size > CORDON_URL_MAX)
		return "it is longer than 8192 bytes";
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return "it has a control character";
		if (text[i] == ' ')
			return "it has a space; %20 stands for one";
		/* Browsers read it as a slash, others do not. */
		if (text[i] == '\\')
			return "it has a backslash; %5C stands for one";
	}
	return NULL;
}

/* The size of "http://" or "https://" at the begin of text, or 0. */
static size_t
parse_scheme(const char *text, size_t size, enum cordon_url_scheme *ret)
{
	static const struct {
		enum cordon_url_scheme scheme;
		const char *text;
	} known[] = { { CORDON_URL_HTTP, "http://" }, { CORDON_URL_HTTPS, "https://" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const size_t length = strlen(known[i].text);

		if (size >= length && strncasecmp(text, known[i].text, length) == 0) {
			*ret = known[i].scheme;
			return length;
		}
	}
	return 0;
}

static int
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Path and query, without the fragment. Why not, or NULL. */
static const char *
take_target(const char *text, size_t size, char *out)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t used = 0;

	if (size == 0 || text[0] == '?')
		out[used++] = '/';
	for (size_t i = 0; i < size; i++) {
		const unsigned char c = (unsigned char)text[i];
		const size_t need = c < 0x80 ? 1 : 3;

		if (c == '%' && (size - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
			return "a '%' is not followed by two hexadecimal digits; %25 stands for one";
		if (used + need > CORDON_URL_MAX)
			return "it is longer than 8192 bytes";
		if (c < 0x80)
			out[used] = (char)c;
		else
			memcpy(out + used, (const char[]){ '%', digits[c >> 4], digits[c & 15] },
				3);
		used += need;
	}
	out[used] = '\0';
	return NULL;
}

static uint16_t
port_of(enum cordon_url_scheme scheme)
{
	return scheme == CORDON_URL_HTTPS ? 443 : 80;
}

int
cordon_url_parse(const void *text, size_t size, struct cordon_url *ret, struct cordon_error *err)
{
	struct cordon_url url = { 0 };
	const char *trouble = trouble_with(text, size), *at = text, *fragment;
	size_t length = 0, left = size;

	if (trouble != NULL)
		return refuse("net.url", trouble, err);
	length = parse_scheme(at, left, &url.scheme);
	if (length == 0)
		return refuse("net.scheme", "it does not begin with http:// or https://", err);
	at += length;
	left -= length;
	for (length = 0; length < left && strchr("/?#", at[length]) == NULL; length++)
		;
	if (memchr(at, '@', length) != NULL)
		return refuse("net.userinfo", "it has a user or a password before the host", err);
	if (cordon_endpoint_parse(at, length, port_of(url.scheme), &url.to, err) < 0)
		return cordon_while(err, "this URL cannot be used");
	at += length;
	left -= length;
	if (!cordon_text_is_utf8(at, left))
		return refuse("net.url", "it is not UTF-8", err);
	fragment = memchr(at, '#', left);
	trouble = take_target(at, fragment == NULL ? left : (size_t)(fragment - at), url.target);
	if (trouble != NULL)
		return refuse("net.url", trouble, err);
	*ret = url;
	return 0;
}

void
cordon_url_print(const struct cordon_url *url, char out[CORDON_URL_TEXT])
{
	char to[CORDON_ENDPOINT_TEXT];

	cordon_endpoint_print(&url->to, to);
	if (url->to.port == port_of(url->scheme))
		*strrchr(to, ':') = '\0';
	(void)snprintf(out, CORDON_URL_TEXT, "%s://%s%s",
		url->scheme == CORDON_URL_HTTPS ? "https" : "http", to, url->target);
}
