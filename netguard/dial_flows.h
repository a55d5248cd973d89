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
};

struct dial_flows {
	struct dial_flow all[DIAL_FLOWS];
};

void dial_flows_init(struct dial_flows *f);
/* Takes *out when it is FINE, and *ret_end is for the asker. FULL, or FAILED with *ret_sys. */
enum cordon_dial_why dial_flows_begin(
	struct dial_flows *f, uint64_t grant, int *out, int *ret_end, int *ret_sys);
void dial_flows_withdraw(struct dial_flows *f, uint64_t grant);
/* Fills polls, and returns when the first flow ends by its time, or UINT64_MAX. */
uint64_t dial_flows_arrange(const struct dial_flows *f, struct pollfd polls[FLOW_POLLS]);
/* Carries what is there. polls: as arranged. */
void dial_flows_turn(struct dial_flows *f, const struct pollfd polls[FLOW_POLLS], uint64_t now_ms);
void dial_flows_finish(struct dial_flows *f);
