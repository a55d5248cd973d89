/* The dialer: the only process of the guard that makes sockets and connects them. The relay, which reads what runs and
 * servers send, may be somebody else's by now. MUSTs:
 *
 * 1. Nothing is connected but an address of a grant, and grants come from the monitor's link alone.
 * 2. Each address is judged again, when it is granted and when it is dialed, also against the addresses that this host's
 *    interfaces have at that moment. (An interface may have got the address meanwhile.) Only what the operator has
 *    named exactly, private exceptions and resolvers, is not judged so.
 * 3. The relay is given sockets that are connected, and nothing with which it could reach somewhere else without
 *    connect(2): so no datagram socket (<cordon/dial_proto.h>), and none that is not connected yet. (MSG_FASTOPEN, or
 *    shutdown(2) and that, would connect it anew.)
 * 4. It reads fixed-layout messages and nothing else. Datagrams are carried without a look at them.
 * 5. Whatever the relay does, it cannot keep the monitor from withdrawing: nothing waits for the relay, and what is
 *    kept for it has its bounds.
 *
 * A socket that the relay has been given stays its own when the grant is withdrawn.
 *
 * Tests: tests/system/dial, tests/kernel/test_dial_jail.c.
 * calls: poll ppoll close */
#include "dialer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/rate.h>
#include <cordon/selfjail.h>
#include <cordon/wire.h>

#include "dial_calls.h" /* made by cmake/CollectCalls.cmake */
#include "dial_connect.h"
#include "dial_flows.h"
#include "dial_grants.h"

#define SLOTS \
	(2 * CORDON_DIAL_IN_FLIGHT) /* connects, and answers that wait for the relay to read */
#define MESSAGES   16 /* of one link, before others have their turn */
#define DATA_BYTES (32ull << 20)
#define FILES      (16ull + SLOTS + 3 * DIAL_FLOWS)

enum slot_state { SLOT_FREE, SLOT_CONNECTING, SLOT_ANSWERING };

/* One DIAL, until its answer is sent. */
struct slot {
	enum slot_state state;
	uint64_t request, grant;
	struct dial_target to;
	int fd; /* ANSWERING: what the relay gets, -1 with a refusal */
	uint64_t deadline_ms;
	enum cordon_dial_why why; /* ANSWERING */
	int sys;
};

struct dialer {
	struct interfaces interfaces;
	struct dial_grants grants;
	struct slot slots[SLOTS];
	struct dial_flows flows;
	struct { /* what the monitor has not read yet: it is not listened to until then */
		uint16_t message; /* 0: nothing */
		struct cordon_dial_word word;
	} owed;
	int ended; /* a link has */
};

/* Returns 1 when it was sent, 0 when the other end has to read first, or -1. */
static int
say(int link, uint16_t message, const struct cordon_dial_word *word, int fd,
	struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(message, word, &w);
	result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_link_send(link, message, w.data, w.size, &fd, fd >= 0, err);
	cordon_writer_finish(&w);
	if (result < 0)
		return err->code == CORDON_ESYS && err->sys == EAGAIN ? 0 : -1;
	return 1;
}

/* What stops us: a peer that has gone is the ordinary end. */
static int
end(struct dialer *d, const struct cordon_error *err)
{
	d->ended = 1;
	return err->code == CORDON_EPEER ? 0 : -1;
}

static int
pay(struct dialer *d, struct cordon_error *err)
{
	const int sent = say(DIALER_MONITOR, d->owed.message, &d->owed.word, -1, err);

	if (sent < 0)
		return end(d, err);
	if (sent > 0)
		d->owed.message = 0;
	return 0;
}

static int
owe(struct dialer *d, uint16_t message, const struct cordon_dial_word *word,
	struct cordon_error *err)
{
	d->owed.message = message;
	d->owed.word = *word;
	return pay(d, err);
}

static void
answer(struct slot *s, enum cordon_dial_why why, int sys)
{
	s->state = SLOT_ANSWERING;
	s->why = why;
	s->sys = sys;
	if (why != CORDON_DIAL_FINE)
		cordon_fd_close_p(&s->fd);
}

