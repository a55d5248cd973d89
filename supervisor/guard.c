/* The processes of the guard: how they are started and linked, what they say, and how they are lost together. */
#include "guard_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/keeper_proto.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#define TURN 64

const char *const guard_roles[GUARD_PARTS] = {
	[GUARD_DIALER] = "dial", [GUARD_RELAY] = "relay", [GUARD_RESOLVER] = "resolve"
};

/* the end */

static void
stop_part(struct guard_part *p)
{
	siginfo_t info;

	cordon_watch_remove(p->watch);
	p->watch = NULL;
	outbox_finish(&p->outbox);
	cordon_fd_close_p(&p->link);
	if (p->process < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, p->process, SIGKILL, NULL, 0);
	while (waitid(P_PIDFD, (id_t)p->process, &info, WEXITED) < 0 && errno == EINTR)
		;
	cordon_fd_close_p(&p->process);
}

void
guard_end_parts(struct guard *g)
{
	struct cordon_error ignored = { 0 };

	/* Who does not end by the end of its link is killed; askers first, who would say that the dialer has gone. */
	for (unsigned i = GUARD_PARTS; i-- > 0;)
		stop_part(&g->parts[i]);
	if (g->keeper >= 0)
		(void)!cordon_link_send(g->keeper, CORDON_KEEPER_STOP, NULL, 0, NULL, 0, &ignored);
	cordon_timer_remove(g->funeral);
	g->funeral = NULL;
	g->alive = 0;
}

static void
on_funeral(void *context)
{
	struct guard *g = context;
	const struct cordon_error why = g->broken;

	guard_end_parts(g);
	guard_run_lose_all(g);
	g->owner.lost(g->owner.context, &why);
}

void
guard_break(struct guard *g, const struct cordon_error *why)
{
	struct cordon_error err;

	if (g->broken.code != CORDON_OK || !g->alive)
		return;
	g->broken = *why;
	(void)cordon_while(&g->broken, "the network guard has ended, and runs reach nothing");
	for (unsigned i = 0; i < GUARD_PARTS; i++)
		if (g->parts[i].watch != NULL)
			cordon_watch_set(g->parts[i].watch, 0);
	g->funeral = cordon_loop_timer(g->loop, 0, 0, on_funeral, g, &err);
	if (g->funeral == NULL) /* at least the sockets of runs are closed at once */
		guard_end_parts(g);
}

/* words */

static void
settle_events(struct guard_part *p)
{
	if (p->watch != NULL)
		cordon_watch_set(p->watch,
			CORDON_LOOP_READ | (outbox_is_empty(&p->outbox) ? 0u : CORDON_LOOP_WRITE));
}

void
guard_tell(struct guard *g, enum guard_part_name part, uint16_t number, struct cordon_writer *w,
	int *fds, unsigned fd_count)
{
	struct guard_part *p = &g->parts[part];
	struct cordon_error err = { 0 };

	if (g->broken.code != CORDON_OK || !g->alive) {
		cordon_writer_finish(w);
		for (unsigned i = 0; i < fd_count; i++)
			cordon_fd_close_p(&fds[i]);
		return;
	}
	if (outbox_send(&p->outbox, number, w, fds, fd_count, &err) < 0)
		guard_break(g, &err);
	else
		settle_events(p);
}

static void
tell_servers(struct guard *g)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 1024);
	cordon_guard_encode_servers(&g->servers, &w);
	guard_tell(g, GUARD_RESOLVER, CORDON_GUARD_SERVERS_ARE, &w, NULL, 0);
	guard_lookups_go_on(g);
}

/* A name server that the dialer does not take is none. */
static void
hear_server(struct guard *g, uint64_t id, int fine)
{
	if (!fine)
		for (unsigned i = 0; i < g->servers.count; i++)
			if (g->servers.all[i].udp_grant == id || g->servers.all[i].tcp_grant == id)
				g->servers.all[i--] = g->servers.all[--g->servers.count];
	if (--g->server_answers == 0)
		tell_servers(g);
}

