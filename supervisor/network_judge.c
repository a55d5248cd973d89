#include "network_judge.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/host_pattern.h>
#include <cordon/mem.h>

struct private
{
	struct cordon_host name; /* of the exception with a name */
	struct cordon_host address;
};

struct network_policy {
	const struct cordon_network *network;
	struct cordon_host_pattern *allow, *refuse; /* as many as the profile's */
	struct private *private;
};

typedef int parse_fn(
	const void *text, size_t size, struct cordon_host_pattern *ret, struct cordon_error *err);

static int
read_entries(const struct cordon_network_entry *entries, size_t count, parse_fn *parse,
	struct cordon_host_pattern **ret, struct cordon_error *err)
{
	*ret = cordon_array(count + 1, sizeof(**ret));
	if (*ret == NULL)
		return cordon_fail(err, CORDON_ELIMIT, 0, "there is no memory for the hosts");
	for (size_t i = 0; i < count; i++)
		if (parse(entries[i].host, strlen(entries[i].host), &(*ret)[i], err) < 0)
			return -1;
	return 0;
}

static int
read_privates(struct network_policy *policy, struct cordon_error *err)
{
	const struct cordon_network *n = policy->network;

	policy->private = cordon_array(n->private_count + 1, sizeof(*policy->private));
	if (policy->private == NULL)
		return cordon_fail(err, CORDON_ELIMIT, 0, "there is no memory for the hosts");
	for (size_t i = 0; i < n->private_count; i++) {
		const struct cordon_network_private *from = &n->private[i];

		if (cordon_host_parse(
			    from->host, strlen(from->host), &policy->private[i].address, err) < 0 ||
			(from->name != NULL && cordon_host_parse(from->name, strlen(from->name),
						       &policy->private[i].name, err) < 0))
			return -1;
	}
	return 0;
}

struct network_policy *
network_policy_create(const struct cordon_network *network, struct cordon_error *err)
{
	struct network_policy *policy = cordon_array(1, sizeof(*policy));

	if (policy == NULL) {
		(void)cordon_fail(err, CORDON_ELIMIT, 0, "there is no memory for the hosts");
		return NULL;
	}
	policy->network = network;
	if (read_entries(network->allow, network->allow_count, cordon_host_pattern_parse,
		    &policy->allow, err) < 0 ||
		read_entries(network->refuse, network->refuse_count, cordon_host_pattern_parse_any,
			&policy->refuse, err) < 0 ||
		read_privates(policy, err) < 0) {
		network_policy_destroy(policy);
		return NULL;
	}
	return policy;
}

void
network_policy_destroy(struct network_policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->allow);
	free(policy->refuse);
	free(policy->private);
	free(policy);
}

static int
fits(const struct cordon_network_entry *entry, const struct cordon_host_pattern *pattern,
	const struct cordon_host *host, uint16_t port)
{
	return cordon_network_has_port(entry, port) && cordon_host_pattern_match(pattern, host);
}

/* The first entry of "refuse" that fits, or NULL. */
static const struct cordon_network_entry *
refused(const struct network_policy *p, const struct cordon_host *host, uint16_t port)
{
	for (size_t i = 0; i < p->network->refuse_count; i++)
		if (fits(&p->network->refuse[i], &p->refuse[i], host, port))
			return &p->network->refuse[i];
	return NULL;
}

static struct network_verdict
refuse_by(const struct network_policy *p, const struct cordon_network_entry *entry)
{
	return (struct network_verdict){ .verdict = CORDON_REFUSE,
		.reason = "net.refused",
		.list = NETWORK_BY_REFUSE,
		.entry = (size_t)(entry - p->network->refuse),
		.why = entry->why };
}

static struct network_verdict
refuse_because(enum network_list list, const char *reason)
{
	return (struct network_verdict){ .verdict = CORDON_REFUSE, .reason = reason, .list = list };
}

static int
is_listed(const struct network_policy *p, const struct cordon_endpoint *to)
{
	for (size_t i = 0; i < p->network->allow_count; i++)
		if (fits(&p->network->allow[i], &p->allow[i], &to->host, to->port))
			return 1;
	return 0;
}

/* An exception with a name is reached by the name; by its address only where "allow" lists that. */
static int
reaches(const struct network_policy *p, size_t i, const struct cordon_endpoint *to)
{
	const struct cordon_network_private *entry = &p->network->private[i];

	if (entry->port != to->port)
		return 0;
	if (entry->name != NULL && cordon_host_equal(&p->private[i].name, &to->host))
		return 1;
	return cordon_host_equal(&p->private[i].address, &to->host) &&
	       (entry->name == NULL || is_listed(p, to));
}

