/* What a process that has locked itself is not to do (A13), each in a child of its own. */
#pragma once

#include <stddef.h>

#include <cordon/selfjail.h>

struct jail_try {
	const char *name;
	int (*act)(void); /* 0: it was done */
};

extern const struct jail_try jail_opens, jail_clones, jail_executes, jail_socket_unix,
	jail_socket_netlink, jail_socket_inet, jail_socket_inet6, jail_connects, jail_binds,
	jail_pairs;

/* Runs it in a child, first locked when jail is not NULL. Returns its wait status. */
int jail_in_child(const struct cordon_selfjail *jail, int (*act)(void));
/* Each is done before the lock, which is the control; and kills the process after it. */
void jail_allows_before(const struct jail_try *const *tries, size_t count);
void jail_kills(
	const struct cordon_selfjail *jail, const struct jail_try *const *tries, size_t count);
