/* "network": what a run may reach. The text of a host is read by who calls us (read_host), here, where its place
 * is known and before layers are compared: what is kept is its one spelling. */
#include "parse.h"

#include <jansson.h>
#include <string.h>

#include "network.h"

static int
take_default(struct parse *p, const char *key, const json_t *value)
{
	/* In the order of enum cordon_network_default. */
	static const char *const words[CORDON_NETWORK_DEFAULTS] = { "refuse", "hold", "public" };
	unsigned which;

	if (parse_word(p, key, value, words, CORDON_NETWORK_DEFAULTS, "refuse, hold or public",
		    &which) < 0)
		return -1;
	p->layer->has_network_default = 1;
	p->layer->values.network.otherwise = (enum cordon_network_default)which;
	return 0;
}

static int
read_host(struct parse *p, const char *key, const json_t *value, enum cordon_network_use use,
	struct cordon_network_host *ret)
{
	struct cordon_error why = { 0 };

	if (parse_want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	if (p->places->read_host == NULL)
		return FAIL(p, key, "hosts cannot be named in the profiles that are read here");
	if (p->places->read_host(
		    use, json_string_value(value), json_string_length(value), ret, &why) < 0)
		return FAIL(p, key, "%s", why.text);
	return 0;
}

/* Absent: none. */
static int
take_why(struct parse *p, const char *key, const json_t *object, char **ret)
{
	const char *why = json_string_value(json_object_get(object, "why"));

	if (why == NULL)
		return 0;
	*ret = strdup(why);
	return *ret == NULL ? FAIL(p, key, "out of memory") : 0;
}

static int
add_port(struct parse *p, const char *key, struct cordon_network_entry *entry, uint16_t port)
{
	size_t at = entry->port_count;

	while (at > 0 && entry->ports[at - 1] >= port)
		at--;
	if (at < entry->port_count && entry->ports[at] == port)
		return FAIL(p, key, "port %u is in this list already", (unsigned)port);
	memmove(&entry->ports[at + 1], &entry->ports[at],
		(entry->port_count - at) * sizeof(entry->ports[0]));
	entry->ports[at] = port;
	entry->port_count++;
	return 0;
}

static int
take_ports(struct parse *p, const char *key, const json_t *list, struct cordon_network_entry *entry)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];
	uint64_t port;

	if (parse_want(p, key, list, json_is_array(list), "a list of ports") < 0)
		return -1;
	if (json_array_size(list) == 0 || json_array_size(list) > CORDON_NETWORK_PORTS)
		return FAIL(p, key, "\"ports\" is a list of 1 to %d ports", CORDON_NETWORK_PORTS);
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		parse_key(child, "%s/%zu", key, i);
		if (parse_number(p, child, item, NULL, 1, UINT16_MAX, &port) < 0 ||
			add_port(p, child, entry, (uint16_t)port) < 0)
			return -1;
	}
	return 0;
}

static int
speaks_tls(const struct cordon_network_entry *entry)
{
	for (size_t i = 0; i < entry->port_count; i++)
		if (cordon_network_as_at(entry->as, entry->ports[i]) == CORDON_AS_TLS)
			return 1;
	return 0;
}

/* "as" and "ech", when the ports are known. */
static int
take_speech(
	struct parse *p, const char *key, const json_t *object, struct cordon_network_entry *entry)
{
	static const char *const words[] = { "tls", "http", "opaque" };
	const json_t *as = json_object_get(object, "as"), *ech = json_object_get(object, "ech");
	char child[KEY_MAX];
	unsigned which;
	int has;

	parse_key(child, "%s/as", key);
	if (as != NULL) {
		if (parse_word(p, child, as, words, 3, "tls, http or opaque", &which) < 0)
			return -1;
		entry->as = (enum cordon_network_as)(which + CORDON_AS_TLS);
	}
	parse_key(child, "%s/ech", key);
	if (ech != NULL && parse_bool(p, child, ech, &entry->ech, &has) < 0)
		return -1;
	if (entry->ech && !speaks_tls(entry))
		return FAIL(p, child,
			"\"ech\" lets TLS hide its server name, and this entry has no port at which "
			"TLS is spoken");
	return 0;
}

static int
take_entry_text(struct parse *p, const char *key, const json_t *object, enum cordon_network_use use,
	struct cordon_network_entry *entry)
{
	static const struct parse_member allow[] = { { "host", NULL }, { "ports", NULL },
		{ "as", NULL }, { "ech", NULL }, { NULL, NULL } };
	static const struct parse_member refuse[] = { { "host", NULL }, { "ports", NULL },
		{ NULL, NULL } };
	const json_t *ports;
	struct cordon_network_host host;
	char child[KEY_MAX];

	if (parse_object(p, key, object, use == CORDON_HOST_ALLOW ? allow : refuse) < 0)
		return -1;
	if (json_object_get(object, "host") == NULL)
		return FAIL(p, key, "an entry has a \"host\"");
	parse_key(child, "%s/host", key);
	if (read_host(p, child, json_object_get(object, "host"), use, &host) < 0)
		return -1;
	entry->kind = host.kind;
	entry->host = strdup(host.text);
	if (entry->host == NULL)
		return FAIL(p, child, "out of memory");
	ports = json_object_get(object, "ports");
	parse_key(child, "%s/ports", key);
	if (ports != NULL) {
		if (take_ports(p, child, ports, entry) < 0)
			return -1;
	} else if (use == CORDON_HOST_ALLOW) {
		entry->ports[entry->port_count++] = 80;
		entry->ports[entry->port_count++] = 443;
	}
	if (use == CORDON_HOST_ALLOW && take_speech(p, key, object, entry) < 0)
		return -1;
	return take_why(p, key, object, &entry->why);
}

