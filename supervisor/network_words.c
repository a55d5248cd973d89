#include "network_words.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *reason, *words;
} all[] = {
	{ "net.not_listed", "the profile does not list it" },
	{ "net.refused", "the profile refuses it" },
	{ "net.private_address", "it is, or leads to, an address that is not public" },
	{ "net.rebind", "its name was public, and then led to an address that is not" },
	{ "net.scheme", "the profile lists it for another protocol" },
	{ "net.name_mismatch", "another name was asked for than the one that was connected" },
	{ "net.name_hidden", "the name that was asked for was hidden (ECH)" },
	{ "net.not_tls", "something else than TLS was spoken" },
	{ "net.bad_tls", "the TLS hello was malformed" },
	{ "net.not_http", "something else than HTTP/1 was spoken" },
	{ "net.bad_http", "the HTTP request was malformed or ambiguous" },
	{ "net.http_upgrade", "the HTTP request wanted to become something else" },
	{ "net.silent", "nothing was asked for in time" },
	{ "net.budget", "a bound of network.limits is reached" },
	{ "net.no_such_name", "there is no such name" },
	{ "net.no_address", "the name has no address" },
	{ "net.dns_failed", "the name servers could not answer" },
	{ "net.dns_timeout", "the name servers did not answer" },
	{ "net.dns_unreachable", "the name servers cannot be reached, or there are none" },
	{ "net.dns_truncated", "the name servers' answer is cut" },
	{ "net.dns_lie", "the name servers' answer cannot be true" },
	{ "net.unreachable", "it cannot be reached" },
	{ "net.timeout", "it does not answer" },
	{ "approval.unreachable", "somebody would have to allow it, and nobody can be asked" },
	{ "limit.lookups", "too many names are being looked up" },
	{ "limit.connections", "too many connections are being made" },
};
/* clang-format on */

const char *
network_words(const char *reason)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].reason, reason) == 0)
			return all[i].words;
	return reason;
}
