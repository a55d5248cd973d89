/* The run's network namespace. See network_namespaces(7), netdevice(7). */
#pragma once

/* Brings up lo, the only interface, in the calling process's network namespace. Returns 0 or -1 with
 * errno. */
int netns_loopback_up(void);

/* A network namespace that no process is in, with lo up, for the next run: it takes half as long to make
 * as all the other namespaces together, and need not be made while somebody waits. Root's only, since an
 * ordinary user's must belong to the run's user namespace. */
struct netns_spare {
	int wanted; /* root, and it could be done so far */
	int next; /* -1: not made */
};

void netns_spare_init(struct netns_spare *spare);
/* Makes the next one where there is none. When that cannot be done, runs make their own. */
void netns_spare_fill(struct netns_spare *spare);
/* The descriptor of one that was never given before, or -1. */
int netns_spare_take(struct netns_spare *spare);
void netns_spare_finish(struct netns_spare *spare);
/* In the child: goes there for good and closes ns. Returns 0 or -1 with errno. */
int netns_enter(int ns);
