/* What was parsed keeps its promises, and printed it parses to the same. A host's text has only the few
 * characters that it may have and is no number in disguise; a URL's target is printable; a pattern matches
 * itself when it is exact, and never a host that does not end with it. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/host_pattern.h>
#include <cordon/url.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
check_name(const char *name)
{
	const char *last = strrchr(name, '.');
	struct in_addr v4;

	require(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0');
	require(strlen(name) > 0 && strlen(name) <= CORDON_HOST_MAX);
	require(name[0] != '.' && name[0] != '-' && strstr(name, "..") == NULL &&
		name[strlen(name) - 1] != '.');
	for (const char *label = name; label != NULL; label = strchr(label, '.')) {
		label += *label == '.';
		require(strcspn(label, ".") <= 63);
	}
	/* The widest reading of IPv4 that there is. */
	require(inet_aton(name, &v4) == 0);
	last = last == NULL ? name : last + 1;
	require(last[strspn(last, "0123456789")] != '\0');
}

static void
check_host(const struct cordon_host *host)
{
	struct cordon_host again = { 0 };
	struct cordon_error err;

	require(cordon_host_parse(host->text, strlen(host->text), &again, &err) == 0 &&
		cordon_host_equal(host, &again) &&
		cordon_address_equal(&host->address, &again.address));
	if (host->kind == CORDON_HOST_NAME)
		check_name(host->text);
	else
		require(host->kind == CORDON_HOST_ADDRESS && host->address.family != 0);
	if (cordon_host_judge(host, NULL, 0, &err) < 0)
		require(strcmp(err.reason, "net.private_address") == 0);
}

static void
check_endpoint(const struct cordon_endpoint *endpoint)
{
	struct cordon_endpoint again = { 0 };
	struct cordon_error err;
	char text[CORDON_ENDPOINT_TEXT];

	cordon_endpoint_print(endpoint, text);
	require(endpoint->port != 0);
	require(cordon_endpoint_parse(text, strlen(text), 0, &again, &err) == 0 &&
		cordon_host_equal(&endpoint->host, &again.host) && endpoint->port == again.port);
	check_host(&endpoint->host);
}

static void
check_url(const struct cordon_url *url)
{
	static struct cordon_url again;
	static char text[CORDON_URL_TEXT];
	struct cordon_error err;

	cordon_url_print(url, text);
	check_endpoint(&url->to);
	require(url->target[0] == '/');
	for (const char *at = url->target; *at != '\0'; at++)
		require(*at > 0x20 && *at < 0x7f && *at != '\\' && *at != '#');
	/* What encoding made longer than a URL may be is still the same target. */
	if (strlen(text) > CORDON_URL_MAX)
		return;
	require(cordon_url_parse(text, strlen(text), &again, &err) == 0 &&
		url->scheme == again.scheme && cordon_host_equal(&url->to.host, &again.to.host) &&
		url->to.port == again.to.port && strcmp(url->target, again.target) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cordon_url url;
	struct cordon_endpoint endpoint = { 0 };
	struct cordon_host_pattern pattern;
	struct cordon_host host = { 0 };
	struct cordon_error err;
	/* Its own block, so that a read beyond the end is seen. */
	char *text = malloc(size + (size == 0));

	if (size > 0)
		memcpy(text, data, size);
	if (cordon_host_parse(text, size, &host, &err) == 0)
		check_host(&host);
	else
		require(strcmp(err.reason, "net.host") == 0);
	if (cordon_endpoint_parse(text, size, 80, &endpoint, &err) == 0)
		check_endpoint(&endpoint);
	if (cordon_url_parse(text, size, &url, &err) == 0)
		check_url(&url);
	else
		require(strncmp(err.reason, "net.", 4) == 0 && err.text[0] != '\0');
	if (cordon_host_pattern_parse(text, size, &pattern, &err) == 0) {
		check_host(&pattern.host);
		require(cordon_host_pattern_match(&pattern, &pattern.host) == !pattern.below);
		if (host.kind != 0)
			require(cordon_host_pattern_match(&pattern, &host));
	}
	free(text);
	return 0;
}
