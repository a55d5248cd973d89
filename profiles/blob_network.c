/* "network" in the bytes of an effective profile. */
#include "blob_network.h"

#include <stdlib.h>

#include "network.h"

static void
put_entries(struct cordon_writer *w, const struct cordon_network_entry *entries, size_t count)
{
	cordon_put_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		const struct cordon_network_entry *entry = &entries[i];

		cordon_put_string(w, entry->host);
		cordon_put_u8(w, (uint8_t)entry->kind);
		cordon_put_u8(w, (uint8_t)entry->as);
		cordon_put_u8(w, entry->ech != 0);
		cordon_put_u32(w, (uint32_t)entry->port_count);
		for (size_t k = 0; k < entry->port_count; k++)
			cordon_put_u16(w, entry->ports[k]);
	}
}

void
blob_put_network(struct cordon_writer *w, const struct cordon_network *network)
{
	cordon_put_u8(w, (uint8_t)network->otherwise);
	put_entries(w, network->allow, network->allow_count);
	put_entries(w, network->refuse, network->refuse_count);
	cordon_put_u32(w, (uint32_t)network->private_count);
	for (size_t i = 0; i < network->private_count; i++) {
		cordon_put_string(w, network->private[i].host);
		cordon_put_u16(w, network->private[i].port);
		/* No name is empty. */
		cordon_put_string(
			w, network->private[i].name == NULL ? "" : network->private[i].name);
	}
	cordon_put_u64(w, network->limits.connections);
	cordon_put_u64(w, network->limits.rate);
	cordon_put_u64(w, network->limits.bytes_out);
	cordon_put_u64(w, network->limits.bytes_in);
	cordon_put_u64(w, network->limits.names);
}

void
blob_put_network_whys(struct cordon_writer *w, const struct cordon_network *network)
{
	for (size_t i = 0; i < network->allow_count; i++)
		cordon_put_string(w, network->allow[i].why);
	for (size_t i = 0; i < network->refuse_count; i++)
		cordon_put_string(w, network->refuse[i].why);
	for (size_t i = 0; i < network->private_count; i++)
		cordon_put_string(w, network->private[i].why);
}

static int
read_entry(struct cordon_reader *r, struct cordon_network_entry *entry)
{
	uint8_t kind, as, ech;
	uint32_t ports;

	if (cordon_get_string(r, CORDON_NETWORK_HOST, &entry->host) < 0 ||
		cordon_get_u8(r, &kind) < 0 || kind == 0 || kind >= CORDON_NETWORK_KINDS ||
		cordon_get_u8(r, &as) < 0 || as >= CORDON_AS_COUNT || cordon_get_u8(r, &ech) < 0 ||
		ech > 1 || cordon_get_u32(r, &ports) < 0 || ports > CORDON_NETWORK_PORTS)
		return -1;
	entry->kind = kind;
	entry->as = as;
	entry->ech = ech;
	for (; entry->port_count < ports; entry->port_count++)
		if (cordon_get_u16(r, &entry->ports[entry->port_count]) < 0)
			return -1;
	return 0;
}

static int
get_entries(struct cordon_reader *r, struct cordon_network_entry **entries, size_t *count)
{
	uint32_t wanted;

	if (cordon_get_u32(r, &wanted) < 0)
		return -1;
	for (uint32_t i = 0; i < wanted; i++) {
		struct cordon_network_entry entry = { 0 };
		int result = read_entry(r, &entry);

		if (result == 0)
			result = network_entry_take(entries, count, &entry);
		network_entry_finish(&entry);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int
read_private(struct cordon_reader *r, struct cordon_network_private *private)
{
	if (cordon_get_string(r, CORDON_NETWORK_HOST, &private->host) < 0 ||
		cordon_get_u16(r, &private->port) < 0 ||
		cordon_get_string(r, CORDON_NETWORK_HOST, &private->name) < 0)
		return -1;
	if (*private->name == '\0') {
		free(private->name);
		private->name = NULL;
	}
	return 0;
}

static int
get_privates(struct cordon_reader *r, struct cordon_network *network)
{
	uint32_t wanted;

	if (cordon_get_u32(r, &wanted) < 0)
		return -1;
	for (uint32_t i = 0; i < wanted; i++) {
		struct cordon_network_private private = { 0 };
		int result = read_private(r, &private);

		if (result == 0)
			result = network_private_take(
				&network->private, &network->private_count, &private);
		network_private_finish(&private);
		if (result < 0)
			return -1;
	}
	return 0;
}

int
blob_get_network(struct cordon_reader *r, struct cordon_network *network)
{
	uint8_t otherwise;

	if (cordon_get_u8(r, &otherwise) < 0 || otherwise >= CORDON_NETWORK_DEFAULTS ||
		get_entries(r, &network->allow, &network->allow_count) < 0 ||
		get_entries(r, &network->refuse, &network->refuse_count) < 0 ||
		get_privates(r, network) < 0 ||
		cordon_get_u64(r, &network->limits.connections) < 0 ||
		cordon_get_u64(r, &network->limits.rate) < 0 ||
		cordon_get_u64(r, &network->limits.bytes_out) < 0 ||
		cordon_get_u64(r, &network->limits.bytes_in) < 0 ||
		cordon_get_u64(r, &network->limits.names) < 0)
		return -1;
	network->otherwise = otherwise;
	return 0;
}

int
blob_get_network_whys(struct cordon_reader *r, struct cordon_network *network)
{
	for (size_t i = 0; i < network->allow_count; i++)
		if (blob_get_why(r, &network->allow[i].why) < 0)
			return -1;
	for (size_t i = 0; i < network->refuse_count; i++)
		if (blob_get_why(r, &network->refuse[i].why) < 0)
			return -1;
	for (size_t i = 0; i < network->private_count; i++)
		if (blob_get_why(r, &network->private[i].why) < 0)
			return -1;
	return 0;
}
