/* The resolver's process: the monitor's questions by <cordon/guard_proto.h>, answered by resolver.c. It reads what name
 * servers, and whoever speaks in their place, send. MUSTs:
 *
 * 1. It makes no socket: what it asks by comes from the dialer, and leads to the name servers that the monitor has
 *    granted.
 * 2. Each LOOK_UP has one FOUND, whatever becomes of it; beyond CORDON_GUARD_LOOKUPS that is a refusal.
 * 3. What is kept for a monitor that does not read is bounded: it is not listened to until it has taken what it is owed.
 * 4. What it says is judged again by the monitor: addresses that it made up are no more than what the dialer would judge
 *    public, and a name's.
 *
 * It ends with its link to the monitor, or to the dialer, without whom no name is ever resolved.
 *
 * Tests: tests/system/resolver, tests/kernel/test_resolve_jail.c.
 * calls: none */
#include "resolve_role.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/guard_proto.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/selfjail.h>
#include <cordon/wire.h>

#include "resolve.h"
#include "resolve_calls.h" /* made by cmake/CollectCalls.cmake */

#define TRY_MS     2000 /* of one try at one server */
#define ROUNDS     2
#define MESSAGES   16 /* before others have their turn */
#define DATA_BYTES (32ull << 20)
/* The standard streams, two links, the loop's four, and for each lane what its channels hold. */
#define FILES (16ull + 4 * RESOLVER_LANES)

struct question {
	struct question *next;
	struct role *role;
	struct lookup *lookup; /* NULL: .found says what was found */
	struct cordon_guard_found found;
};

struct role {
	struct cordon_loop *loop;
	struct dial *dial;
	struct resolver *resolver;
	struct cordon_watch *watch;
	struct question *asked; /* in no order */
	struct question *owed, **last_owed; /* the monitor has not taken these */
	unsigned count; /* of both */
	struct cordon_error *err;
	int result; /* when the loop has stopped */
	int dialer_lost;
};

static void
end(struct role *r, int result)
{
	r->result = result;
	cordon_loop_stop(r->loop);
}

/* Returns 1 when it was sent, 0 when the monitor has to read first, or -1. */
static int
say(uint16_t message, const struct cordon_guard_found *found, struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, 1024);
	if (found != NULL)
		cordon_guard_encode_found(found, &w);
	result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_link_send(
			RESOLVE_ROLE_MONITOR, message, w.data, w.size, NULL, 0, err);
	cordon_writer_finish(&w);
	if (result < 0)
		return err->code == CORDON_ESYS && err->sys == EAGAIN ? 0 : -1;
	return 1;
}

static void
flush(struct role *r)
{
	struct question *q = r->owed;
	int sent = 1;

	while (q != NULL && (sent = say(CORDON_GUARD_FOUND, &q->found, r->err)) > 0) {
		r->owed = q->next;
		r->count--;
		free(q);
		q = r->owed;
	}
	if (r->owed == NULL)
		r->last_owed = &r->owed;
	if (sent < 0)
		end(r, r->err->code == CORDON_EPEER ? 0 : -1); /* it has gone: the ordinary end */
	else
		cordon_watch_set(r->watch, sent == 0 ? CORDON_LOOP_WRITE : CORDON_LOOP_READ);
}

/* q is on no list. */
static void
owe(struct role *r, struct question *q)
{
	q->next = NULL;
	*r->last_owed = q;
	r->last_owed = &q->next;
	flush(r);
}

static void
tell_refusal(const struct cordon_error *why, struct cordon_guard_found *ret)
{
	(void)snprintf(ret->reason, sizeof(ret->reason), "%.*s", (int)sizeof(ret->reason) - 1,
		why->reason[0] != '\0' ? why->reason : "limit.memory");
	(void)snprintf(ret->text, sizeof(ret->text), "%.*s", (int)sizeof(ret->text) - 1, why->text);
}

static void
found(void *context, const struct resolved *resolved)
{
	struct question *q = context;
	struct role *r = q->role;
	struct question **at = &r->asked;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->lookup = NULL;
	if (resolved->error.code != CORDON_OK) {
		tell_refusal(&resolved->error, &q->found);
	} else {
		memcpy(q->found.addresses, resolved->addresses, sizeof(q->found.addresses));
		q->found.count = resolved->count;
		q->found.ttl_s = resolved->ttl_s;
	}
	owe(r, q);
}

