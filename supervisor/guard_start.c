/* How the guard's processes are started: by the monitor of one run, or by a keeper. */
#include "guard_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/keeper_proto.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/resolv_conf.h>
#include <cordon/spawn.h>

#include "programs.h"

#define OUTBOX_BYTES        (32u << 20)
#define RESOLVER_TIMEOUT_MS 2000
#define KEEPER_PATIENCE_MS  5000

/* Not the caller's streams, which others wait for the end of, and it outlives us (A10). links: what it gets besides. */
static int
spawn(const char *program, const char *name, const char *role, const int *links, unsigned count,
	int *ret_process, struct cordon_error *err)
{
	CORDON_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[5] = { null, null, CORDON_SANITIZED ? 2 : null };

	if (null < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not open /dev/null");
	for (unsigned i = 0; i < count; i++)
		fds[3 + i] = links[i];
	return cordon_spawn_role(program, name, role, fds, 3 + count, ret_process, err) < 0 ? -1
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
		if (spawn(program, "cordon-netguard", guard_roles[i], &fds[links[i].first],
			    links[i].count, &g->parts[i].process, err) < 0)
			return -1;
	return 0;
}

/* Of the keeper. *ret_process: NULL, or the pidfd that comes with the answer. */
static int
hear_keeper(struct guard *g, int *ret_process, struct cordon_error *err)
{
	struct pollfd p = { .fd = g->keeper, .events = POLLIN };
	struct cordon_message m = { 0 };
	int result;

	if (poll(&p, 1, KEEPER_PATIENCE_MS) <= 0 || cordon_link_receive(g->keeper, &m, err) <= 0)
		return cordon_fail(err, CORDON_EPEER, 0, "the guard's keeper does not answer");
	result = m.number == CORDON_KEEPER_STARTED && m.fd_count == (ret_process != NULL)
			 ? 0
			 : cordon_fail(err, CORDON_EPEER, 0, "the guard's keeper could not do it");
	if (result == 0 && ret_process != NULL)
		*ret_process = cordon_fd_take(&m.fds[0]);
	cordon_message_finish(&m);
	return result;
}

static int
have_all_started(struct guard *g, const int fds[CORDON_KEEPER_FDS], struct cordon_error *err)
{
	if (cordon_link_send(g->keeper, CORDON_KEEPER_START, NULL, 0, fds, CORDON_KEEPER_FDS, err) <
		0)
		return -1;
	return hear_keeper(g, NULL, err);
}

static int
watch_part(struct guard_part *p, struct cordon_error *err)
{
	if (cordon_fd_nonblock(p->link, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a link");
	outbox_init(&p->outbox, p->link, OUTBOX_BYTES);
	p->watch =
		cordon_loop_watch(p->guard->loop, p->link, CORDON_LOOP_READ, guard_on_part, p, err);
	return p->watch == NULL ? -1 : 0;
}

void
guard_tell_asker(struct guard *g, uint32_t asker, int fd)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(
		CORDON_DIAL_ASKER, &(const struct cordon_dial_word){ .id = asker }, &w);
	guard_tell(g, GUARD_DIALER, CORDON_DIAL_ASKER, &w, &fd, 1);
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
	if (result == 0) {
		g->alive = 1;
		guard_tell_asker(g, ASKER_RELAY, cordon_fd_take(&askers[0]));
		guard_tell_asker(g, ASKER_RESOLVER, cordon_fd_take(&askers[1]));
	}
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
	return spawn(program, "cordon-netguard", "keep", &theirs, 1, &g->keeper_process, err);
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
	g->orphans = g->asked = 0;
	g->next_asker = ASKER_FIRST;
	for (unsigned i = 0; i < GUARD_PARTS; i++)
		g->parts[i] = (struct guard_part){ .guard = g, .link = -1, .process = -1 };
	if (start_all(g, err) < 0) {
		guard_end_parts(g);
		if (err->code == CORDON_ENOTFOUND) /* which is not that there is no such command */
			err->code = CORDON_EFLOOR;
		(void)cordon_while(err, "could not start the network guard");
		return cordon_because(err, "floor.network");
	}
	grant_servers(g);
	return 0;
}

int
guard_start_fetch(
	struct guard *g, int monitor, int dialer, int *ret_process, struct cordon_error *err)
{
	const int links[CORDON_KEEPER_FETCH_FDS] = { monitor, dialer };
	char program[PATH_MAX];

	if (g->keeper >= 0)
		return cordon_link_send(g->keeper, CORDON_KEEPER_START_FETCH, NULL, 0, links,
			       CORDON_KEEPER_FETCH_FDS, err) < 0
			       ? -1
			       : hear_keeper(g, ret_process, err);
	return programs_find("cordon-fetch", program, err) < 0
		       ? -1
		       : spawn(program, "cordon-fetch", NULL, links, CORDON_KEEPER_FETCH_FDS,
				 ret_process, err);
}
