/* One connection: from the listener of a run to the end of both of its ends. MUSTs:
 *
 * 1. Nothing is dialed before the monitor's verdict, and of TLS and HTTP not before the client has named the
 *    destination (A29).
 * 2. What a rule ends is reset at once, so that the program hears it; nothing of it goes on.
 * 3. Whoever says nothing, or never ends what it began, loses its connection: the begin of a hello or a head has
 *    RELAY_HEAD_MS, however its bytes drip, a half-closed connection that moves nothing RELAY_HALF_MS. Idle
 *    connections live; keep-alive finds those whose server has gone.
 * 4. It is in at most one list of those who wait, and leaves it with its end.
 *
 * calls: setsockopt close */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "relay_parts.h"

enum tunnel_event { EV_LOOK, EV_DIAL, EV_DIALING, EV_BUSY, EV_CONNECTED, EVENTS };

static const unsigned char next_state[TUNNEL_STATES][EVENTS] = {
	[TUNNEL_WAITING] = { [EV_LOOK] = TUNNEL_READING, [EV_DIAL] = TUNNEL_QUEUED },
	[TUNNEL_READING] = { [EV_DIAL] = TUNNEL_QUEUED },
	[TUNNEL_QUEUED] = { [EV_DIALING] = TUNNEL_DIALING },
	[TUNNEL_DIALING] = { [EV_BUSY] = TUNNEL_QUEUED, [EV_CONNECTED] = TUNNEL_OPEN },
};

static void
move(struct tunnel *t, enum tunnel_event event)
{
	t->state = next_state[t->state][event];
	if (t->state == TUNNEL_ILLEGAL) /* a mistake of ours: better nothing than something else */
		abort();
}