static int
look_up(struct role *r, const struct cordon_guard_look_up *look_up, struct cordon_error *err)
{
	struct cordon_error why;
	struct question *q;

	for (q = r->asked; q != NULL; q = q->next)
		if (q->found.id == look_up->id)
			return cordon_fail(
				err, CORDON_EPEER, 0, "a name is looked up twice in one");
	q = cordon_array(1, sizeof(*q));
	if (q == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look a name up");
	q->role = r;
	q->found.id = look_up->id;
	if (r->count++ < CORDON_GUARD_LOOKUPS) {
		q->lookup = resolver_begin(r->resolver, &look_up->name, found, q, &why);
	} else {
		(void)cordon_fail(&why, CORDON_ELIMIT, 0, "too many names are being looked up");
		(void)cordon_because(&why, "limit.lookups");
	}
	if (q->lookup != NULL) {
		q->next = r->asked;
		r->asked = q;
		return 0;
	}
	tell_refusal(&why, &q->found);
	owe(r, q);
	return 0;
}

static int
use_servers(struct role *r, const struct cordon_guard_servers *servers, struct cordon_error *err)
{
	struct resolver_server all[RESOLVER_SERVERS];

	_Static_assert(RESOLVER_SERVERS == CORDON_GUARD_SERVERS, "room for all of a message");
	_Static_assert(RESOLVER_LANES == CORDON_GUARD_LANES, "as the monitor believes");
	for (unsigned i = 0; i < servers->count; i++)
		all[i] = (struct resolver_server){ .address = servers->all[i].address,
			.port = servers->all[i].port,
			.udp_grant = servers->all[i].udp_grant,
			.tcp_grant = servers->all[i].tcp_grant,
			.at = servers->all[i].at };
	return resolver_set_servers(r->resolver, all, servers->count, err);
}

static int
obey(struct role *r, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_servers servers;
	struct cordon_guard_look_up question;

	if (m->fd_count == 0 && m->number == CORDON_GUARD_SERVERS_ARE)
		return cordon_guard_decode_servers(m->body, m->size, &servers, err) < 0
			       ? -1
			       : use_servers(r, &servers, err);
	if (m->fd_count == 0 && m->number == CORDON_GUARD_LOOK_UP)
		return cordon_guard_decode_look_up(m->body, m->size, &question, err) < 0
			       ? -1
			       : look_up(r, &question, err);
	return cordon_fail(err, CORDON_EPEER, 0, "the monitor may not say that");
}

static void
heard(void *context, unsigned events)
{
	struct role *r = context;
	int more = 1;

	(void)events;
	if (r->owed != NULL)
		flush(r);
	for (unsigned i = 0; i < MESSAGES && more > 0 && r->owed == NULL; i++) {
		struct cordon_message m = { 0 };

		more = cordon_link_receive(RESOLVE_ROLE_MONITOR, &m, r->err);
		if (more < 0 && r->err->code == CORDON_ESYS && r->err->sys == EAGAIN)
			return;
		if (more > 0 && obey(r, &m, r->err) < 0)
			more = -1;
		cordon_message_finish(&m);
	}
	if (more <= 0)
		end(r, more);
}

static void
lost(void *context, const struct cordon_error *why)
{
	struct role *r = context;

	r->dialer_lost = 1;
	*r->err = *why;
	end(r, -1);
}

/* When the monitor goes, the dialer does, too, and may be heard of first. */
static int
monitor_has_gone(void)
{
	struct cordon_error ignored;
	int got;

	do {
		struct cordon_message m = { 0 };

		got = cordon_link_receive(RESOLVE_ROLE_MONITOR, &m, &ignored);
		cordon_message_finish(&m);
	} while (got > 0);
	return got == 0;
}

static int
open_all(struct role *r, struct cordon_error *err)
{
	const struct resolver_options options = { .timeout_ms = TRY_MS, .rounds = ROUNDS };
	const struct cordon_selfjail jail = { .calls = resolve_calls,
		.call_count = sizeof(resolve_calls) / sizeof(resolve_calls[0]),
		.data_bytes = DATA_BYTES,
		.files = FILES };

	if (cordon_fd_nonblock(RESOLVE_ROLE_MONITOR, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use the monitor's link");
	r->loop = cordon_loop_create(err);
	r->dial = r->loop == NULL ? NULL : dial_create(r->loop, RESOLVE_ROLE_DIALER, lost, r, err);
	r->resolver = r->dial == NULL ? NULL : resolver_create(r->loop, r->dial, &options, err);
	r->watch = r->resolver == NULL ? NULL
				       : cordon_loop_watch(r->loop, RESOLVE_ROLE_MONITOR,
						 CORDON_LOOP_READ, heard, r, err);
	if (r->watch == NULL || cordon_selfjail_enter(&jail, err) < 0)
		return -1;
	return say(CORDON_GUARD_READY, NULL, err) < 0 && err->code != CORDON_EPEER ? -1 : 0;
}

static void
free_all(struct question *first)
{
	while (first != NULL) {
		struct question *next = first->next;

		free(first);
		first = next;
	}
}

int
resolve_role_run(struct cordon_error *err)
{
	struct role r = { .err = err };
	int result;

	r.last_owed = &r.owed;
	result = open_all(&r, err);
	if (result == 0)
		result = cordon_loop_run(r.loop, err);
	if (result == 0)
		result = r.result;
	if (r.dialer_lost && monitor_has_gone())
		result = 0;
	resolver_destroy(r.resolver);
	free_all(r.asked);
	free_all(r.owed);
	cordon_watch_remove(r.watch);
	dial_destroy(r.dial);
	cordon_loop_destroy(r.loop);
	return result;
}
