/* Datagrams that the dialer carries for the resolver: between a connected socket that it keeps, and its end of a pair
 * whose other end the resolver has. */
#pragma once

#include <poll.h>
#include <stdint.h>

#include <cordon/dial_proto.h>

#define DIAL_FLOWS 32u
#define FLOW_POLLS (2 * DIAL_FLOWS)

struct dial_flow {
	int ours, out; /* -1: free */
	uint64_t grant, deadline_ms;
	const struct pollfd *polls; /* of both, when they were arranged for; else NULL */
};

struct dial_flows {
	struct dial_flow all[DIAL_FLOWS];
};

void dial_flows_init(struct dial_flows *f);
/* Takes *out when it is FINE, and *ret_end is for the asker. FULL, or FAILED with *ret_sys. */
enum cordon_dial_why dial_flows_begin(
	struct dial_flows *f, uint64_t grant, int *out, int *ret_end, int *ret_sys);
void dial_flows_withdraw(struct dial_flows *f, uint64_t grant);
/* Fills polls, at most FLOW_POLLS of them, which stay until dial_flows_turn, and returns how many. *first_ms becomes
 * earlier where a flow ends before it by its time. */
unsigned dial_flows_arrange(struct dial_flows *f, struct pollfd *polls, uint64_t *first_ms);
/* Carries what is there. */
void dial_flows_turn(struct dial_flows *f, uint64_t now_ms);
void dial_flows_finish(struct dial_flows *f);
