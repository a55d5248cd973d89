/* The dialer: the only process of the guard that makes sockets and connects them. Its askers (relay, resolver, fetches)
 * read what strangers send, and any of them may be somebody else's by now. MUSTs:
 *
 * 1. Nothing is connected but an address of a grant, for the asker that it was granted to, and grants come from the
 *    monitor's link alone.
 * 2. Each address is judged again, when it is granted and when it is dialed, also against the addresses that this host's
 *    interfaces have at that moment. (An interface may have got the address meanwhile.) Only what the operator has
 *    named exactly, private exceptions and resolvers, is not judged so.
 * 3. An asker is given sockets that are connected, and nothing with which it could reach somewhere else without
 *    connect(2): so no datagram socket (<cordon/dial_proto.h>), and none that is not connected yet. (MSG_FASTOPEN, or
 *    shutdown(2) and that, would connect it anew.)
 * 4. It reads fixed-layout messages and nothing else. Datagrams are carried without a look at them.
 * 5. Whatever an asker does, it cannot keep the monitor from withdrawing, nor another asker from dialing: nothing waits
 *    for an asker, and what is kept for each has its bounds (dial_askers.h).
 * 6. An asker that breaks the protocol costs itself: its link, its grants, what is under way for it.
 *
 * A socket that an asker has been given stays its own when the grant is withdrawn.
 *
 * Tests: tests/system/dial, tests/kernel/test_dial_jail.c.
 * calls: poll ppoll close */
#include "dialer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/rate.h>
#include <cordon/selfjail.h>
#include <cordon/wire.h>

#include "complain.h"
#include "dial_askers.h"
#include "dial_calls.h" /* made by cmake/CollectCalls.cmake */
#include "dial_flows.h"
#include "dial_grants.h"

#define MESSAGES   16 /* of the monitor, before others have their turn */
#define DATA_BYTES (32ull << 20)
#define FILES      (16ull + CORDON_DIAL_ASKERS + DIAL_SLOTS + 3 * DIAL_FLOWS)

/* The monitor, the askers, the sockets that are connecting, and the flows. */
#define POLLS (1 + CORDON_DIAL_ASKERS + DIAL_CONNECTS + FLOW_POLLS)

