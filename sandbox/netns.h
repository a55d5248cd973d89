/* The run's network namespace. See network_namespaces(7), netdevice(7). */
#pragma once

/* Brings up lo, the only interface, in the calling process's network namespace. Returns 0 or -1 with
 * errno. */
int netns_loopback_up(void);
