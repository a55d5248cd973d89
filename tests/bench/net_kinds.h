/* The ways to the server that scripts/bench net compares: directly, by a plain relay, by tinyproxy, and out of a
 * run of cordon. Each has a client of its own (net_client.c) that waits for what to do. */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include <cordon/error.h>

enum net_kind { NET_DIRECT, NET_RELAY, NET_TINYPROXY, NET_CORDON, NET_KINDS };

extern const char *const net_kind_names[NET_KINDS];

struct net_world {
	const char *programs; /* the directory of what was built */
	const char *tinyproxy;
	const char *directory; /* ours; the workspace of the run */
	struct net_way {
		pid_t between; /* what passes it on; -1: nothing. Of cordon its monitor */
		pid_t client;
		FILE *to, *from; /* the client's streams */
	} ways[NET_KINDS];
	pid_t server;
};

/* Starts everything, and waits until all of it answers. */
int net_world_begin(struct net_world *w, struct cordon_error *err) CORDON_CHECKED;
void net_world_finish(struct net_world *w);
/* Tells the client of one kind a line, and gives its answer, which is valid until the next. */
int net_tell(struct net_world *w, enum net_kind kind, const char *line, char **ret_answer,
	struct cordon_error *err) CORDON_CHECKED;
/* Memory of what passes it on, in KiB. */
double net_memory_kib(const struct net_world *w, enum net_kind kind);
