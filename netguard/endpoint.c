/* Host and port. calls: none */
#include <cordon/host.h>

#include <stdio.h>
#include <string.h>

#include "refuse.h"

static int
refuse_port(const char *text, size_t size, struct cordon_error *err)
{
	return refuse_text(text, size, "a port", "a number from 1 to 65535 without leading zeroes",
		"net.port", err);
}

static int
parse_port(const char *text, size_t size, uint16_t *ret, struct cordon_error *err)
{
	uint32_t port = 0;

	if (size == 0 || size > 5 || text[0] == '0')
		return refuse_port(text, size, err);
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return refuse_port(text, size, err);
		port = 10 * port + (uint32_t)(text[i] - '0');
	}
	if (port > UINT16_MAX)
		return refuse_port(text, size, err);
	*ret = (uint16_t)port;
	return 0;
}

static int
refuse_host(const void *text, size_t size, const char *why, struct cordon_error *err)
{
	return refuse_text(text, size, "a host", why, "net.host", err);
}

/* The literal between the brackets that text begins with. *ret_size: with the brackets. */
static int
parse_brackets(const char *text, size_t size, struct cordon_host *ret, size_t *ret_size,
	struct cordon_error *err)
{
	const char *close = memchr(text, ']', size);
	const size_t inside = close == NULL ? 0 : (size_t)(close - text) - 1;

	if (close == NULL)
		return refuse_host(text, size, "a bracket is not closed", err);
	if (memchr(text + 1, '%', inside) != NULL)
		return refuse_host(text, size, "an address has no zone here", err);
	if (memchr(text + 1, ':', inside) == NULL)
		return refuse_host(text, size, "brackets are for IPv6 addresses", err);
	if (cordon_host_parse(text + 1, inside, ret, err) < 0)
		return -1;
	*ret_size = inside + 2;
	return 0;
}

int
cordon_endpoint_parse(const void *text, size_t size, uint16_t default_port,
	struct cordon_endpoint *ret, struct cordon_error *err)
{
	struct cordon_endpoint endpoint = { .port = default_port };
	const char *at = text;
	size_t host_size = size;

	if (size > 0 && at[0] == '[') {
		if (parse_brackets(at, size, &endpoint.host, &host_size, err) < 0)
			return -1;
		if (host_size < size && at[host_size] != ':')
			return refuse_host(text, size, "something follows the bracket", err);
	} else {
		const char *colon = memchr(at, ':', size);

		if (colon != NULL && memchr(colon + 1, ':', size - (size_t)(colon - at) - 1))
			return refuse_host(text, size,
				"an IPv6 address stands in brackets where a port may follow", err);
		if (colon != NULL)
			host_size = (size_t)(colon - at);
		if (cordon_host_parse(text, host_size, &endpoint.host, err) < 0)
			return -1;
	}
	if (host_size == size && default_port == 0)
		return refuse_port("", 0, err);
	if (host_size < size &&
		parse_port(at + host_size + 1, size - host_size - 1, &endpoint.port, err) < 0)
		return -1;
	*ret = endpoint;
	return 0;
}

void
cordon_endpoint_print(const struct cordon_endpoint *endpoint, char out[CORDON_ENDPOINT_TEXT])
{
	const int brackets = strchr(endpoint->host.text, ':') != NULL;

	(void)snprintf(out, CORDON_ENDPOINT_TEXT, "%s%s%s:%u", brackets ? "[" : "",
		endpoint->host.text, brackets ? "]" : "", endpoint->port);
}
