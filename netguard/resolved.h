/* How answers of name servers become what a name leads to. */
#pragma once

#include <stddef.h>

#include <cordon/address.h>
#include <cordon/host.h>
#include <cordon/resolved.h>

#include "dns_upstream.h"

/* The answers for A and AAAA, each with what dns_upstream_judge says of it. All members are judged, also those for which
 * there is no room. local: as for cordon_address_judge. */
void resolved_judge(const struct cordon_host *name, const enum dns_upstream_verdict verdicts[2],
	const struct dns_upstream answers[2], const struct cordon_address *local,
	size_t local_count, struct resolved *ret);
