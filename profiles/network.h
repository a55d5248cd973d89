/* Lists of "network" that grow. Functions that return int return 0, or -1 when there is no memory, or no room for
 * one entry more. */
#pragma once

#include <stddef.h>

#include <cordon/network.h>

/* The bare floor: nothing, and few of it. */
void network_init(struct cordon_network *network);
void network_finish(struct cordon_network *network);

/* Also of what was never filled. */
void network_entry_finish(struct cordon_network_entry *entry);
void network_private_finish(struct cordon_network_private *private);
void network_entries_finish(struct cordon_network_entry **entries, size_t *count);
void network_privates_finish(struct cordon_network_private **privates, size_t *count);

/* The list takes what entry has, which is empty then. */
int network_entry_take(struct cordon_network_entry **entries, size_t *count,
	struct cordon_network_entry *entry) CORDON_CHECKED;
int network_private_take(struct cordon_network_private **privates, size_t *count,
	struct cordon_network_private *private) CORDON_CHECKED;
/* The list gets a copy. */
int network_entry_add(struct cordon_network_entry **entries, size_t *count,
	const struct cordon_network_entry *entry) CORDON_CHECKED;
int network_private_add(struct cordon_network_private **privates, size_t *count,
	const struct cordon_network_private *private) CORDON_CHECKED;

/* Alike in all that decides. */
int network_entry_equal(const struct cordon_network_entry *a, const struct cordon_network_entry *b);
int network_private_equal(
	const struct cordon_network_private *a, const struct cordon_network_private *b);

/* The entry that somebody who dials this would also mean: the same name (or address) and port, or NULL. */
const struct cordon_network_private *network_private_find(
	const struct cordon_network_private *privates, size_t count,
	const struct cordon_network_private *like);
/* True when an entry has this address and port, under whatever name. */
int network_private_has(const struct cordon_network *network, const char *address, uint16_t port);

/* True for what the bare floor says: nothing is said of it in digests, and pins of profiles hold that are older than
 * this section. */
int network_is_bare(const struct cordon_network *network);