/* What the kernel can say about the passing of a descriptor is this DIAL's failure (ETOOMANYREFS: unix(7)). */
static int
flush_slot(struct dialer *d, struct slot *s, struct cordon_error *err)
{
	const int fine = s->why == CORDON_DIAL_FINE;
	const struct cordon_dial_word word = { .id = s->request, .why = s->why, .sys = s->sys };
	const int sent = say(DIALER_RELAY, fine ? CORDON_DIAL_CONNECTED : CORDON_DIAL_UNCONNECTED,
		&word, s->fd, err);

	if (sent < 0 && fine && err->code == CORDON_ESYS) {
		answer(s, CORDON_DIAL_FAILED, err->sys);
		return flush_slot(d, s, err);
	}
	if (sent < 0)
		return end(d, err);
	if (sent > 0) {
		cordon_fd_close_p(&s->fd);
		s->state = SLOT_FREE;
	}
	return 0;
}

static int
flush(struct dialer *d, struct cordon_error *err)
{
	int result = 0;

	for (unsigned i = 0; i < SLOTS && result == 0 && !d->ended; i++)
		if (d->slots[i].state == SLOT_ANSWERING)
			result = flush_slot(d, &d->slots[i], err);
	return result;
}

/* The kernel has decided about a connect. */
static void
finish_connect(struct dialer *d, struct slot *s)
{
	int sys = 0;
	enum cordon_dial_why why = dial_connect_end(s->fd, &s->to, &sys);
	int end = -1;

	if (why == CORDON_DIAL_FINE && s->to.datagram) {
		why = dial_flows_begin(&d->flows, s->grant, &s->fd, &end, &sys);
		if (why == CORDON_DIAL_FINE)
			s->fd = end;
	}
	answer(s, why, sys);
}

static struct slot *
find_slot(struct dialer *d, enum slot_state state, uint64_t request)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (d->slots[i].state == state &&
			(state == SLOT_FREE || d->slots[i].request == request))
			return &d->slots[i];
	return NULL;
}

static int
has_room(const struct dialer *d, uint64_t grant)
{
	unsigned all = 0, its = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		if (d->slots[i].state == SLOT_CONNECTING) {
			all++;
			its += d->slots[i].grant == grant;
		}
	return all < CORDON_DIAL_IN_FLIGHT && its < CORDON_DIAL_GRANT_FLIGHT;
}

/* Judges afresh. Grants of other kinds name exact addresses, which were looked at when they were granted. */
static enum cordon_dial_why
judge(struct dialer *d, const struct cordon_dial_grant *grant, unsigned at, int *ret_sys)
{
	if (grant->kind == CORDON_DIAL_PUBLIC && interfaces_read(&d->interfaces) < 0) {
		*ret_sys = errno;
		return CORDON_DIAL_BLIND;
	}
	return dial_grants_judge(grant->kind, &grant->addresses[at], &d->interfaces);
}

/* s is free. */
static void
begin_dial(struct dialer *d, struct slot *s, const struct cordon_dial_word *word)
{
	const struct cordon_dial_grant *grant = dial_grants_find(&d->grants, word->grant);
	enum cordon_dial_why why;
	int sys = 0;

	*s = (struct slot){ .request = word->id, .grant = word->grant, .fd = -1 };
	if (grant == NULL || word->at >= grant->count) {
		answer(s, CORDON_DIAL_NOT_GRANTED, 0);
		return;
	}
	if (!has_room(d, grant->id)) {
		answer(s, CORDON_DIAL_FULL, 0);
		return;
	}
	why = judge(d, grant, word->at, &sys);
	if (why != CORDON_DIAL_FINE) {
		answer(s, why, sys);
		return;
	}
	s->to = (struct dial_target){ .address = grant->addresses[word->at],
		.port = grant->port,
		.datagram = grant->kind == CORDON_DIAL_RESOLVER_UDP };
	s->fd = dial_connect_begin(&s->to);
	if (s->fd < 0) {
		answer(s, CORDON_DIAL_FAILED, errno);
		return;
	}
	s->state = SLOT_CONNECTING;
	s->deadline_ms = cordon_now_ms() + grant->timeout_ms;
}

