/* What a profile writes for a host: a name, "*.name" for all names below it, or an address literal. */
#pragma once

#include <cordon/host.h>

struct cordon_host_pattern {
	struct cordon_host host;
	int below; /* strictly below host, which is a name then */
};

/* Besides what cordon_host_parse refuses: "localhost"; an exact public suffix of the registries ("com",
 * "co.uk"); "*." before any public suffix, also one of a provider ("github.io"), below which strangers
 * register. CORDON_EINPUT, "net.host". */
int cordon_host_pattern_parse(const void *text, size_t size, struct cordon_host_pattern *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* Without the judgement on suffixes and "localhost": for lists of what is refused, where a name below which strangers
 * register is just what one may mean. */
int cordon_host_pattern_parse_any(const void *text, size_t size, struct cordon_host_pattern *ret,
	struct cordon_error *err) CORDON_CHECKED;

int cordon_host_pattern_match(
	const struct cordon_host_pattern *pattern, const struct cordon_host *host);
