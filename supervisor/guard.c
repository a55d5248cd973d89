/* The processes of the guard: how they are started and linked, what they say, and how they are lost together. */
#include "guard_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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
#include <cordon/resolv_conf.h>
#include <cordon/spawn.h>

#include "programs.h"

#define OUTBOX_BYTES (32u << 20)
#define TURN         64
/* Ids below are those of name servers' grants, two each. */
#define FIRST_ID            (1 + 2 * CORDON_GUARD_SERVERS)
#define RESOLVER_TIMEOUT_MS 2000
#define KEEPER_PATIENCE_MS  5000

static const char *const roles[GUARD_PARTS] = {
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

static void
stop(struct guard *g)
{
	struct cordon_error ignored = { 0 };

	/* Who does not end by the end of its link is killed. */
	for (unsigned i = 0; i < GUARD_PARTS; i++)
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

	stop(g);
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
		stop(g);
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
	guard_judge_servers(g);
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
	if (word.id >= FIRST_ID)
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
	(void)cordon_while(&err, "cordon-netguard %s", roles[p - p->guard->parts]);
	guard_break(p->guard, &err);
	return 0;
}

static void
on_part(void *context, unsigned events)
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

/* the beginning */

/* Not the caller's streams, which others wait for the end of, and it outlives us (A10). links: what it gets besides. */
static int
spawn(const char *program, const char *role, const int *links, unsigned count, int *ret_process,
	struct cordon_error *err)
{
	CORDON_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[5] = { null, null, CORDON_SANITIZED ? 2 : null };

	if (null < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not open /dev/null");
	for (unsigned i = 0; i < count; i++)
		fds[3 + i] = links[i];
	return cordon_spawn_role(
		       program, "cordon-netguard", role, fds, 3 + count, ret_process, err) < 0
		       ? -1
		       : 0;
}

static int
spawn_all(struct guard *g, const int fds[CORDON_KEEPER_FDS], struct cordon_error *err)
{
	static const struct {
		enum cordon_keeper_fd first;
		unsigned count;
	} links[GUARD_PARTS] = { [GUARD_DIALER] = { CORDON_KEEPER_DIALER_MONITOR, 1 },
		[GUARD_RELAY] = { CORDON_KEEPER_RELAY_MONITOR, 2 },
		[GUARD_RESOLVER] = { CORDON_KEEPER_RESOLVER_MONITOR, 2 } };
	char program[PATH_MAX];

	if (programs_find("cordon-netguard", program, err) < 0)
		return -1;
	for (unsigned i = 0; i < GUARD_PARTS; i++)
		if (spawn(program, roles[i], &fds[links[i].first], links[i].count,
			    &g->parts[i].process, err) < 0)
			return -1;
	return 0;
}

static int
have_all_started(struct guard *g, const int fds[CORDON_KEEPER_FDS], struct cordon_error *err)
{
	struct pollfd p = { .fd = g->keeper, .events = POLLIN };
	struct cordon_message m = { 0 };
	int result;

	if (cordon_link_send(g->keeper, CORDON_KEEPER_START, NULL, 0, fds, CORDON_KEEPER_FDS, err) <
		0)
		return -1;
	if (poll(&p, 1, KEEPER_PATIENCE_MS) <= 0 || cordon_link_receive(g->keeper, &m, err) <= 0)
		return cordon_fail(err, CORDON_EPEER, 0, "the guard's keeper does not answer");
	result = m.number == CORDON_KEEPER_STARTED
			 ? 0
			 : cordon_fail(err, CORDON_EPEER, 0, "the guard's keeper could not do it");
	cordon_message_finish(&m);
	return result;
}

static int
watch_part(struct guard_part *p, struct cordon_error *err)
{
	if (cordon_fd_nonblock(p->link, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a link");
	outbox_init(&p->outbox, p->link, OUTBOX_BYTES);
	p->watch = cordon_loop_watch(p->guard->loop, p->link, CORDON_LOOP_READ, on_part, p, err);
	return p->watch == NULL ? -1 : 0;
}

/* The dialer gets its end of the link to an asker. */
static int
tell_asker(struct guard *g, uint64_t asker, int fd, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(
		CORDON_DIAL_ASKER, &(const struct cordon_dial_word){ .id = asker }, &w);
	return outbox_send(&g->parts[GUARD_DIALER].outbox, CORDON_DIAL_ASKER, &w, &fd, 1, err);
}

/* theirs: what the processes get; askers: the dialer's ends. -1: not there yet. */
static int
make_links(struct guard *g, int theirs[CORDON_KEEPER_FDS], int askers[2], struct cordon_error *err)
{
	static const enum cordon_keeper_fd monitors[GUARD_PARTS] = {
		[GUARD_DIALER] = CORDON_KEEPER_DIALER_MONITOR,
		[GUARD_RELAY] = CORDON_KEEPER_RELAY_MONITOR,
		[GUARD_RESOLVER] = CORDON_KEEPER_RESOLVER_MONITOR
	};
	static const enum cordon_keeper_fd dialers[2] = { CORDON_KEEPER_RELAY_DIALER,
		CORDON_KEEPER_RESOLVER_DIALER };
	int ends[2];

	for (unsigned i = 0; i < GUARD_PARTS; i++) {
		if (cordon_link_pair(ends, err) < 0)
			return -1;
		g->parts[i].link = ends[0];
		theirs[monitors[i]] = ends[1];
	}
	for (unsigned i = 0; i < 2; i++) {
		if (cordon_link_pair(ends, err) < 0)
			return -1;
		askers[i] = ends[0];
		theirs[dialers[i]] = ends[1];
	}
	return 0;
}

static int
start_all(struct guard *g, struct cordon_error *err)
{
	int theirs[CORDON_KEEPER_FDS] = { -1, -1, -1, -1, -1 }, askers[2] = { -1, -1 };
	int result = make_links(g, theirs, askers, err);

	if (result == 0)
		result = g->keeper < 0 ? spawn_all(g, theirs, err)
				       : have_all_started(g, theirs, err);
	for (unsigned i = 0; i < CORDON_KEEPER_FDS; i++)
		cordon_fd_close_p(&theirs[i]);
	for (unsigned i = 0; i < GUARD_PARTS && result == 0; i++)
		result = watch_part(&g->parts[i], err);
	if (result == 0)
		result = tell_asker(g, ASKER_RELAY, cordon_fd_take(&askers[0]), err);
	if (result == 0)
		result = tell_asker(g, ASKER_RESOLVER, cordon_fd_take(&askers[1]), err);
	cordon_fd_close_p(&askers[0]);
	cordon_fd_close_p(&askers[1]);
	return result;
}

int
guard_keep(struct guard *g, struct cordon_error *err)
{
	CORDON_CLOSE int theirs = -1;
	char program[PATH_MAX];
	int ends[2];

	if (programs_find("cordon-netguard", program, err) < 0 || cordon_link_pair(ends, err) < 0)
		return -1;
	g->keeper = ends[0];
	theirs = ends[1];
	return spawn(program, "keep", &theirs, 1, &g->keeper_process, err);
}

static void
grant_server(struct guard *g, const struct config_resolver *server)
{
	static const enum cordon_dial_kind kinds[] = { CORDON_DIAL_RESOLVER_UDP,
		CORDON_DIAL_RESOLVER_TCP };
	const uint64_t first = 1 + 2 * (uint64_t)g->servers.count;

	g->servers.all[g->servers.count].address = server->address;
	g->servers.all[g->servers.count].port = server->port;
	g->servers.all[g->servers.count].udp_grant = first;
	g->servers.all[g->servers.count].tcp_grant = first + 1;
	g->servers.count++;
	for (unsigned i = 0; i < 2; i++) {
		struct cordon_writer w;

		cordon_writer_init(&w, 1024);
		cordon_dial_encode_grant(&(const struct cordon_dial_grant){ .id = first + i,
						 .asker = ASKER_RESOLVER,
						 .kind = kinds[i],
						 .port = server->port,
						 .timeout_ms = RESOLVER_TIMEOUT_MS,
						 .addresses = { server->address },
						 .count = 1 },
			&w);
		guard_tell(g, GUARD_DIALER, CORDON_DIAL_GRANT, &w, NULL, 0);
		g->server_answers++;
	}
}

/* Without any, names are refused with net.dns_unreachable. */
static void
grant_servers(struct guard *g)
{
	struct cordon_address found[CORDON_RESOLV_CONF_SERVERS];
	CORDON_CLOSE int fd = -1;
	CORDON_FREE char *text = NULL;
	struct cordon_error ignored = { 0 };
	size_t size = 0;
	unsigned count;

	g->servers.count = 0;
	for (unsigned i = 0; i < g->config->resolver_count; i++)
		grant_server(g, &g->config->resolvers[i]);
	if (g->config->resolver_count > 0)
		return;
	fd = open("/etc/resolv.conf", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || cordon_fd_slurp(fd, CORDON_RESOLV_CONF_MAX, &text, &size, &ignored) < 0)
		return;
	count = cordon_resolv_conf_servers(text, size, found);
	for (unsigned i = 0; i < count; i++)
		grant_server(g, &(const struct config_resolver){ found[i], 53 });
}

int
guard_start(struct guard *g, struct cordon_error *err)
{
	if (g->alive)
		return 0;
	g->broken = (struct cordon_error){ 0 };
	g->server_answers = 0;
	g->next_id = FIRST_ID;
	for (unsigned i = 0; i < GUARD_PARTS; i++)
		g->parts[i] = (struct guard_part){ .guard = g, .link = -1, .process = -1 };
	if (start_all(g, err) < 0) {
		stop(g);
		if (err->code == CORDON_ENOTFOUND) /* which is not that there is no such command */
			err->code = CORDON_EFLOOR;
		(void)cordon_while(err, "could not start the network guard");
		return cordon_because(err, "floor.network");
	}
	g->alive = 1;
	grant_servers(g);
	return 0;
}

void
guard_stop(struct guard *g)
{
	stop(g);
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
	for (unsigned i = 0; i < GUARD_PARTS; i++)
		g->parts[i] = (struct guard_part){ .guard = g, .link = -1, .process = -1 };
	return g;
}

void
guard_destroy(struct guard *g)
{
	if (g == NULL)
		return;
	stop(g);
	cordon_fd_close_p(&g->keeper); /* which ends it */
	cordon_fd_close_p(&g->keeper_process);
	while (g->runs != NULL)
		guard_close(g->runs);
	for (size_t i = 0; i < g->policy_count; i++)
		network_policy_destroy(g->policies[i].policy);
	free(g->policies);
	free(g);
}
