/* "network" as text. What is as on the bare floor is left out, but for the default. */
#include "show.h"

#include <stdio.h>
#include <string.h>

#include "network.h"

static void
show_why(struct cordon_json *j, const char *why)
{
	if (why != NULL)
		cordon_json_string(j, "why", why);
}

static void
show_entries(struct cordon_json *j, const char *key, const struct cordon_network_entry *entries,
	size_t count)
{
	cordon_json_array(j, key);
	for (size_t i = 0; i < count; i++) {
		const struct cordon_network_entry *entry = &entries[i];

		cordon_json_object(j, NULL);
		show_why(j, entry->why);
		cordon_json_string(j, "host", entry->host);
		if (entry->port_count > 0) {
			cordon_json_array(j, "ports");
			for (size_t k = 0; k < entry->port_count; k++)
				cordon_json_u64(j, NULL, entry->ports[k]);
			cordon_json_end(j);
		}
		if (entry->as != CORDON_AS_PORT)
			cordon_json_string(j, "as", cordon_network_as_name(entry->as));
		if (entry->ech)
			cordon_json_bool(j, "ech", 1);
		cordon_json_end(j);
	}
	cordon_json_end(j);
}

static void
show_privates(struct cordon_json *j, const struct cordon_network *network)
{
	cordon_json_array(j, "private");
	for (size_t i = 0; i < network->private_count; i++) {
		const struct cordon_network_private *private = &network->private[i];
		const int brackets = strchr(private->host, ':') != NULL;
		char address[CORDON_NETWORK_HOST + 16];

		cordon_json_object(j, NULL);
		show_why(j, private->why);
		snprintf(address, sizeof(address), "%s%s%s:%u", brackets ? "[" : "", private->host,
			brackets ? "]" : "", (unsigned)private->port);
		cordon_json_string(j, "address", address);
		if (private->name != NULL)
			cordon_json_string(j, "name", private->name);
		cordon_json_end(j);
	}
	cordon_json_end(j);
}

void
show_network(struct cordon_json *j, const struct cordon_network *network)
{
	cordon_json_object(j, "network");
	cordon_json_string(j, "default", cordon_network_default_name(network->otherwise));
	if (!network_is_bare(network)) {
		show_entries(j, "allow", network->allow, network->allow_count);
		show_entries(j, "refuse", network->refuse, network->refuse_count);
		show_privates(j, network);
		cordon_json_object(j, "limits");
		show_limit(j, "connections", network->limits.connections);
		show_limit(j, "rate", network->limits.rate);
		show_limit(j, "bytesOut", network->limits.bytes_out);
		show_limit(j, "bytesIn", network->limits.bytes_in);
		show_limit(j, "names", network->limits.names);
		cordon_json_end(j);
	}
	cordon_json_end(j);
}
