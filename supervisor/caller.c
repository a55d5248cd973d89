/* One caller's link: what its cordon-rpc says is fixed in shape and checked here, message by message; the
 * identity is the link's and never a message's (A09).
 *
 * MUST 1 A message that breaks <cordon/rpc_proto.h> costs the cordon-rpc its link, and its caller the
 *        runs; nobody else notices.
 * MUST 2 Nothing here waits for a cordon-rpc: one that does not read is cut off at its outbox's bound.
 * MUST 3 One that asks for more than can be begun is not listened to for a moment: what it asks waits in
 *        its own link, not in the launcher's, where it would be in everybody's way. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/spawn.h>

#include "cmd.h"
#include "fetches.h"
#include "refusal.h"
#include "serve_ledger.h"
#include "serve_main.h"

#define OUTBOX_BYTES (16u << 20)
#define TURN         64 /* messages of one caller before the others have their turn */
#define TURN_BYTES   (64u << 10) /* and bytes: a long one is work, too */
#define STARTING_MAX \
	16 /* runs of one caller that wait for the launcher: it begins one after another */
#define LAST_WORDS 1024 /* messages of a cordon-rpc that has ended: more than a link holds */

static int
is_there(const struct caller *c)
{
	return c->state == CALLER_STARTING || c->state == CALLER_READY;
}

void
caller_end(struct caller *c)
{
	if (is_there(c))
		c->state = CALLER_BROKEN;
}

static void
cut_off(struct caller *c, const struct cordon_error *err)
{
	struct cordon_error why = *err;

	if (!is_there(c))
		return;
	(void)cordon_while(&why, "a caller was cut off");
	cmd_say(&why);
	caller_end(c);
}

static int
may_ask(const struct caller *c)
{
	return is_there(c) && c->starting < STARTING_MAX && !serve_launcher_is_behind(c->serve);
}

static void
settle_events(struct caller *c)
{
	if (!is_there(c) || c->link_watch == NULL)
		return;
	c->paused = !may_ask(c);
	cordon_watch_set(
		c->link_watch, (c->paused ? 0u : CORDON_LOOP_READ) |
				       (outbox_is_empty(&c->outbox) ? 0u : CORDON_LOOP_WRITE));
}

void
callers_resume(struct serve *s)
{
	for (struct caller *c = s->callers; c != NULL; c = c->next)
		if (c->paused)
			settle_events(c);
}

int
caller_hand_over(struct caller *c, enum rpc_message number, struct cordon_writer *w, int *fds,
	unsigned fd_count, struct cordon_error *err)
{
	struct cordon_error why = { 0 };
	int result;

	if (!is_there(c)) {
		for (unsigned i = 0; i < fd_count; i++)
			cordon_fd_close_p(&fds[i]);
		cordon_writer_finish(w);
		return 0;
	}
	result = outbox_send(&c->outbox, (uint16_t)number, w, fds, fd_count, &why);
	if (result < 0 && why.code == CORDON_ESYS) {
		*err = why;
		return -1;
	}
	if (result < 0 && why.code != CORDON_EPEER) /* one that has gone is heard of by its link */
		cut_off(c, &why);
	settle_events(c);
	return 0;
}

void
caller_send(struct caller *c, enum rpc_message number, struct cordon_writer *w)
{
	struct cordon_error err = { 0 };

	if (caller_hand_over(c, number, w, NULL, 0, &err) < 0)
		cut_off(c, &err);
}

void
caller_refuse(struct caller *c, uint64_t request, struct cordon_error *err, const char *rule)
{
	const struct rpc_refused refused = refusal_of(request, err, rule);
	struct cordon_writer w;

	c->serve->refused++;
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_refused_encode(&refused, &w);
	caller_send(c, RPC_REFUSED, &w);
}

