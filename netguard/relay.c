/* The relay: serves the sockets of runs. It reads what runs and servers send, so it is the part of the guard that
 * falls first. MUSTs:
 *
 * 1. It makes no socket, connects none, opens nothing and executes nothing: its filter has none of these calls. What it
 *    reaches, the dialer has connected, and the monitor has granted.
 * 2. Nothing goes to a destination before the monitor has allowed it to that run, and of TLS and HTTP nothing before the
 *    client has named it (tunnel.c, inspect.c).
 * 3. Nothing here waits for a run, a server, or the monitor; and whatever one of them sends, or does not read, has its
 *    bound.
 * 4. When the monitor or the dialer goes, it goes, and with it every connection.
 *
 * Files: relay_run.c, one run; relay_accept.c, its listeners; tunnel.c and tunnel_pump.c, its connections; relay_dial.c, who
 * is dialed when; relay_say.c, what the monitor is told.
 *
 * Tests: tests/system/relay, tests/kernel/test_relay_jail.c.
 * calls: recvfrom; at start: prlimit64 */
#include "relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/selfjail.h>

#include "relay_calls.h" /* made by cmake/CollectCalls.cmake */
#include "relay_parts.h"

#define MESSAGES   16 /* of the monitor, before others have their turn */
#define DATA_BYTES (1ull << 30)

void
relay_stop(struct relay *r, const struct cordon_error *why)
{
	if (r->ended)
		return;
	r->ended = 1;
	if (why != NULL) {
		r->failed = 1;
		r->why = *why;
	}
	cordon_loop_stop(r->loop);
}

static int
serve(struct relay *r, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_serve serve;
	int result;

	if (cordon_guard_decode_serve(m->body, m->size, &serve, err) < 0)
		return -1;
	result = run_begin(r, &serve, m->fds, m->fd_count, err);
	cordon_guard_serve_finish(&serve);
	return result;
}

static struct run *
find(struct relay *r, uint64_t id, struct cordon_error *err)
{
	struct run *run = run_find(r, id);

	if (run == NULL)
		cordon_fail(err, CORDON_EPEER, 0, "the monitor speaks of a run that is not there");
	return run;
}

/* What was said of a run that is there. */
static int
hear_verdict(struct relay *r, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_allow allow;
	struct cordon_guard_refuse refuse;
	struct run *run;
	uint64_t id;

	switch (m->number) {
	case CORDON_GUARD_ALLOW:
		if (cordon_guard_decode_allow(m->body, m->size, &allow, err) < 0)
			return -1;
		run = find(r, allow.run, err);
		return run == NULL ? -1 : run_allow(run, &allow, err);
	case CORDON_GUARD_REFUSE:
		if (cordon_guard_decode_refuse(m->body, m->size, &refuse, err) < 0)
			return -1;
		run = find(r, refuse.run, err);
		return run == NULL ? -1 : run_refuse(run, &refuse, err);
	case CORDON_GUARD_END:
		if (cordon_guard_decode_run(m->body, m->size, &id, err) < 0)
			return -1;
		run = find(r, id, err);
		if (run != NULL)
			run_end(run);
		return run == NULL ? -1 : 0;
	default:
		return cordon_fail(err, CORDON_EPEER, 0, "the monitor may not say that");
	}
}

/* Takes a message, if there is one. Returns 1, or 0. */
static int
take(struct relay *r)
{
	struct cordon_message m = { 0 };
	struct cordon_error err;
	const int got = cordon_link_receive(RELAY_MONITOR, &m, &err);
	int result;

	if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
		return 0;
	if (got <= 0) {
		relay_stop(r, got < 0 ? &err : NULL);
		return 0;
	}
	if (m.number == CORDON_GUARD_SERVE)
		result = serve(r, &m, &err);
	else if (m.fd_count == 0)
		result = hear_verdict(r, &m, &err);
	else
		result = cordon_fail(&err, CORDON_EPEER, 0, "a message brings descriptors");
	cordon_message_finish(&m);
	if (result < 0)
		relay_stop(r, &err);
	return result == 0;
}

static void
monitor(void *context, unsigned events)
{
	struct relay *r = context;
	int more = 1;

	(void)events;
	for (unsigned i = 0; i < MESSAGES && more && !r->ended; i++)
		more = take(r);
	say_all(r);
}

/* Both links end when the monitor does, in any order: then that is all there is to say. */
static void
dialer_lost(void *context, const struct cordon_error *why)
{
	struct relay *r = context;
	uint8_t byte;

	relay_stop(r, recv(RELAY_MONITOR, &byte, sizeof(byte), MSG_PEEK) == 0 ? NULL : why);
}

static uint64_t
raise_files(void)
{
	struct rlimit limit;

	cordon_fd_raise_limit();
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 64;
}

static int
say_ready(struct cordon_error *err)
{
	return cordon_link_send(RELAY_MONITOR, CORDON_GUARD_READY, NULL, 0, NULL, 0, err);
}

static int
open_all(struct relay *r, struct cordon_error *err)
{
	struct cordon_selfjail jail = { .calls = relay_calls,
		.call_count = sizeof(relay_calls) / sizeof(relay_calls[0]),
		.data_bytes = DATA_BYTES };

	r->files = jail.files = raise_files();
	TAILQ_INIT(&r->runs);
	TAILQ_INIT(&r->speakers);
	TAILQ_INIT(&r->diallers);
	r->loop = cordon_loop_create(err);
	r->scratch = malloc(RELAY_SCRATCH);
	if (r->loop == NULL || r->scratch == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin");
	deadlines_init(&r->heads, r->loop, RELAY_HEAD_MS, tunnel_late);
	deadlines_init(&r->halves, r->loop, RELAY_HALF_MS, tunnel_late);
	deadlines_init(&r->dials, r->loop, RELAY_DIAL_MS, tunnel_late);
	if (cordon_fd_nonblock(RELAY_MONITOR, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use the monitor's link");
	r->dial = dial_create(r->loop, RELAY_DIALER, dialer_lost, r, err);
	if (r->dial == NULL)
		return -1;
	r->monitor = cordon_loop_watch(r->loop, RELAY_MONITOR, CORDON_LOOP_READ, monitor, r, err);
	if (r->monitor == NULL || cordon_selfjail_enter(&jail, err) < 0)
		return -1;
	return say_ready(err);
}

static void
close_all(struct relay *r)
{
	struct run *run;

	r->ended = 1; /* nothing is said any more */
	while (!TAILQ_EMPTY(&r->runs) && (run = TAILQ_FIRST(&r->runs)) != NULL)
		run_free(run);
	deadlines_finish(&r->heads);
	deadlines_finish(&r->halves);
	deadlines_finish(&r->dials);
	pipes_finish(&r->pipes);
	cordon_timer_remove(r->traffic);
	cordon_timer_remove(r->dial_again);
	cordon_watch_remove(r->monitor);
	dial_destroy(r->dial);
	cordon_loop_destroy(r->loop);
	free(r->scratch);
	free(r);
}

int
relay_run(struct cordon_error *err)
{
	struct relay *r = cordon_array(1, sizeof(*r));
	int result;

	if (r == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin");
	TAILQ_INIT(&r->runs);
	result = open_all(r, err);
	if (result == 0)
		result = cordon_loop_run(r->loop, err);
	if (result == 0 && r->failed) {
		*err = r->why;
		result = -1;
	}
	close_all(r);
	return result;
}