static int
hear_dialer(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_dial_word word;
	const int fine = m->number == CORDON_DIAL_GRANTED;

	if (cordon_dial_decode_word(m->number, m->body, m->size, &word, err) < 0)
		return -1;
	if (m->number == CORDON_DIAL_WITHDRAWN)
		return 0;
	if (!fine && m->number != CORDON_DIAL_UNGRANTED)
		return cordon_fail(err, CORDON_EPEER, 0, "the dialer may not say that");
	if (word.id >= GUARD_FIRST_ID)
		guard_run_granted(g, &word, fine);
	else if (g->server_answers > 0)
		hear_server(g, word.id, fine);
	return 0;
}

static int
hear_resolver(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_found found;

	if (m->number != CORDON_GUARD_FOUND)
		return cordon_fail(err, CORDON_EPEER, 0, "the resolver may not say that");
	if (cordon_guard_decode_found(m->body, m->size, &found, err) < 0)
		return -1;
	return guard_run_found(g, &found, err);
}

static int
hear(struct guard_part *p, const struct cordon_message *m, struct cordon_error *err)
{
	struct guard *g = p->guard;

	if (m->fd_count != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "it sent descriptors");
	if (!p->ready) {
		/* READY has the same number in both protocols. */
		p->ready = m->number == CORDON_GUARD_READY && m->size == 0;
		return p->ready ? 0 : cordon_fail(err, CORDON_EPEER, 0, "it did not say READY");
	}
	if (p == &g->parts[GUARD_DIALER])
		return hear_dialer(g, m, err);
	return p == &g->parts[GUARD_RELAY] ? guard_run_hear(g, m, err) : hear_resolver(g, m, err);
}
_Static_assert((int)CORDON_GUARD_READY == (int)CORDON_DIAL_READY, "see hear");

/* Returns 1, or 0 when there is nothing more to hear now. */
static int
take(struct guard_part *p)
{
	struct cordon_message m = { 0 };
	struct cordon_error err = { 0 };
	const int got = cordon_link_receive(p->link, &m, &err);
	int result = got;

	if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
		return 0;
	if (got > 0)
		result = hear(p, &m, &err);
	else if (got == 0)
		result = cordon_fail(&err, CORDON_EPEER, 0, "it closed its link");
	cordon_message_finish(&m);
	if (result >= 0)
		return 1;
	(void)cordon_while(&err, "cordon-netguard %s", guard_roles[p - p->guard->parts]);
	guard_break(p->guard, &err);
	return 0;
}

void
guard_on_part(void *context, unsigned events)
{
	struct guard_part *p = context;
	struct cordon_error err = { 0 };

	if ((events & CORDON_LOOP_WRITE) != 0 && outbox_flush(&p->outbox, &err) < 0) {
		guard_break(p->guard, &err);
		return;
	}
	for (int i = 0; i < TURN && p->guard->broken.code == CORDON_OK && take(p); i++)
		;
	if (p->guard->broken.code == CORDON_OK)
		settle_events(p);
}

void
guard_stop(struct guard *g)
{
	guard_end_parts(g);
	guard_run_lose_all(g);
}

struct guard *
guard_create(struct cordon_loop *loop, const struct config *config, const struct guard_owner *owner,
	struct cordon_error *err)
{
	struct guard *g = cordon_array(1, sizeof(*g));

	if (g == NULL) {
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare the network guard");
		return NULL;
	}
	g->loop = loop;
	g->config = config;
	g->owner = *owner;
	g->keeper = g->keeper_process = -1;
	/* Never anew: runs of a guard that was lost still have numbers of that. */
	g->next_id = GUARD_FIRST_ID;
	for (unsigned i = 0; i < GUARD_PARTS; i++)
		g->parts[i] = (struct guard_part){ .guard = g, .link = -1, .process = -1 };
	return g;
}

void
guard_destroy(struct guard *g)
{
	if (g == NULL)
		return;
	guard_end_parts(g);
	cordon_fd_close_p(&g->keeper); /* which ends it */
	cordon_fd_close_p(&g->keeper_process);
	while (g->runs != NULL)
		guard_close(g->runs);
	for (size_t i = 0; i < g->policy_count; i++)
		network_policy_destroy(g->policies[i].policy);
	free(g->policies);
	free(g);
}