/* Takes one message. Returns 1, 0 when there is none or the peer has gone, -1 when it broke the rules. */
static int
hear(struct caller *c, size_t *bytes, struct cordon_error *err)
{
	struct cordon_message m = { 0 };
	int result;

	cordon_fd_raise_limit(); /* for a long message: it comes in a descriptor */
	result = cordon_link_receive(c->link, &m, err);
	cordon_fd_set_aside();
	if (result < 0)
		return err->code == CORDON_ESYS && err->sys == EAGAIN ? 0 : -1;
	if (result == 0) {
		caller_end(c); /* it has closed: no word about that */
		return 0;
	}
	*bytes += m.size;
	result = caller_take(c, &m, err);
	cordon_message_finish(&m);
	return result < 0 ? -1 : 1;
}

static void
on_link(void *context, unsigned events)
{
	struct caller *c = context;
	struct serve *s = c->serve;
	struct cordon_error err = { 0 };
	size_t bytes = 0;
	int heard = 1;

	if ((events & CORDON_LOOP_WRITE) != 0 && outbox_flush(&c->outbox, &err) < 0) {
		if (err.code == CORDON_EPEER)
			caller_end(c);
		else
			cut_off(c, &err);
	}
	for (int i = 0; i < TURN && bytes < TURN_BYTES && heard > 0 && may_ask(c); i++) {
		heard = hear(c, &bytes, &err);
		if (heard < 0)
			cut_off(c, &err);
	}
	settle_events(c);
	callers_reap(s);
}

/* beginning and end */

static void
destroy(struct caller *c)
{
	struct caller **at = &c->serve->callers;

	jobs_abandon(c->serve, c, NULL);
	fetches_abandon(c->serve, c, NULL);
	serve_ledger_leave(c);
	tail_finish(&c->tail);
	while (*at != NULL && *at != c)
		at = &(*at)->next;
	if (*at != NULL)
		*at = c->next;
	cordon_watch_remove(c->link_watch);
	cordon_watch_remove(c->rpc_watch);
	outbox_finish(&c->outbox);
	sessions_finish(&c->sessions);
	cordon_fd_close_p(&c->link);
	cordon_fd_close_p(&c->rpc);
	free(c);
}

/* Its end is waited for by its pidfd; it is not asked. */
static void
leave(struct caller *c)
{
	c->state = CALLER_LEAVING;
	jobs_abandon(c->serve, c, NULL);
	fetches_abandon(c->serve, c, NULL);
	cordon_watch_remove(c->link_watch);
	c->link_watch = NULL;
	cordon_fd_close_p(&c->link);
	(void)syscall(SYS_pidfd_send_signal, c->rpc, SIGKILL, NULL, 0);
}

