/* What no profile opens by listing a name. calls: none */
#include <cordon/host.h>

#include <string.h>

/* RFC 6761, 6.3: the name and all below it mean this host, whatever a name server says. */
static int
is_localhost(const struct cordon_host *host)
{
	static const char below[] = ".localhost";
	const size_t length = strlen(host->text), tail = sizeof(below) - 1;

	return host->kind == CORDON_HOST_NAME &&
	       (strcmp(host->text, below + 1) == 0 ||
		       (length > tail && strcmp(host->text + length - tail, below) == 0));
}

int
cordon_host_judge(const struct cordon_host *host, const struct cordon_address *local,
	size_t local_count, struct cordon_error *err)
{
	struct cordon_address_class class;

	if (is_localhost(host)) {
		cordon_fail(err, CORDON_EPOLICY, 0, "'%s' means this host (RFC 6761)", host->text);
		return cordon_because(err, "net.private_address");
	}
	if (host->kind == CORDON_HOST_NAME)
		return 0;
	class = cordon_address_judge(&host->address, local, local_count);
	if (class.allow)
		return 0;
	cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is not a public address but %s (%s)", host->text,
		class.name, class.source == NULL ? "unknown" : class.source);
	return cordon_because(err, "net.private_address");
}
