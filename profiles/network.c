#include "network.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/profile.h>

void
network_init(struct cordon_network *network)
{
	*network = (struct cordon_network){ .limits = { .connections = CORDON_NETWORK_CONNECTIONS,
						    .rate = CORDON_NO_LIMIT,
						    .bytes_out = CORDON_NO_LIMIT,
						    .bytes_in = CORDON_NO_LIMIT,
						    .names = CORDON_NETWORK_NAMES } };
}

void
network_entry_finish(struct cordon_network_entry *entry)
{
	free(entry->host);
	free(entry->why);
	*entry = (struct cordon_network_entry){ 0 };
}

void
network_private_finish(struct cordon_network_private *private)
{
	free(private->host);
	free(private->name);
	free(private->why);
	*private = (struct cordon_network_private){ 0 };
}

void
network_entries_finish(struct cordon_network_entry **entries, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		network_entry_finish(&(*entries)[i]);
	free(*entries);
	*entries = NULL;
	*count = 0;
}

void
network_privates_finish(struct cordon_network_private **privates, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		network_private_finish(&(*privates)[i]);
	free(*privates);
	*privates = NULL;
	*count = 0;
}

void
network_finish(struct cordon_network *network)
{
	network_entries_finish(&network->allow, &network->allow_count);
	network_entries_finish(&network->refuse, &network->refuse_count);
	network_privates_finish(&network->private, &network->private_count);
}

/* Room for one element more: a list doubles, so that its capacity follows from its count. Returns the list, or
 * NULL. */
static void *
grow(void *list, size_t count, size_t size)
{
	if (count >= CORDON_NETWORK_ENTRIES)
		return NULL;
	if (count != 0 && (count & (count - 1)) != 0)
		return list;
	return realloc(list, (count == 0 ? 1 : 2 * count) * size);
}

int
network_entry_take(
	struct cordon_network_entry **entries, size_t *count, struct cordon_network_entry *entry)
{
	struct cordon_network_entry *grown = grow(*entries, *count, sizeof(*grown));

	if (grown == NULL)
		return -1;
	*entries = grown;
	grown[(*count)++] = *entry;
	*entry = (struct cordon_network_entry){ 0 };
	return 0;
}

int
network_private_take(struct cordon_network_private **privates, size_t *count,
	struct cordon_network_private *private)
{
	struct cordon_network_private *grown = grow(*privates, *count, sizeof(*grown));

	if (grown == NULL)
		return -1;
	*privates = grown;
	grown[(*count)++] = *private;
	*private = (struct cordon_network_private){ 0 };
	return 0;
}

/* *ret becomes a copy of text, which may be NULL. */
static int
copy_text(char **ret, const char *text)
{
	*ret = text == NULL ? NULL : strdup(text);
	return *ret == NULL && text != NULL ? -1 : 0;
}

int
network_entry_add(struct cordon_network_entry **entries, size_t *count,
	const struct cordon_network_entry *entry)
{
	struct cordon_network_entry copy = *entry;

	copy.why = NULL;
	if (copy_text(&copy.host, entry->host) == 0 && copy_text(&copy.why, entry->why) == 0 &&
		network_entry_take(entries, count, &copy) == 0)
		return 0;
	network_entry_finish(&copy);
	return -1;
}

int
network_private_add(struct cordon_network_private **privates, size_t *count,
	const struct cordon_network_private *private)
{
	struct cordon_network_private copy = { .port = private->port };

	if (copy_text(&copy.host, private->host) == 0 &&
		copy_text(&copy.name, private->name) == 0 &&
		copy_text(&copy.why, private->why) == 0 &&
		network_private_take(privates, count, &copy) == 0)
		return 0;
	network_private_finish(&copy);
	return -1;
}

int
network_entry_equal(const struct cordon_network_entry *a, const struct cordon_network_entry *b)
{
	return strcmp(a->host, b->host) == 0 && a->as == b->as && a->ech == b->ech &&
	       a->port_count == b->port_count &&
	       memcmp(a->ports, b->ports, a->port_count * sizeof(a->ports[0])) == 0;
}

static int
same_way(const struct cordon_network_private *a, const struct cordon_network_private *b)
{
	if (a->port != b->port || (a->name == NULL) != (b->name == NULL))
		return 0;
	return a->name == NULL ? strcmp(a->host, b->host) == 0 : strcmp(a->name, b->name) == 0;
}

int
network_private_equal(
	const struct cordon_network_private *a, const struct cordon_network_private *b)
{
	return same_way(a, b) && strcmp(a->host, b->host) == 0;
}

const struct cordon_network_private *
network_private_find(const struct cordon_network_private *privates, size_t count,
	const struct cordon_network_private *like)
{
	for (size_t i = 0; i < count; i++)
		if (same_way(&privates[i], like))
			return &privates[i];
	return NULL;
}

int
network_private_has(const struct cordon_network *network, const char *address, uint16_t port)
{
	for (size_t i = 0; i < network->private_count; i++)
		if (network->private[i].port == port &&
			strcmp(network->private[i].host, address) == 0)
			return 1;
	return 0;
}

int
network_is_bare(const struct cordon_network *network)
{
	struct cordon_network bare;

	network_init(&bare);
	return !cordon_network_opens(network) && network->refuse_count == 0 &&
	       memcmp(&network->limits, &bare.limits, sizeof(bare.limits)) == 0;
}

int
cordon_network_opens(const struct cordon_network *network)
{
	return network->otherwise != CORDON_NETWORK_REFUSE || network->allow_count > 0 ||
	       network->private_count > 0;
}

const char *
cordon_network_default_name(enum cordon_network_default otherwise)
{
	static const char *const names[] = { "refuse", "hold", "public" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == CORDON_NETWORK_DEFAULTS,
		"a default has no name");

	return names[otherwise];
}

const char *
cordon_network_as_name(enum cordon_network_as as)
{
	static const char *const names[] = { "port", "tls", "http", "opaque" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == CORDON_AS_COUNT, "an 'as' has no name");

	return names[as];
}

enum cordon_network_as
cordon_network_as_at(enum cordon_network_as as, uint16_t port)
{
	if (as != CORDON_AS_PORT)
		return as;
	return port == 443 ? CORDON_AS_TLS : port == 80 ? CORDON_AS_HTTP : CORDON_AS_OPAQUE;
}

int
cordon_network_has_port(const struct cordon_network_entry *entry, uint16_t port)
{
	size_t low = 0, high = entry->port_count;

	if (entry->port_count == 0)
		return 1;
	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (entry->ports[middle] == port)
			return 1;
		if (entry->ports[middle] < port)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}
