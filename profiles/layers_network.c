/* "network" of a layer on what it extends. Every entry of "allow", and the default "public", is a grant, and what a
 * run may do is the union of its grants (supervisor/network_judge.c). So whoever drops grants narrows, and one more is
 * covered when, port by port, there is a grant that gives as much. "refuse" only grows. */
#include <stdio.h>
#include <string.h>

#include "merge.h"
#include "network.h"

/* Strictly below the name of a pattern "*.name". */
static int
is_below(const char *host, const char *name)
{
	const size_t length = strlen(host), tail = strlen(name);

	return length > tail && host[length - tail - 1] == '.' &&
	       strcmp(host + length - tail, name) == 0;
}

static int
covers_host(const struct cordon_network_entry *parent, const struct cordon_network_entry *child)
{
	const int is_name = child->kind == CORDON_NETWORK_NAME;

	if (strcmp(parent->host, child->host) == 0)
		return 1;
	if (parent->kind != CORDON_NETWORK_BELOW ||
		(!is_name && child->kind != CORDON_NETWORK_BELOW))
		return 0;
	return is_below(is_name ? child->host : child->host + 2, parent->host + 2);
}

/* What is compared less is laxer, and opaque is the laxest; TLS and HTTP are neither. */
static int
covers_speech(enum cordon_network_as given, int ech, const struct cordon_network_entry *child,
	uint16_t port)
{
	const enum cordon_network_as wanted = cordon_network_as_at(child->as, port);

	if (wanted == CORDON_AS_TLS && child->ech && !ech)
		return 0;
	return given == wanted || given == CORDON_AS_OPAQUE;
}

static int
covers_port(const struct cordon_network *n, const struct cordon_network_entry *child, uint16_t port)
{
	if (n->otherwise == CORDON_NETWORK_PUBLIC && child->kind != CORDON_NETWORK_SPECIAL &&
		covers_speech(cordon_network_as_at(CORDON_AS_PORT, port), 0, child, port))
		return 1;
	for (size_t i = 0; i < n->allow_count; i++) {
		const struct cordon_network_entry *parent = &n->allow[i];

		if (cordon_network_has_port(parent, port) && covers_host(parent, child) &&
			covers_speech(
				cordon_network_as_at(parent->as, port), parent->ech, child, port))
			return 1;
	}
	return 0;
}

/* The first port of it that no grant covers, or 0. */
static uint16_t
uncovered(const struct cordon_network *network, const struct cordon_network_entry *child)
{
	for (size_t i = 0; i < child->port_count; i++)
		if (!covers_port(network, child, child->ports[i]))
			return child->ports[i];
	return 0;
}

static int
too_many(const struct merge *m, const char *place)
{
	return layer_fail(m->text, m->size, m->file, place, m->err,
		"with what it extends, this profile has more than %d entries here",
		CORDON_NETWORK_ENTRIES);
}

/* Adds to the list what it does not have. */
static int
add_entries(const struct merge *m, const char *place, struct cordon_network_entry **list,
	size_t *count, const struct cordon_network_entry *more, size_t more_count)
{
	const size_t before = *count;

	for (size_t i = 0; i < more_count; i++) {
		size_t k = 0;

		while (k < before && !network_entry_equal(&(*list)[k], &more[i]))
			k++;
		if (k < before)
			continue;
		if (*count == CORDON_NETWORK_ENTRIES)
			return too_many(m, place);
		if (network_entry_add(list, count, &more[i]) < 0)
			return merge_no_memory(m);
	}
	return 0;
}

static int
merge_allow(const struct merge *m)
{
	struct cordon_network *network = &m->profile->network;
	const struct cordon_network *child = &m->layer->values.network;
	int widened = m->base;

	for (size_t i = 0; i < child->allow_count; i++) {
		const struct cordon_network_entry *entry = &child->allow[i];
		const uint16_t port = uncovered(network, entry);
		char what[400], place[64];

		if (port == 0)
			continue;
		snprintf(what, sizeof(what), "lets '%.255s' be reached at port %u as %s%s",
			entry->host, (unsigned)port,
			cordon_network_as_name(cordon_network_as_at(entry->as, port)),
			entry->ech ? " with ech" : "");
		snprintf(place, sizeof(place), "network/allow/%zu", i);
		if (merge_need_widens_at(m, place, "network.allow", what) < 0)
			return -1;
		widened = 1;
	}
	if (!widened)
		network_entries_finish(&network->allow, &network->allow_count);
	return add_entries(m, "network/allow", &network->allow, &network->allow_count, child->allow,
		child->allow_count);
}