struct dialer {
	struct interfaces interfaces;
	struct dial_grants grants;
	struct dial_askers askers;
	struct dial_flows flows;
	struct { /* what the monitor has not read yet: it is not listened to until then */
		uint16_t message; /* 0: nothing */
		struct cordon_dial_word word;
	} owed;
	struct pollfd polls[POLLS];
	int ended; /* the monitor's link has */
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

/* why: NULL when it has gone by itself, which is the ordinary end. */
static void
drop_asker(struct dialer *d, struct dial_asker *a, const struct cordon_error *why)
{
	char line[sizeof(why->text) + 64];
	const struct cordon_dial_grant *grant;

	if (why != NULL) {
		(void)snprintf(line, sizeof(line), "asker %u is dropped: %s", a->number, why->text);
		guard_complain("cordon-netguard dial", line);
	}
	while ((grant = dial_grants_of(&d->grants, a->number)) != NULL) {
		dial_flows_withdraw(&d->flows, grant->id);
		dial_grants_remove(&d->grants, grant->id);
	}
	dial_askers_drop(&d->askers, a);
}

/* Returns as say() does. What the kernel can say about the passing of a descriptor is this DIAL's failure
 * (ETOOMANYREFS: unix(7)). */
static int
flush_slot(struct dialer *d, struct dial_asker *a, struct dial_slot *s, struct cordon_error *err)
{
	const int fine = s->why == CORDON_DIAL_FINE;
	const struct cordon_dial_word word = { .id = s->request, .why = s->why, .sys = s->sys };
	const int sent = say(
		a->link, fine ? CORDON_DIAL_CONNECTED : CORDON_DIAL_UNCONNECTED, &word, s->fd, err);

	if (sent < 0 && fine && err->code == CORDON_ESYS) {
		dial_slot_answer(a, s, CORDON_DIAL_FAILED, err->sys);
		return flush_slot(d, a, s, err);
	}
	if (sent > 0)
		dial_slot_end(&d->askers, a, s);
	return sent;
}

static void
flush(struct dialer *d, struct dial_asker *a)
{
	struct cordon_error err;
	int sent = 1;

	for (struct dial_slot *s = a->first, *next; s != NULL && sent > 0; s = next) {
		next = s->next;
		if (s->state == DIAL_SLOT_ANSWERING)
			sent = flush_slot(d, a, s, &err);
	}
	if (sent < 0)
		drop_asker(d, a, err.code == CORDON_EPEER ? NULL : &err);
}

/* The kernel has decided about a connect. */
static void
finish_connect(struct dialer *d, struct dial_asker *a, struct dial_slot *s)
{
	int sys = 0;
	enum cordon_dial_why why = dial_connect_end(s->fd, &s->to, &sys);
	int end = -1;

	if (why == CORDON_DIAL_FINE && s->to.datagram) {
		why = dial_flows_begin(&d->flows, s->grant, &s->fd, &end, &sys);
		if (why == CORDON_DIAL_FINE)
			s->fd = end;
	}
	dial_slot_answer(a, s, why, sys);
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

static void
begin_dial(struct dialer *d, struct dial_asker *a, const struct cordon_dial_word *word)
{
	const struct cordon_dial_grant *grant = dial_grants_find(&d->grants, word->grant);
	struct dial_slot *s = dial_slot_begin(&d->askers, a, word->id, word->grant);
	enum cordon_dial_why why = CORDON_DIAL_FINE;
	int sys = 0;

	if (grant == NULL || grant->asker != a->number || word->at >= grant->count)
		why = CORDON_DIAL_NOT_GRANTED;
	else if (!dial_askers_connect(&d->askers, a, grant->id))
		why = CORDON_DIAL_FULL;
	else
		why = judge(d, grant, word->at, &sys);
	if (why != CORDON_DIAL_FINE) {
		dial_slot_answer(a, s, why, sys);
		return;
	}
	s->to = (struct dial_target){ .address = grant->addresses[word->at],
		.port = grant->port,
		.datagram = grant->kind == CORDON_DIAL_RESOLVER_UDP };
	s->fd = dial_connect_begin(&s->to);
	if (s->fd < 0) {
		dial_slot_answer(a, s, CORDON_DIAL_FAILED, errno);
		return;
	}
	dial_slot_connecting(a, s);
	s->deadline_ms = cordon_now_ms() + grant->timeout_ms;
	/* What is near has answered by now. */
	if (dial_connect_decided(s->fd))
		finish_connect(d, a, s);
}

static int
from_asker(struct dialer *d, struct dial_asker *a, const struct cordon_message *m,
	struct cordon_error *err)
{
	struct cordon_dial_word word;
	struct dial_slot *s;

	if (m->fd_count != 0 || (m->number != CORDON_DIAL_DIAL && m->number != CORDON_DIAL_HANG_UP))
		return cordon_fail(err, CORDON_EPEER, 0, "an asker may not say that");
	if (cordon_dial_decode_word(m->number, m->body, m->size, &word, err) < 0)
		return -1;
	s = dial_slot_find(a, word.id);
	if (m->number == CORDON_DIAL_HANG_UP) {
		if (s != NULL && s->state == DIAL_SLOT_CONNECTING)
			dial_slot_answer(a, s, CORDON_DIAL_GONE, 0);
		return 0;
	}
	if (s != NULL)
		return cordon_fail(err, CORDON_EPEER, 0, "it dials twice in one request");
	begin_dial(d, a, &word);
	return 0;
}

static int
grant(struct dialer *d, const struct cordon_dial_grant *g, struct cordon_error *err)
{
	struct cordon_dial_word word = { .id = g->id };

	if (dial_askers_find(&d->askers, g->asker) == NULL) {
		word.why = CORDON_DIAL_GONE;
	} else if (g->kind == CORDON_DIAL_PUBLIC && interfaces_read(&d->interfaces) < 0) {
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
	const struct cordon_dial_grant *grant = dial_grants_find(&d->grants, id);
	struct dial_asker *a = grant == NULL ? NULL : dial_askers_find(&d->askers, grant->asker);

	for (struct dial_slot *s = a == NULL ? NULL : a->first; s != NULL; s = s->next)
		if (s->grant == id &&
			(s->state == DIAL_SLOT_CONNECTING || s->why == CORDON_DIAL_FINE))
			dial_slot_answer(a, s, CORDON_DIAL_GONE, 0);
	dial_grants_remove(&d->grants, id);
	dial_flows_withdraw(&d->flows, id);
	return owe(d, CORDON_DIAL_WITHDRAWN, &(const struct cordon_dial_word){ .id = id }, err);
}

/* One that has gone may not have been noticed yet, when the monitor puts another one in its place. */
static void
drop_the_gone(struct dialer *d)
{
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++) {
		struct dial_asker *a = &d->askers.all[i];
		struct pollfd p = { a->link, 0, 0 };

		if (a->link >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0)
			drop_asker(d, a, NULL);
	}
}

static int
add_asker(struct dialer *d, uint32_t number, int *link, struct cordon_error *err)
{
	drop_the_gone(d);
	if (cordon_fd_nonblock(*link, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use an asker's link");
	if (dial_askers_add(&d->askers, number, link) == NULL)
		return cordon_fail(
			err, CORDON_EPEER, 0, "asker %u is one too many, or there twice", number);
	return 0;
}

static int
from_monitor(struct dialer *d, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_dial_grant g;
	struct cordon_dial_word word;

	if (m->fd_count == 0 && m->number == CORDON_DIAL_GRANT)
		return cordon_dial_decode_grant(m->body, m->size, &g, err) < 0 ? -1
									       : grant(d, &g, err);
	if (m->fd_count != (m->number == CORDON_DIAL_ASKER) ||
		(m->number != CORDON_DIAL_WITHDRAW && m->number != CORDON_DIAL_ASKER))
		return cordon_fail(err, CORDON_EPEER, 0, "the monitor may not say that");
	if (cordon_dial_decode_word(m->number, m->body, m->size, &word, err) < 0)
		return -1;
	return m->number == CORDON_DIAL_ASKER ? add_asker(d, (uint32_t)word.id, &m->fds[0], err)
					      : withdraw(d, word.id, err);
}

/* Takes one message, if there is one: of an asker, or with NULL of the monitor. Returns 1, 0 when there is none, or -1: the
 * link has ended, with err->code CORDON_OK, or what came has to end it. */
static int
take(struct dialer *d, struct dial_asker *a, struct cordon_error *err)
{
	struct cordon_message m = { 0 };
	const int got = cordon_link_receive(a == NULL ? DIALER_MONITOR : a->link, &m, err);
	int result;

	if (got < 0)
		return err->code == CORDON_ESYS && err->sys == EAGAIN ? 0 : -1;
	if (got == 0) {
		err->code = CORDON_OK;
		return -1;
	}
	result = a == NULL ? from_monitor(d, &m, err) : from_asker(d, a, &m, err);
	cordon_message_finish(&m);
	return result < 0 ? -1 : 1;
}

static int
take_monitor(struct dialer *d, struct cordon_error *err)
{
	int more = 1;

	for (unsigned i = 0; i < MESSAGES && more > 0 && d->owed.message == 0 && !d->ended; i++)
		more = take(d, NULL, err);
	if (more >= 0)
		return 0;
	d->ended = 1;
	return err->code == CORDON_OK ? 0 : -1;
}

static void
take_asker(struct dialer *d, struct dial_asker *a)
{
	struct cordon_error err;

	if (take(d, a, &err) < 0)
		drop_asker(d, a, err.code == CORDON_OK ? NULL : &err);
}

/* What there is to wait for, of an asker. Returns how many polls are in use. */
static unsigned
arrange_asker(struct dialer *d, struct dial_asker *a, unsigned count, uint64_t *first_ms)
{
	struct pollfd *its = &d->polls[count++];

	a->poll = its;
	*its = (struct pollfd){ a->link, dial_askers_hear(&d->askers, a) ? POLLIN : 0, 0 };
	for (struct dial_slot *s = a->first; s != NULL; s = s->next) {
		if (s->state == DIAL_SLOT_ANSWERING) {
			its->events |= POLLOUT;
			continue;
		}
		d->polls[count] = (struct pollfd){ s->fd, POLLOUT, 0 };
		s->poll = &d->polls[count++];
		if (s->deadline_ms < *first_ms)
			*first_ms = s->deadline_ms;
	}
	return count;
}

/* Returns how many polls there are. *ret_first_ms: when the first deadline is, or UINT64_MAX. */
static unsigned
arrange(struct dialer *d, uint64_t *ret_first_ms)
{
	unsigned count = 1;

	*ret_first_ms = UINT64_MAX;
	d->polls[0] = (struct pollfd){ DIALER_MONITOR, d->owed.message != 0 ? POLLOUT : POLLIN, 0 };
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++)
		if (d->askers.all[i].link >= 0)
			count = arrange_asker(d, &d->askers.all[i], count, ret_first_ms);
	return count + dial_flows_arrange(&d->flows, d->polls + count, ret_first_ms);
}

/* Of an asker's sockets what is ready or too late, as far as they were arranged for. */
static void
turn_sockets(struct dialer *d, struct dial_asker *a, uint64_t now_ms)
{
	for (struct dial_slot *s = a->first; s != NULL; s = s->next) {
		if (s->state != DIAL_SLOT_CONNECTING || s->poll == NULL)
			continue;
		if (s->poll->revents != 0)
			finish_connect(d, a, s);
		else if (now_ms >= s->deadline_ms)
			dial_slot_answer(a, s, CORDON_DIAL_TIMEOUT, 0);
	}
}

/* One that has hung up has nobody who would read an answer. Else one message is heard, and answered before others have
 * their turn: the asker does not wait while it is looked for a next one. */
static void
turn_asker(struct dialer *d, struct dial_asker *a)
{
	const short events = a->link >= 0 ? a->poll->revents : 0;

	if ((events & POLLHUP) != 0)
		drop_asker(d, a, NULL);
	else if ((events & ~POLLOUT) != 0)
		take_asker(d, a);
	if (a->link >= 0)
		flush(d, a);
}

static int
turn(struct dialer *d, struct cordon_error *err)
{
	uint64_t first, now_ms;
	const unsigned count = arrange(d, &first);
	int wait_ms = -1;

	now_ms = cordon_now_ms();
	if (first != UINT64_MAX)
		wait_ms = first <= now_ms ? 0 : (int)(first - now_ms); /* at most a minute */
	if (poll(d->polls, count, wait_ms) < 0)
		return errno == EINTR ? 0 : cordon_fail(err, CORDON_ESYS, errno, "could not wait");
	now_ms = cordon_now_ms();
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++)
		turn_sockets(d, &d->askers.all[i], now_ms);
	dial_flows_turn(&d->flows, now_ms);
	/* Before the monitor's messages, of which one could put another asker, which was not polled, in the place of one. */
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++)
		turn_asker(d, &d->askers.all[i]);
	if (d->polls[0].revents == 0)
		return 0;
	if (d->owed.message != 0 && pay(d, err) < 0)
		return -1;
	return take_monitor(d, err);
}

static int
open_all(struct dialer *d, struct cordon_error *err)
{
	const struct cordon_selfjail jail = { .calls = dial_calls,
		.call_count = sizeof(dial_calls) / sizeof(dial_calls[0]),
		.data_bytes = DATA_BYTES,
		.files = FILES,
		.connects = 1 };

	if (cordon_fd_nonblock(DIALER_MONITOR, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use the monitor's link");
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
	d->interfaces.netlink = d->interfaces.changes = -1;
	dial_askers_init(&d->askers);
	dial_flows_init(&d->flows);
	result = open_all(d, err);
	while (result == 0 && !d->ended)
		result = turn(d, err);
	dial_askers_finish(&d->askers);
	dial_flows_finish(&d->flows);
	interfaces_close(&d->interfaces);
	dial_grants_finish(&d->grants);
	cordon_free_p(&d);
	return result;
}
