/* The Unix socket of cordon serve --listen. A caller is known by what the kernel says of the other end
 * before one byte is written; another user's connection is closed without a word (T-RECON-001). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/text.h>

#include "cmd.h"
#include "serve_ledger.h"
#include "serve_main.h"
#include "socket_place.h"

#define CALLERS_MAX 256
#define HOLD_MS     1000 /* that a connection of somebody slow waits */

int
listen_check_inherited(struct cordon_error *err)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	int found = -1;

	if (fds == NULL)
		return cordon_fail(
			err, CORDON_ESYS, errno, "could not look at our own descriptors");
	while (found < 0 && (entry = readdir(fds)) != NULL) {
		struct cordon_error ignored;
		uint32_t fd = 0;
		int listens = 0, domain = 0;
		socklen_t size = sizeof(int);

		if (cordon_parse_u32(entry->d_name, 0, INT32_MAX, &fd, &ignored) < 0)
			continue;
		if (getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
			getsockopt((int)fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
			listens && domain != AF_UNIX)
			found = (int)fd;
	}
	(void)closedir(fds);
	if (found < 0)
		return 0;
	cordon_fail(err, CORDON_EFLOOR, 0,
		"descriptor %d, which was handed to cordon, listens on a network address; start "
		"cordon serve without it",
		found);
	return cordon_because(err, "floor.listener");
}

/* Nobody else may put another socket at its place. */
static int
check_directory(const char *path, struct cordon_error *err)
{
	char directory[PATH_MAX];
	struct stat st;
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		snprintf(directory, sizeof(directory), ".");
	else
		slash[slash == directory] = '\0';
	if (stat(directory, &st) < 0)
		return cordon_fail(err, CORDON_EINPUT, errno,
			"--listen: could not look at the directory '%s'", directory);
	if ((st.st_uid != geteuid() && st.st_uid != 0) ||
		((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0)) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"--listen: others can write to the directory '%s', and could take the "
			"socket's place; use one of your own",
			directory);
		return cordon_because(err, "floor.listener");
	}
	return 0;
}

/* A socket that a dead monitor left is taken away; one that is answered, or anything else, stays. */
static int
clear_place(const struct sockaddr_un *address, struct cordon_error *err)
{
	CORDON_CLOSE int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return cordon_fail(err, CORDON_EINPUT, 0,
			"--listen: '%s' exists and is not a socket of ours", address->sun_path);
	if (probe < 0 || connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno != ECONNREFUSED)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"--listen: '%s' is in use by another process", address->sun_path);
	if (unlink(address->sun_path) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "--listen: could not replace '%s'",
			address->sun_path);
	return 0;
}

#define REST_MS 100

static void
on_rested(void *context)
{
	struct serve *s = context;

	cordon_timer_remove(s->rest);
	s->rest = NULL;
	if (s->listener_watch != NULL)
		cordon_watch_set(s->listener_watch, CORDON_LOOP_READ);
	if (s->control_watch != NULL)
		cordon_watch_set(s->control_watch, CORDON_LOOP_READ);
}

int
serve_accept(struct serve *s, int listener, int flags)
{
	const int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | flags);
	struct cordon_error ignored;

	if (peer >= 0 || s->rest != NULL ||
		(errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS))
		return peer;
	s->rest = cordon_loop_timer(s->loop, REST_MS, 0, on_rested, s, &ignored);
	if (s->rest == NULL)
		return -1;
	if (s->listener_watch != NULL)
		cordon_watch_set(s->listener_watch, 0);
	if (s->control_watch != NULL)
		cordon_watch_set(s->control_watch, 0);
	return -1;
}

static unsigned
count_callers(const struct serve *s)
{
	unsigned count = 0;

	for (const struct caller *c = s->callers; c != NULL; c = c->next)
		count++;
	return count;
}

static void
fail(struct serve *s, uid_t uid)
{
	if (!peers_failed(&s->peers, uid, cordon_now_ms()))
		return;
	serve_ledger_peer(s, uid, "limit.connections");
	fprintf(stderr,
		"cordon: limit.connections: too many connections of user %u come to nothing; the "
		"next ones are looked at late\n",
		uid);
}

/* peer stays who called's. */
static void
admit(struct serve *s, int peer, uid_t uid)
{
	struct cordon_error err = { 0 };

	if (uid != geteuid()) {
		s->strangers++;
		serve_ledger_peer(s, uid, "caller.unknown");
		/* The first, and then each time that there are twice as many. */
		if ((s->strangers & (s->strangers - 1)) == 0)
			fprintf(stderr,
				"cordon: caller.unknown: user %u was turned away, %llu times "
				"so far\n",
				uid, (unsigned long long)s->strangers);
		fail(s, uid);
	} else if (s->ending) {
		return;
	} else if (count_callers(s) >= CALLERS_MAX) {
		fail(s, uid);
	} else if (caller_create(s, uid, peer, peer, &err) < 0) {
		cmd_say(&err);
		fail(s, uid);
	}
}

static void
let_go(struct held *h)
{
	cordon_timer_remove(h->timer);
	h->timer = NULL;
	cordon_fd_close_p(&h->fd);
}

static void
on_held_long_enough(void *context)
{
	struct held *h = context;

	admit(h->serve, h->fd, h->uid);
	let_go(h);
}

/* Who is slow waits; where too many do, is turned away. peer is taken. */
static void
hold(struct serve *s, int *peer, uid_t uid)
{
	struct cordon_error ignored;

	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held *h = &s->held[i];

		if (h->timer != NULL)
			continue;
		h->timer = cordon_loop_timer(s->loop, HOLD_MS, 0, on_held_long_enough, h, &ignored);
		if (h->timer == NULL)
			break;
		h->serve = s;
		h->uid = uid;
		h->fd = cordon_fd_take(peer);
		return;
	}
	fail(s, uid);
	cordon_fd_close_p(peer);
}

static void
on_connection(void *context, unsigned events)
{
	struct serve *s = context;
	CORDON_CLOSE int peer = serve_accept(s, s->listener, 0);
	struct ucred who;
	socklen_t size = sizeof(who);

	(void)events;
	if (peer < 0 || getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return;
	if (peers_is_slow(&s->peers, who.uid, cordon_now_ms()))
		hold(s, &peer, who.uid);
	else
		admit(s, peer, who.uid);
}

int
listen_begin(struct serve *s, const char *path, struct cordon_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path) || path[0] == '\0')
		return cordon_fail(err, CORDON_EINPUT, 0,
			"--listen: the path must have 1 to %zu bytes",
			sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (check_directory(path, err) < 0 || clear_place(&address, err) < 0)
		return -1;
	s->listener = socket_place(path, SOCK_STREAM, 64, err);
	if (s->listener < 0)
		return cordon_while(err, "--listen");
	s->socket_path = path;
	s->listener_watch =
		cordon_loop_watch(s->loop, s->listener, CORDON_LOOP_READ, on_connection, s, err);
	return s->listener_watch == NULL ? -1 : 0;
}

void
listen_finish(struct serve *s)
{
	cordon_watch_remove(s->listener_watch);
	s->listener_watch = NULL;
	cordon_timer_remove(s->rest);
	s->rest = NULL;
	for (size_t i = 0; i < HELD_MAX; i++)
		if (s->held[i].timer != NULL)
			let_go(&s->held[i]);
	cordon_fd_close_p(&s->listener);
	if (s->socket_path != NULL)
		(void)unlink(s->socket_path);
	s->socket_path = NULL;
}
