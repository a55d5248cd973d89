#include "network_hosts.h"

#include <stdio.h>
#include <string.h>

#include <cordon/host_pattern.h>

static enum cordon_network_kind
kind_of(const struct cordon_host *host)
{
	if (host->kind == CORDON_HOST_NAME)
		return CORDON_NETWORK_NAME;
	return cordon_address_judge(&host->address, NULL, 0).allow ? CORDON_NETWORK_ADDRESS
								   : CORDON_NETWORK_SPECIAL;
}

static void
take_pattern(const struct cordon_host_pattern *pattern, struct cordon_network_host *ret)
{
	*ret = (struct cordon_network_host){ .kind = pattern->below ? CORDON_NETWORK_BELOW
								    : kind_of(&pattern->host) };
	(void)snprintf(ret->text, sizeof(ret->text), "%s%s", pattern->below ? "*." : "",
		pattern->host.text);
}

/* By inclusion: kinds of addresses at which something can listen, and that are one destination. Not here, among
 * others: 198.18.0.0/15, which a run sees in the place of names, and what a translator would unwrap. */
static int
can_listen(const struct cordon_address *address)
{
	static const char *const classes[] = { "public", "private", "shared", "loopback",
		"unique-local", "site-local", "metadata", "documentation" };
	const char *class = cordon_address_judge(address, NULL, 0).name;

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(class, classes[i]) == 0)
			return 1;
	/* In IPv6 it says nothing without a zone. */
	return strcmp(class, "link-local") == 0 && address->family == 4;
}

static int
read_private(
	const void *text, size_t size, struct cordon_network_host *ret, struct cordon_error *err)
{
	struct cordon_endpoint to;

	if (cordon_endpoint_parse(text, size, 0, &to, err) < 0)
		return -1;
	if (to.host.kind != CORDON_HOST_ADDRESS)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%s' is a name: a private exception is for one address and port",
			to.host.text);
	if (!can_listen(&to.host.address))
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%s' is no address of one destination, but %s", to.host.text,
			cordon_address_judge(&to.host.address, NULL, 0).name);
	*ret = (struct cordon_network_host){ .kind = kind_of(&to.host), .port = to.port };
	(void)snprintf(ret->text, sizeof(ret->text), "%s", to.host.text);
	return 0;
}

static int
read_name(const void *text, size_t size, struct cordon_network_host *ret, struct cordon_error *err)
{
	struct cordon_host host;

	if (cordon_host_parse(text, size, &host, err) < 0)
		return -1;
	if (host.kind != CORDON_HOST_NAME)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%s' is an address: without a name, a private exception is reached by its "
			"own",
			host.text);
	if (cordon_host_judge(&host, NULL, 0, err) < 0)
		return -1;
	*ret = (struct cordon_network_host){ .kind = CORDON_NETWORK_NAME };
	(void)snprintf(ret->text, sizeof(ret->text), "%s", host.text);
	return 0;
}

int
network_read_host(enum cordon_network_use use, const void *text, size_t size,
	struct cordon_network_host *ret, struct cordon_error *err)
{
	struct cordon_host_pattern pattern;

	switch (use) {
	case CORDON_HOST_ALLOW:
		if (cordon_host_pattern_parse(text, size, &pattern, err) < 0)
			return -1;
		break;
	case CORDON_HOST_REFUSE:
		if (cordon_host_pattern_parse_any(text, size, &pattern, err) < 0)
			return -1;
		break;
	case CORDON_HOST_PRIVATE:
		return read_private(text, size, ret, err);
	case CORDON_HOST_PRIVATE_NAME:
		return read_name(text, size, ret, err);
	default:
		return cordon_fail(err, CORDON_EINPUT, 0, "no host stands there");
	}
	take_pattern(&pattern, ret);
	return 0;
}
