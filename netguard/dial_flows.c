/* What is too long, empty or finds no room is dropped, as datagrams are.
 *
 * calls: recvfrom sendto close */
#include "dial_flows.h"

#include <errno.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/rate.h>

#define PACKETS 16 /* that are carried before others have their turn */

static void
end_flow(struct dial_flow *flow)
{
	cordon_fd_close_p(&flow->ours);
	cordon_fd_close_p(&flow->out);
}

void
dial_flows_init(struct dial_flows *f)
{
	for (unsigned i = 0; i < DIAL_FLOWS; i++)
		f->all[i] = (struct dial_flow){ .ours = -1, .out = -1 };
}

void
dial_flows_finish(struct dial_flows *f)
{
	for (unsigned i = 0; i < DIAL_FLOWS; i++)
		end_flow(&f->all[i]);
}

enum cordon_dial_why
dial_flows_begin(struct dial_flows *f, uint64_t grant, int *out, int *ret_end, int *ret_sys)
{
	struct dial_flow *flow = NULL;
	struct cordon_error err;
	int ends[2];

	for (unsigned i = 0; i < DIAL_FLOWS && flow == NULL; i++)
		if (f->all[i].out < 0)
			flow = &f->all[i];
	if (flow == NULL)
		return CORDON_DIAL_FULL;
	if (cordon_link_pair(ends, &err) < 0) {
		*ret_sys = err.sys;
		return CORDON_DIAL_FAILED;
	}
	if (cordon_fd_nonblock(ends[0], 1) < 0 || cordon_fd_nonblock(ends[1], 1) < 0) {
		*ret_sys = errno;
		cordon_fd_close_p(&ends[0]);
		cordon_fd_close_p(&ends[1]);
		return CORDON_DIAL_FAILED;
	}
	*flow = (struct dial_flow){ .ours = ends[0],
		.out = cordon_fd_take(out),
		.grant = grant,
		.deadline_ms = cordon_now_ms() + CORDON_DIAL_FLOW_MS };
	*ret_end = ends[1];
	return CORDON_DIAL_FINE;
}

void
dial_flows_withdraw(struct dial_flows *f, uint64_t grant)
{
	for (unsigned i = 0; i < DIAL_FLOWS; i++)
		if (f->all[i].out >= 0 && f->all[i].grant == grant)
			end_flow(&f->all[i]);
}

unsigned
dial_flows_arrange(struct dial_flows *f, struct pollfd *polls, uint64_t *first_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < DIAL_FLOWS; i++) {
		struct dial_flow *flow = &f->all[i];

		if (flow->out < 0)
			continue;
		flow->polls = &polls[count];
		polls[count++] = (struct pollfd){ flow->ours, POLLIN, 0 };
		polls[count++] = (struct pollfd){ flow->out, POLLIN, 0 };
		if (flow->deadline_ms < *first_ms)
			*first_ms = flow->deadline_ms;
	}
	return count;
}

/* One packet of at most `longest` bytes. Returns 1 when there may be more, 0 when there are none, or -1. */
static int
carry(int from, int to, size_t longest, int empty_ends)
{
	uint8_t packet[CORDON_DIAL_ANSWER_MAX];
	const ssize_t got = recv(from, packet, longest, MSG_TRUNC);

	if (got < 0)
		return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -1;
	if (got == 0)
		return empty_ends ? -1 : 1;
	if ((size_t)got > longest)
		return 1;
	if (send(to, packet, (size_t)got, MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
		errno != ENOBUFS && errno != EINTR)
		return -1;
	return 1;
}

static int
carry_some(int from, int to, size_t longest, int empty_ends)
{
	int more = 1;

	for (unsigned i = 0; i < PACKETS && more > 0; i++)
		more = carry(from, to, longest, empty_ends);
	return more < 0 ? -1 : 0;
}

void
dial_flows_turn(struct dial_flows *f, uint64_t now_ms)
{
	for (unsigned i = 0; i < DIAL_FLOWS; i++) {
		struct dial_flow *flow = &f->all[i];
		const struct pollfd *p = flow->polls;

		/* One that has just begun was not polled. */
		if (flow->out < 0 || p == NULL)
			continue;
		if ((p[0].revents != 0 &&
			    carry_some(flow->ours, flow->out, CORDON_DIAL_QUERY_MAX, 1) < 0) ||
			(p[1].revents != 0 &&
				carry_some(flow->out, flow->ours, CORDON_DIAL_ANSWER_MAX, 0) < 0) ||
			now_ms >= flow->deadline_ms)
			end_flow(flow);
	}
}
