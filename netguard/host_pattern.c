/* Host patterns of profiles. calls: none */
#include <cordon/host_pattern.h>

#include <string.h>

#include "suffix.h"

static int
refuse(const char *why, const struct cordon_host_pattern *pattern, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EINPUT, 0, "'%s%s' cannot be listed: %s",
		pattern->below ? "*." : "", pattern->host.text, why);
	return cordon_because(err, "net.host");
}

int
cordon_host_pattern_parse_any(
	const void *text, size_t size, struct cordon_host_pattern *ret, struct cordon_error *err)
{
	struct cordon_host_pattern pattern = { .below = 0 };

	if (size >= 2 && memcmp(text, "*.", 2) == 0)
		pattern.below = 1;
	if (cordon_host_parse((const char *)text + 2 * pattern.below,
		    size - 2 * (size_t)pattern.below, &pattern.host, err) < 0)
		return -1;
	if (pattern.host.kind == CORDON_HOST_ADDRESS && pattern.below)
		return refuse("nothing is below an address", &pattern, err);
	*ret = pattern;
	return 0;
}

int
cordon_host_pattern_parse(
	const void *text, size_t size, struct cordon_host_pattern *ret, struct cordon_error *err)
{
	struct cordon_host_pattern pattern;
	struct cordon_error why;
	enum suffix suffix;

	if (cordon_host_pattern_parse_any(text, size, &pattern, err) < 0)
		return -1;
	if (pattern.host.kind == CORDON_HOST_ADDRESS) {
		*ret = pattern; /* that it also needs an exception is for the profile to say */
		return 0;
	}
	if (cordon_host_judge(&pattern.host, NULL, 0, &why) < 0)
		return refuse("it means this host; what listens here is a private exception with "
			      "its address and port",
			&pattern, err);
	suffix = suffix_of(pattern.host.text);
	if (suffix == SUFFIX_UNKNOWN)
		return refuse("the list of public suffixes is missing", &pattern, err);
	if (suffix == SUFFIX_REGISTRY || (suffix == SUFFIX_PROVIDER && pattern.below))
		return refuse("it is a public suffix, below which anybody can have a name",
			&pattern, err);
	*ret = pattern;
	return 0;
}

int
cordon_host_pattern_match(const struct cordon_host_pattern *pattern, const struct cordon_host *host)
{
	const size_t length = strlen(host->text), tail = strlen(pattern->host.text);

	if (!pattern->below)
		return cordon_host_equal(&pattern->host, host);
	return host->kind == CORDON_HOST_NAME && length > tail &&
	       host->text[length - tail - 1] == '.' &&
	       strcmp(host->text + length - tail, pattern->host.text) == 0;
}