static int
want_list(struct parse *p, const char *key, const json_t *list)
{
	if (parse_want(p, key, list, json_is_array(list), "a list of entries") < 0)
		return -1;
	if (json_array_size(list) > CORDON_NETWORK_ENTRIES)
		return FAIL(p, key, "'%s' has at most %d entries", key, CORDON_NETWORK_ENTRIES);
	return 0;
}

static int
take_entries(struct parse *p, const char *key, const json_t *list, enum cordon_network_use use,
	struct cordon_network_entry **ret, size_t *ret_count)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	if (want_list(p, key, list) < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct cordon_network_entry entry = { 0 };
		int result;

		parse_key(child, "%s/%zu", key, i);
		result = take_entry_text(p, child, item, use, &entry);
		if (result == 0 && network_entry_take(ret, ret_count, &entry) < 0)
			result = FAIL(p, child, "out of memory");
		network_entry_finish(&entry);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int
take_allow(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_network *network = &p->layer->values.network;

	p->layer->has_network_allow = 1;
	return take_entries(
		p, key, value, CORDON_HOST_ALLOW, &network->allow, &network->allow_count);
}

static int
take_refuse(struct parse *p, const char *key, const json_t *value)
{
	struct cordon_network *network = &p->layer->values.network;

	return take_entries(
		p, key, value, CORDON_HOST_REFUSE, &network->refuse, &network->refuse_count);
}

/* private */

static int
take_private_text(struct parse *p, const char *key, const json_t *object,
	struct cordon_network_private *private)
{
	static const struct parse_member members[] = { { "address", NULL }, { "name", NULL },
		{ NULL, NULL } };
	const json_t *name = json_object_get(object, "name");
	struct cordon_network_host host;
	char child[KEY_MAX];

	if (parse_object(p, key, object, members) < 0)
		return -1;
	if (json_object_get(object, "address") == NULL)
		return FAIL(p, key,
			"a private exception has an \"address\": \"IP:PORT\" or \"[IPv6]:PORT\"");
	parse_key(child, "%s/address", key);
	if (read_host(p, child, json_object_get(object, "address"), CORDON_HOST_PRIVATE, &host) < 0)
		return -1;
	private->port = host.port;
	private->host = strdup(host.text);
	if (private->host == NULL)
		return FAIL(p, child, "out of memory");
	if (name == NULL)
		return take_why(p, key, object, &private->why);
	parse_key(child, "%s/name", key);
	if (read_host(p, child, name, CORDON_HOST_PRIVATE_NAME, &host) < 0)
		return -1;
	private->name = strdup(host.text);
	if (private->name == NULL)
		return FAIL(p, child, "out of memory");
	return take_why(p, key, object, &private->why);
}

static int
add_private(struct parse *p, const char *key, struct cordon_network_private *private)
{
	struct cordon_network *network = &p->layer->values.network;

	if (network_private_find(network->private, network->private_count, private) != NULL)
		return FAIL(p, key, "there is an exception for '%s', port %u, already",
			private->name != NULL ? private->name : private->host,
			(unsigned)private->port);
	if (network_private_take(&network->private, &network->private_count, private) < 0)
		return FAIL(p, key, "out of memory");
	return 0;
}

static int
take_private(struct parse *p, const char *key, const json_t *list)
{
	size_t i;
	json_t *item;
	char child[KEY_MAX];

	p->layer->has_network_private = 1;
	if (want_list(p, key, list) < 0)
		return -1;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct cordon_network_private private = { 0 };
		int result;

		parse_key(child, "%s/%zu", key, i);
		result = take_private_text(p, child, item, &private);
		if (result == 0)
			result = add_private(p, child, &private);
		network_private_finish(&private);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* limits */

#define LIMIT(field, flag, kind, max)                                                         \
	static int take_##field(struct parse *p, const char *key, const json_t *value)        \
	{                                                                                     \
		p->layer->flag = 1;                                                           \
		return parse_number(                                                          \
			p, key, value, kind, 1, max, &p->layer->values.network.limits.field); \
	}

LIMIT(connections, has_connections, NULL, UINT16_MAX)
LIMIT(rate, has_rate, NULL, UINT16_MAX)
LIMIT(bytes_out, has_bytes_out, "size", 1ull << 50)
LIMIT(bytes_in, has_bytes_in, "size", 1ull << 50)
LIMIT(names, has_names, NULL, CORDON_NETWORK_NAMES)

static int
take_limits(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "connections", take_connections },
		{ "rate", take_rate }, { "bytesOut", take_bytes_out }, { "bytesIn", take_bytes_in },
		{ "names", take_names }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}

int
parse_network(struct parse *p, const char *key, const json_t *value)
{
	static const struct parse_member members[] = { { "default", take_default },
		{ "allow", take_allow }, { "refuse", take_refuse }, { "private", take_private },
		{ "limits", take_limits }, { NULL, NULL } };

	return parse_object(p, key, value, members);
}