static void
on_rpc_end(void *context, unsigned events)
{
	struct caller *c = context;
	struct serve *s = c->serve;
	struct cordon_error err = { 0 };
	siginfo_t info = { 0 };
	size_t bytes = 0;

	(void)events;
	/* Its last words. Whoever it gave its link to is not heard for ever. */
	for (int i = 0; i < LAST_WORDS && may_ask(c) && hear(c, &bytes, &err) > 0; i++)
		;
	(void)waitid(P_PIDFD, (id_t)c->rpc, &info, WEXITED | WNOHANG);
	/* By itself, that is: not by our signal, after its link had ended. */
	if (info.si_status != 0 && (c->state != CALLER_LEAVING || info.si_code == CLD_EXITED ||
					   info.si_status != SIGKILL)) {
		cordon_fail(&err, CORDON_EPEER, 0,
			"a caller was cut off: its cordon-rpc ended with %s %d",
			info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
		cmd_say(&err);
		s->status = EXIT_SETUP;
	}
	destroy(c);
	callers_reap(s);
}

/* One that could not be begun: nobody watches for its end. */
static void
give_up(struct caller *c)
{
	siginfo_t info;

	if (c->rpc >= 0) {
		(void)syscall(SYS_pidfd_send_signal, c->rpc, SIGKILL, NULL, 0);
		while (waitid(P_PIDFD, (id_t)c->rpc, &info, WEXITED) < 0 && errno == EINTR)
			;
	}
	destroy(c);
}

static void
welcome(struct caller *c)
{
	const struct serve *s = c->serve;
	struct rpc_profile profiles[CATALOGUE_MAX];
	struct rpc_welcome v = { .version = (char *)(uintptr_t)CORDON_VERSION,
		.trust = (char *)(uintptr_t) "same-uid",
		.workspace = (char *)(uintptr_t)s->workspace.path,
		.landlock = s->landlock,
		.cgroup = (char *)(uintptr_t)s->cgroup,
		.user_notif = (uint8_t)(s->user_notif != 0),
		.profiles = profiles,
		.profile_count = (uint32_t)s->catalogue.count };
	struct cordon_writer w;

	for (size_t i = 0; i < s->catalogue.count; i++) {
		const struct cordon_profile *p = s->catalogue.profiles[i];
		char hex[CORDON_DIGEST_HEX];

		cordon_digest_hex(p->digest, hex);
		profiles[i].name = p->name;
		profiles[i].description = p->description;
		snprintf(profiles[i].digest, sizeof(profiles[i].digest), "sha256:%s", hex);
	}
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_welcome_encode(&v, &w);
	caller_send(c, RPC_WELCOME, &w);
}

static int
start_rpc(struct caller *c, int in, int out, struct cordon_error *err)
{
	CORDON_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int ends[2], errors;
	pid_t pid;

	/* Not ours, which may be the operator's terminal: taken over, it could write anything there. */
	errors = CORDON_SANITIZED ? 2 : null;
	if (null < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not open /dev/null");
	if (cordon_link_pair(ends, err) < 0)
		return -1;
	c->link = ends[0];
	pid = cordon_fd_nonblock(c->link, 1) < 0
		      ? cordon_fail(err, CORDON_ESYS, errno, "could not make a link")
		      : cordon_spawn(c->serve->rpc_path, "cordon-rpc",
				(const int[]){ in, out, errors, ends[1] }, 4, &c->rpc, err);
	cordon_fd_close_p(&ends[1]);
	return pid < 0 ? -1 : 0;
}

int
caller_create(struct serve *s, uid_t uid, int in, int out, struct cordon_error *err)
{
	struct caller *c = cordon_array(1, sizeof(*c));

	if (c == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not serve a caller");
	*c = (struct caller){
		.serve = s, .state = CALLER_STARTING, .uid = uid, .link = -1, .rpc = -1
	};
	c->next = s->callers;
	s->callers = c;
	if (start_rpc(c, in, out, err) < 0) {
		give_up(c);
		return -1;
	}
	outbox_init(&c->outbox, c->link, OUTBOX_BYTES);
	c->link_watch = cordon_loop_watch(s->loop, c->link, CORDON_LOOP_READ, on_link, c, err);
	if (c->link_watch != NULL)
		c->rpc_watch =
			cordon_loop_watch(s->loop, c->rpc, CORDON_LOOP_READ, on_rpc_end, c, err);
	if (c->rpc_watch == NULL ||
		sessions_begin(&c->sessions, s->catalogue.profiles[0], &s->workspace, err) < 0) {
		give_up(c);
		return -1;
	}
	welcome(c);
	return 0;
}

void
callers_finish(struct serve *s)
{
	while (s->callers != NULL) {
		struct caller *c = s->callers;
		siginfo_t info;

		if (c->state != CALLER_LEAVING)
			leave(c);
		while (waitid(P_PIDFD, (id_t)c->rpc, &info, WEXITED) < 0 && errno == EINTR)
			;
		destroy(c);
	}
}

void
callers_reap(struct serve *s)
{
	for (struct caller *c = s->callers; c != NULL; c = c->next) {
		if (s->ending)
			caller_end(c);
		if (c->state == CALLER_BROKEN)
			leave(c);
	}
	serve_look(s);
}