static int
from_relay(struct dialer *d, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_dial_word word;
	struct slot *s;

	if (m->fd_count != 0 || (m->number != CORDON_DIAL_DIAL && m->number != CORDON_DIAL_HANG_UP))
		return cordon_fail(err, CORDON_EPEER, 0, "the relay may not say that");
	if (cordon_dial_decode_word(m->number, m->body, m->size, &word, err) < 0)
		return -1;
	s = find_slot(d, SLOT_CONNECTING, word.id);
	if (m->number == CORDON_DIAL_HANG_UP) {
		if (s != NULL)
			answer(s, CORDON_DIAL_GONE, 0);
		return 0;
	}
	if (s != NULL || find_slot(d, SLOT_ANSWERING, word.id) != NULL)
		return cordon_fail(err, CORDON_EPEER, 0, "the relay dials twice in one request");
	begin_dial(d, find_slot(d, SLOT_FREE, 0), &word);
	return 0;
}

static int
grant(struct dialer *d, const struct cordon_dial_grant *g, struct cordon_error *err)
{
	struct cordon_dial_word word = { .id = g->id };

	if (g->kind == CORDON_DIAL_PUBLIC && interfaces_read(&d->interfaces) < 0) {
		word.sys = errno;
		word.why = CORDON_DIAL_BLIND;
	} else {
		word.why = dial_grants_add(&d->grants, g, &d->interfaces, &word.at);
	}
	return owe(d, word.why == CORDON_DIAL_FINE ? CORDON_DIAL_GRANTED : CORDON_DIAL_UNGRANTED,
		&word, err);
}

static int
withdraw(struct dialer *d, uint64_t id, struct cordon_error *err)
{
	dial_grants_remove(&d->grants, id);
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &d->slots[i];

		if (s->state != SLOT_FREE && s->grant == id &&
			(s->state == SLOT_CONNECTING || s->why == CORDON_DIAL_FINE))
			answer(s, CORDON_DIAL_GONE, 0);
	}
	dial_flows_withdraw(&d->flows, id);
	return owe(d, CORDON_DIAL_WITHDRAWN, &(const struct cordon_dial_word){ .id = id }, err);
}

static int
from_monitor(struct dialer *d, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_dial_grant g;
	struct cordon_dial_word word;

	if (m->fd_count == 0 && m->number == CORDON_DIAL_GRANT)
		return cordon_dial_decode_grant(m->body, m->size, &g, err) < 0 ? -1
									       : grant(d, &g, err);
	if (m->fd_count == 0 && m->number == CORDON_DIAL_WITHDRAW)
		return cordon_dial_decode_word(m->number, m->body, m->size, &word, err) < 0
			       ? -1
			       : withdraw(d, word.id, err);
	return cordon_fail(err, CORDON_EPEER, 0, "the monitor may not say that");
}

typedef int take_fn(struct dialer *d, const struct cordon_message *m, struct cordon_error *err);

/* Takes a message, if there is one. Returns 1, 0 when there is none or the link has ended, or -1. */
static int
take(struct dialer *d, int link, take_fn *fn, struct cordon_error *err)
{
	struct cordon_message m = { 0 };
	const int got = cordon_link_receive(link, &m, err);
	int result;

	if (got < 0 && err->code == CORDON_ESYS && err->sys == EAGAIN)
		return 0;
	if (got <= 0) {
		d->ended = 1;
		return got;
	}
	result = fn(d, &m, err);
	cordon_message_finish(&m);
	return result < 0 ? -1 : 1;
}

static int
take_all(struct dialer *d, struct cordon_error *err)
{
	int more = 1;

	for (unsigned i = 0; i < MESSAGES && more > 0 && d->owed.message == 0 && !d->ended; i++)
		more = take(d, DIALER_MONITOR, from_monitor, err);
	for (unsigned i = 0; i < MESSAGES && more >= 0 && !d->ended; i++) {
		if (find_slot(d, SLOT_FREE, 0) == NULL)
			break;
		more = take(d, DIALER_RELAY, from_relay, err);
		if (more == 0)
			break;
	}
	return more < 0 ? -1 : 0;
}