static int
add_privates(const struct merge *m)
{
	struct cordon_network *network = &m->profile->network;
	const struct cordon_network *child = &m->layer->values.network;

	for (size_t i = 0; i < child->private_count; i++) {
		const struct cordon_network_private *entry = &child->private[i];
		const struct cordon_network_private *known =
			network_private_find(network->private, network->private_count, entry);
		char place[64];

		snprintf(place, sizeof(place), "network/private/%zu", i);
		if (known != NULL && network_private_equal(known, entry))
			continue;
		if (known != NULL)
			return layer_fail(m->text, m->size, m->file, place, m->err,
				"what this profile extends leads '%s', port %u, to '%s'",
				known->name, (unsigned)known->port, known->host);
		if (network->private_count == CORDON_NETWORK_ENTRIES)
			return too_many(m, "network/private");
		if (network_private_add(&network->private, &network->private_count, entry) < 0)
			return merge_no_memory(m);
	}
	return 0;
}

static int
merge_private(const struct merge *m)
{
	struct cordon_network *network = &m->profile->network;
	const struct cordon_network *child = &m->layer->values.network;
	int widened = m->base;

	for (size_t i = 0; i < child->private_count; i++) {
		const struct cordon_network_private *entry = &child->private[i];
		const struct cordon_network_private *known =
			network_private_find(network->private, network->private_count, entry);
		char what[400], place[64];

		if (known != NULL && network_private_equal(known, entry))
			continue;
		snprintf(what, sizeof(what), "makes an exception for '%.255s', port %u",
			entry->host, (unsigned)entry->port);
		snprintf(place, sizeof(place), "network/private/%zu", i);
		if (merge_need_widens_at(m, place, "network.private", what) < 0)
			return -1;
		widened = 1;
	}
	if (!widened)
		network_privates_finish(&network->private, &network->private_count);
	return add_privates(m);
}

static int
merge_default(const struct merge *m)
{
	struct cordon_network *network = &m->profile->network;
	const struct cordon_network *child = &m->layer->values.network;

	if (child->otherwise > network->otherwise &&
		merge_need_widens(m, "network.default", "is milder") < 0)
		return -1;
	network->otherwise = child->otherwise;
	return 0;
}

static int
merge_network_limits(const struct merge *m)
{
	struct cordon_network_limits *limits = &m->profile->network.limits;
	const struct layer *l = m->layer;
	const struct cordon_network_limits *child = &l->values.network.limits;

	if (merge_limit(m, "network.limits.connections", l->has_connections, &limits->connections,
		    child->connections) < 0 ||
		merge_limit(m, "network.limits.rate", l->has_rate, &limits->rate, child->rate) <
			0 ||
		merge_limit(m, "network.limits.bytesOut", l->has_bytes_out, &limits->bytes_out,
			child->bytes_out) < 0 ||
		merge_limit(m, "network.limits.bytesIn", l->has_bytes_in, &limits->bytes_in,
			child->bytes_in) < 0 ||
		merge_limit(m, "network.limits.names", l->has_names, &limits->names, child->names) <
			0)
		return -1;
	return 0;
}

/* Where this layer names the host, or the section. */
static void
place_of(const struct merge *m, const char *host, char *place, size_t room)
{
	const struct cordon_network *child = &m->layer->values.network;

	snprintf(place, room, "network/%s", m->layer->has_network_private ? "private" : "allow");
	for (size_t i = 0; i < child->allow_count; i++)
		if (strcmp(child->allow[i].host, host) == 0) {
			snprintf(place, room, "network/allow/%zu/host", i);
			return;
		}
}

/* An address that is not public is opened by its exception alone: an entry for it without one is a mistake. */
static int
check_special(const struct merge *m)
{
	const struct cordon_network *network = &m->profile->network;

	for (size_t i = 0; i < network->allow_count; i++) {
		const struct cordon_network_entry *entry = &network->allow[i];

		for (size_t k = 0; entry->kind == CORDON_NETWORK_SPECIAL && k < entry->port_count;
			k++) {
			char place[64];

			if (network_private_has(network, entry->host, entry->ports[k]))
				continue;
			place_of(m, entry->host, place, sizeof(place));
			return layer_fail(m->text, m->size, m->file, place, m->err,
				"'%s' is not a public address, and port %u of it has no entry in "
				"\"network.private\"",
				entry->host, (unsigned)entry->ports[k]);
		}
	}
	return 0;
}

int
merge_network(const struct merge *m)
{
	struct cordon_network *network = &m->profile->network;
	const struct layer *l = m->layer;
	const struct cordon_network *child = &l->values.network;

	/* The default of the parents is one of their grants, so it is lowered last. */
	if ((l->has_network_allow && merge_allow(m) < 0) ||
		(l->has_network_private && merge_private(m) < 0) ||
		(l->has_network_default && merge_default(m) < 0) || merge_network_limits(m) < 0 ||
		add_entries(m, "network/refuse", &network->refuse, &network->refuse_count,
			child->refuse, child->refuse_count) < 0)
		return -1;
	return check_special(m);
}