void
tunnel_reset(int *fd)
{
	const struct linger now = { .l_onoff = 1 };

	if (*fd >= 0)
		(void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	cordon_fd_close_p(fd);
}

struct tunnel *
tunnel_begin(struct run *run, struct destination *d, int fd)
{
	struct tunnel *t = cordon_array(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->run = run;
	t->destination = d;
	t->state = TUNNEL_WAITING;
	for (int i = 0; i < SIDES; i++)
		t->ends[i] = (struct end){ .tunnel = t, .fd = i == SIDE_RUN ? fd : -1 };
	TAILQ_INSERT_TAIL(&run->tunnels, t, entry);
	TAILQ_INSERT_TAIL(&d->waiting, t, queue);
	run->tunnel_count++;
	run->relay->tunnel_count++;
	return t;
}

/* close: the ends have said all. */
static void
finish(struct tunnel *t, int in_order)
{
	struct run *run = t->run;

	if (t->state == TUNNEL_WAITING)
		TAILQ_REMOVE(&t->destination->waiting, t, queue);
	else if (t->state == TUNNEL_QUEUED || t->state == TUNNEL_DIALING)
		dial_forget(t);
	deadline_end(&t->deadline);
	for (int i = 0; i < SIDES; i++) {
		pump_finish(t, i);
		cordon_watch_remove(t->ends[i].watch);
		if (in_order)
			cordon_fd_close_p(&t->ends[i].fd);
		else
			tunnel_reset(&t->ends[i].fd);
	}
	if (t->counted) {
		t->destination->open--;
		say_changed(run, t->destination);
	}
	TAILQ_REMOVE(&run->tunnels, t, entry);
	run->tunnel_count--;
	run->relay->tunnel_count--;
	free(t->inspect);
	free(t);
}

void
tunnel_end(struct tunnel *t)
{
	finish(t, 0);
}

void
tunnel_refused(struct tunnel *t, const char *reason)
{
	say_refused(t->run, t->destination, reason);
	finish(t, 0);
}

void
tunnel_failed(struct tunnel *t, const char *reason)
{
	say_failed(t->run, t->destination, reason);
	finish(t, 0);
}

/* What there is to wait for. */
static void
arrange(struct tunnel *t)
{
	for (int i = 0; i < SIDES; i++) {
		unsigned events = pump_takes(&t->flows[i]) ? CORDON_LOOP_READ : 0;

		if (pump_gives(&t->flows[!i]))
			events |= CORDON_LOOP_WRITE;
		cordon_watch_set(t->ends[i].watch, events);
	}
}

/* The clock of an open connection. Returns -1 when there is no memory for it. */
static int
wind(struct tunnel *t, uint64_t moved)
{
	struct relay *r = t->run->relay;
	const int half = t->flows[SIDE_RUN].done != t->flows[SIDE_SERVER].done;

	if (pump_has_part(t))
		return t->deadline.in == &r->heads ? 0 : deadline_begin(&r->heads, &t->deadline);
	if (half)
		return moved == 0 && t->deadline.in == &r->halves
			       ? 0
			       : deadline_begin(&r->halves, &t->deadline);
	deadline_end(&t->deadline);
	return 0;
}

static void
settle(struct tunnel *t, struct pump pump)
{
	switch (pump.result) {
	case PUMP_END:
		finish(t, 1);
		return;
	case PUMP_BROKEN:
		finish(t, 0);
		return;
	case PUMP_REFUSED:
		tunnel_refused(t, pump.reason);
		return;
	case PUMP_ON:
		break;
	}
	if (wind(t, pump.moved) < 0)
		finish(t, 0);
	else
		arrange(t);
}

static void ready(void *context, unsigned events);

static int
watch(struct tunnel *t, enum tunnel_side side, unsigned events)
{
	struct end *e = &t->ends[side];
	struct cordon_error ignored;

	if (e->watch == NULL)
		e->watch =
			cordon_loop_watch(t->run->relay->loop, e->fd, events, ready, e, &ignored);
	else
		cordon_watch_set(e->watch, events);
	return e->watch == NULL ? -1 : 0;
}

static void
want_dial(struct tunnel *t)
{
	if (t->ends[SIDE_RUN].watch != NULL)
		cordon_watch_set(t->ends[SIDE_RUN].watch, 0);
	move(t, EV_DIAL);
	if (deadline_begin(&t->run->relay->dials, &t->deadline) < 0)
		tunnel_failed(t, "limit.memory");
	else
		dial_queue(t);
}

/* What it says first, as far as it is there. */
static void
look_first(struct tunnel *t)
{
	const struct pump pump = pump_first(t);

	if (pump.result == PUMP_REFUSED)
		tunnel_refused(t, pump.reason);
	else if (pump.result != PUMP_ON)
		finish(t, pump.result == PUMP_END);
	else if (t->inspect == NULL || t->inspect->agreed)
		want_dial(t);
	else if (watch(t, SIDE_RUN, CORDON_LOOP_READ) < 0)
		tunnel_failed(t, "limit.memory");
}

/* Something has come, or can go. An error shows as READ, also to who only waits to write. */
static void
ready(void *context, unsigned events)
{
	const struct end *e = context;
	struct tunnel *t = e->tunnel;
	const enum tunnel_side side = e == &t->ends[SIDE_RUN] ? SIDE_RUN : SIDE_SERVER;
	struct pump pump = { .result = PUMP_ON };

	if (t->state == TUNNEL_READING) {
		look_first(t);
		return;
	}
	if ((events & CORDON_LOOP_READ) != 0 && pump_takes(&t->flows[side]))
		pump = pump_flow(t, side);
	if (pump.result == PUMP_ON && pump_gives(&t->flows[!side])) {
		const uint64_t moved = pump.moved;

		pump = pump_flow(t, !side);
		pump.moved += moved;
	}
	settle(t, pump);
}

void
tunnel_allowed(struct tunnel *t)
{
	const struct cordon_guard_allow *allow = t->destination->allow;

	TAILQ_REMOVE(&t->destination->waiting, t, queue);
	t->counted = 1;
	t->as = (uint8_t)allow->as;
	t->destination->begun++;
	t->destination->open++;
	say_changed(t->run, t->destination);
	if (allow->as == CORDON_GUARD_OPAQUE) {
		want_dial(t);
		return;
	}
	move(t, EV_LOOK);
	t->inspect = cordon_array(1, sizeof(*t->inspect));
	if (t->inspect == NULL || deadline_begin(&t->run->relay->heads, &t->deadline) < 0) {
		tunnel_failed(t, "limit.memory");
		return;
	}
	inspect_begin(t->inspect, allow->as, allow->ech);
	look_first(t);
}

void
tunnel_dialing(struct tunnel *t, struct dial_race *race)
{
	move(t, EV_DIALING);
	t->race = race;
}

void
tunnel_queued_again(struct tunnel *t)
{
	move(t, EV_BUSY);
}

/* A server may go without a word: after a minute it is asked whether it is there, and after two more given up. */
static void
keep_alive(int fd)
{
	static const struct {
		int level, name, value;
	} all[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 30 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)setsockopt(
			fd, all[i].level, all[i].name, &all[i].value, sizeof(all[i].value));
}

/* What waits to be said goes first: the server is at work while the rest is arranged. */
void
tunnel_connected(struct tunnel *t, int fd)
{
	struct pump pump;

	move(t, EV_CONNECTED);
	deadline_end(&t->deadline);
	t->ends[SIDE_SERVER].fd = fd;
	destination_opened(t->destination, t->as);
	pump = pump_flow(t, SIDE_RUN);
	keep_alive(fd);
	if (watch(t, SIDE_RUN, 0) < 0 || watch(t, SIDE_SERVER, 0) < 0)
		tunnel_failed(t, "limit.memory");
	else
		settle(t, pump);
}

void
tunnel_late(struct deadline *d)
{
	struct tunnel *t = (struct tunnel *)(void *)((char *)d - offsetof(struct tunnel, deadline));

	if (t->state == TUNNEL_READING || (t->state == TUNNEL_OPEN && pump_has_part(t)))
		tunnel_refused(t, "net.silent");
	else if (t->state == TUNNEL_OPEN)
		finish(t, 0);
	else
		tunnel_failed(t, cordon_dial_why_reason(CORDON_DIAL_TIMEOUT));
}