#define POLLS (2 + SLOTS + FLOW_POLLS)

/* What there is to wait for. Returns when the first deadline is, or UINT64_MAX. */
static uint64_t
arrange(struct dialer *d, struct pollfd polls[POLLS])
{
	uint64_t first = dial_flows_arrange(&d->flows, polls + 2 + SLOTS);
	short relay = find_slot(d, SLOT_FREE, 0) != NULL ? POLLIN : 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		const struct slot *s = &d->slots[i];
		const int connecting = s->state == SLOT_CONNECTING;

		polls[2 + i] = (struct pollfd){ connecting ? s->fd : -1, POLLOUT, 0 };
		if (connecting && s->deadline_ms < first)
			first = s->deadline_ms;
		if (s->state == SLOT_ANSWERING)
			relay |= POLLOUT;
	}
	polls[0] = (struct pollfd){ DIALER_MONITOR, d->owed.message != 0 ? POLLOUT : POLLIN, 0 };
	polls[1] = (struct pollfd){ DIALER_RELAY, relay, 0 };
	return first;
}

/* Of the sockets what is ready or too late. polls: as arranged, so before any message was taken. */
static void
turn_sockets(struct dialer *d, const struct pollfd polls[POLLS])
{
	const uint64_t now_ms = cordon_now_ms();

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &d->slots[i];

		if (s->state != SLOT_CONNECTING)
			continue;
		if (polls[2 + i].revents != 0)
			finish_connect(d, s);
		else if (now_ms >= s->deadline_ms)
			answer(s, CORDON_DIAL_TIMEOUT, 0);
	}
	dial_flows_turn(&d->flows, polls + 2 + SLOTS, now_ms);
}

static int
turn(struct dialer *d, struct cordon_error *err)
{
	struct pollfd polls[POLLS];
	const uint64_t first = arrange(d, polls), now_ms = cordon_now_ms();
	int wait_ms = -1;

	if (first != UINT64_MAX)
		wait_ms = first <= now_ms ? 0 : (int)(first - now_ms); /* at most a minute */
	if (poll(polls, POLLS, wait_ms) < 0)
		return errno == EINTR ? 0 : cordon_fail(err, CORDON_ESYS, errno, "could not wait");
	turn_sockets(d, polls);
	if (d->owed.message != 0 && pay(d, err) < 0)
		return -1;
	if (!d->ended && take_all(d, err) < 0)
		return -1;
	return d->ended ? 0 : flush(d, err);
}

static int
open_all(struct dialer *d, struct cordon_error *err)
{
	const struct cordon_selfjail jail = { .calls = dial_calls,
		.call_count = sizeof(dial_calls) / sizeof(dial_calls[0]),
		.data_bytes = DATA_BYTES,
		.files = FILES,
		.connects = 1 };

	if (cordon_fd_nonblock(DIALER_MONITOR, 1) < 0 || cordon_fd_nonblock(DIALER_RELAY, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use the links");
	if (interfaces_open(&d->interfaces, err) < 0 || cordon_selfjail_enter(&jail, err) < 0)
		return -1;
	return owe(d, CORDON_DIAL_READY, &(const struct cordon_dial_word){ 0 }, err);
}

int
dialer_run(struct cordon_error *err)
{
	struct dialer *d = cordon_array(1, sizeof(*d));
	int result;

	if (d == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin");
	d->interfaces.netlink = -1;
	dial_flows_init(&d->flows);
	result = open_all(d, err);
	while (result == 0 && !d->ended)
		result = turn(d, err);
	for (unsigned i = 0; i < SLOTS; i++)
		if (d->slots[i].state != SLOT_FREE)
			cordon_fd_close_p(&d->slots[i].fd);
	dial_flows_finish(&d->flows);
	interfaces_close(&d->interfaces);
	dial_grants_finish(&d->grants);
	cordon_free_p(&d);
	return result;
}