static const struct cordon_network_private *
find_private(const struct network_policy *p, const struct cordon_endpoint *to)
{
	for (size_t i = 0; i < p->network->private_count; i++)
		if (reaches(p, i, to))
			return &p->network->private[i];
	return NULL;
}

static struct network_verdict
judge_private(const struct network_policy *p, const struct cordon_network_private *private)
{
	const size_t i = (size_t)(private - p->network->private);
	const struct cordon_host *address = &p->private[i].address;
	const struct cordon_network_entry *no = refused(p, address, private->port);

	if (no != NULL)
		return refuse_by(p, no);
	return (struct network_verdict){ .verdict = CORDON_ALLOW,
		.reason = "",
		.list = NETWORK_BY_PRIVATE,
		.entry = i,
		.why = private->why,
		.as = cordon_network_as_at(CORDON_AS_PORT, private->port),
		.dial = &address->address };
}

static struct network_verdict
judge_default(const struct network_policy *p, uint16_t port)
{
	struct network_verdict v = { .list = NETWORK_BY_DEFAULT,
		.as = cordon_network_as_at(CORDON_AS_PORT, port) };

	switch (p->network->otherwise) {
	case CORDON_NETWORK_PUBLIC:
		v.verdict = CORDON_ALLOW;
		v.reason = "";
		return v;
	case CORDON_NETWORK_HOLD:
		v.verdict = CORDON_HOLD;
		v.reason = "approval.required";
		return v;
	default:
		return refuse_because(NETWORK_BY_DEFAULT, "net.not_listed");
	}
}

/* From the laxest. */
static int
strictness(enum cordon_network_as as)
{
	return as == CORDON_AS_OPAQUE ? 0 : as == CORDON_AS_HTTP ? 1 : 2;
}

/* What v, which may be a grant, becomes by one grant more. */
static void
join(struct network_verdict *v, const struct network_policy *p, size_t i, uint16_t port)
{
	const struct cordon_network_entry *entry = &p->network->allow[i];
	const enum cordon_network_as as = cordon_network_as_at(entry->as, port);
	const int ech = as == CORDON_AS_TLS && entry->ech;

	if (v->verdict == CORDON_ALLOW) {
		const int laxer = strictness(v->as) - strictness(as);

		if (laxer < 0 || (laxer == 0 && ech < v->ech) ||
			(laxer == 0 && ech == v->ech && v->list == NETWORK_BY_ALLOW))
			return;
	}
	*v = (struct network_verdict){ .verdict = CORDON_ALLOW,
		.reason = "",
		.list = NETWORK_BY_ALLOW,
		.entry = i,
		.why = entry->why,
		.as = as,
		.ech = ech };
}

struct network_verdict
network_judge(const struct network_policy *p, const struct cordon_endpoint *to,
	const struct cordon_address *local, size_t local_count)
{
	const struct cordon_network_entry *no = refused(p, &to->host, to->port);
	const struct cordon_network_private *private = find_private(p, to);
	struct network_verdict v;
	struct cordon_error err;

	if (no != NULL)
		return refuse_by(p, no);
	if (private != NULL)
		return judge_private(p, private);
	if (cordon_host_judge(&to->host, local, local_count, &err) < 0)
		return refuse_because(NETWORK_BY_KIND, "net.private_address");
	v = judge_default(p, to->port);
	for (size_t i = 0; i < p->network->allow_count; i++)
		if (fits(&p->network->allow[i], &p->allow[i], &to->host, to->port))
			join(&v, p, i, to->port);
	return v;
}

int
network_refuses_address(const struct network_policy *p, const struct cordon_address *address,
	uint16_t port, const struct cordon_address *local, size_t local_count,
	const char **ret_reason)
{
	struct cordon_host host = { .kind = CORDON_HOST_ADDRESS,
		.address = cordon_address_unmapped(address) };

	cordon_address_print(&host.address, host.text);
	if (refused(p, &host, port) != NULL) {
		*ret_reason = "net.refused";
		return 1;
	}
	if (!cordon_address_judge(address, local, local_count).allow) {
		*ret_reason = "net.private_address";
		return 1;
	}
	return 0;
}
