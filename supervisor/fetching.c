#include "fetching.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

#include "network_words.h"
#include "outbox.h"

#define OUTBOX_BYTES (4u << 20)
/* Beyond the time that the caller gives: for its start, and to read and wrap what has come. */
#define LATE_MS 20000u
#define TICK_MS 1000u
#define SEALS   (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

/*	STARTING  it is locking itself.                     -> ASKED (READY: it gets the request)
 *	ASKED     it works.                                 -> JUDGING (HOP), OVER (RESULT)
 *	JUDGING   it waits for a verdict.                   -> ASKED
 *	OVER      the caller has heard. */
enum fetching_state {
	FETCHING_ILLEGAL,
	FETCHING_STARTING,
	FETCHING_ASKED,
	FETCHING_JUDGING,
	FETCHING_OVER
};

struct fetching {
	enum fetching_state state;
	struct guard_run *run;
	fetching_fn *fn;
	void *context;
	int link, process; /* process: pidfd, or -1: the guard's keeper has it */
	struct cordon_watch *watch;
	struct outbox outbox;
	struct cordon_writer request; /* encoded; until it is sent */
	enum cordon_url_scheme scheme; /* of the hop that is judged */
	unsigned hops; /* so far */
	struct cordon_timer *ticks; /* it keeps its time itself, if it is still what was started */
	uint64_t left_ms;
};

static void
give(struct fetching *f, const struct fetching_answer *answer)
{
	f->state = FETCHING_OVER;
	cordon_watch_set(f->watch, 0);
	f->fn(f->context, answer);
}

static void
fail(struct fetching *f, const struct cordon_error *why)
{
	struct cordon_error err = *why;

	(void)cordon_while(&err, "the fetch came to nothing");
	give(f, &(const struct fetching_answer){ .why = &err, .body = -1, .wrapped = -1 });
}

/* Its time stands still while the monitor decides. */
static void
tick(void *context)
{
	struct fetching *f = context;
	struct cordon_error err;

	if (f->state == FETCHING_JUDGING || f->state == FETCHING_OVER)
		return;
	f->left_ms -= f->left_ms < TICK_MS ? f->left_ms : TICK_MS;
	if (f->left_ms > 0)
		return;
	cordon_fail(&err, CORDON_EPEER, 0, "its process takes longer than it may");
	(void)cordon_because(&err, "net.timeout");
	fail(f, &err);
}

static void
settle_events(struct fetching *f)
{
	cordon_watch_set(f->watch,
		CORDON_LOOP_READ | (outbox_is_empty(&f->outbox) ? 0u : CORDON_LOOP_WRITE));
}

static void
tell(struct fetching *f, enum cordon_fetch_message number, struct cordon_writer *w)
{
	struct cordon_error ignored = { 0 };

	/* A process that has gone is heard of at its link. */
	(void)!outbox_send(&f->outbox, (uint16_t)number, w, NULL, 0, &ignored);
	settle_events(f);
}

/* the guard's words */

static void
refuse(struct fetching *f, const char *reason)
{
	struct cordon_fetch_refuse words = { 0 };
	struct cordon_writer w;

	if (f->state != FETCHING_JUDGING)
		return;
	f->state = FETCHING_ASKED;
	(void)snprintf(words.reason, sizeof(words.reason), "%s", reason);
	(void)snprintf(words.text, sizeof(words.text), "%s", network_words(reason));
	cordon_writer_init(&w, 1024);
	cordon_fetch_encode_refuse(&words, &w);
	tell(f, CORDON_FETCH_REFUSE, &w);
}

static void
on_refuse(void *context, const char *reason)
{
	refuse(context, reason);
}

/* What the profile has for TLS is not spoken to in the clear, nor the reverse. */
static int
is_spoken(enum cordon_guard_as as, enum cordon_url_scheme scheme)
{
	return as == CORDON_GUARD_OPAQUE ||
	       (as == CORDON_GUARD_TLS) == (scheme == CORDON_URL_HTTPS);
}

static void
on_allow(void *context, const struct cordon_guard_allow *allow)
{
	struct fetching *f = context;
	struct cordon_writer w;

	if (!is_spoken(allow->as, f->scheme)) {
		refuse(f, "net.scheme");
		return;
	}
	f->state = FETCHING_ASKED;
	cordon_writer_init(&w, 1024);
	cordon_dial_encode_grant(&allow->grant, &w);
	tell(f, CORDON_FETCH_ALLOW, &w);
}

/* its words */

static int
hear_hop(struct fetching *f, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_fetch_hop *hop;
	int result;

	if (f->hops++ == CORDON_FETCH_HOPS)
		return cordon_fail(err, CORDON_EPEER, 0, "it wants more hops than there may be");
	hop = cordon_array(1, sizeof(*hop));
	if (hop == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not judge");
	result = cordon_fetch_decode_hop(m->body, m->size, hop, err);
	if (result == 0) {
		f->state = FETCHING_JUDGING;
		f->scheme = hop->scheme;
		result = guard_ask(f->run, &hop->to, err);
	}
	free(hop);
	return result;
}

/* Sealed, so that what is read of it is what it is; and as large as was said. */
static int
is_body(int fd, uint64_t size)
{
	struct stat st;
	const int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 &&
	       (uint64_t)st.st_size == size;
}

static int
hear_result(struct fetching *f, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_fetch_result *result = cordon_array(1, sizeof(*result));
	struct fetching_answer answer = { .result = result, .body = -1, .wrapped = -1 };
	int fine = 0;

	if (result == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read an answer");
	if (cordon_fetch_decode_result(m->body, m->size, result, err) == 0) {
		const unsigned wanted = result->outcome != CORDON_FETCH_DONE ? 0u
					: result->boundary[0] == '\0'        ? 1u
									     : 2u;

		fine = m->fd_count == wanted && (wanted < 1 || is_body(m->fds[0], result->bytes)) &&
		       (wanted < 2 || is_body(m->fds[1], result->wrapped_bytes));
		if (!fine)
			(void)cordon_fail(err, CORDON_EPEER, 0, "its body is not as it says");
		answer.body = wanted < 1 ? -1 : m->fds[0];
		answer.wrapped = wanted < 2 ? -1 : m->fds[1];
	}
	if (fine)
		give(f, &answer);
	cordon_fetch_result_finish(result);
	free(result);
	return fine ? 0 : -1;
}

static int
hear(struct fetching *f, const struct cordon_message *m, struct cordon_error *err)
{
	if (m->number == CORDON_FETCH_READY && f->state == FETCHING_STARTING && m->size == 0 &&
		m->fd_count == 0) {
		f->state = FETCHING_ASKED;
		tell(f, CORDON_FETCH_REQUEST, &f->request);
		return 0;
	}
	if (m->number == CORDON_FETCH_HOP && f->state == FETCHING_ASKED && m->fd_count == 0)
		return hear_hop(f, m, err);
	if (m->number == CORDON_FETCH_RESULT && f->state == FETCHING_ASKED)
		return hear_result(f, m, err);
	return cordon_fail(err, CORDON_EPEER, 0, "it may not say that");
}

/* fn may end the fetching in its call: it is not looked at after that. */
static void
on_link(void *context, unsigned events)
{
	struct fetching *f = context;
	struct cordon_message m = { 0 };
	struct cordon_error err = { 0 };
	int got, result;

	if ((events & CORDON_LOOP_WRITE) != 0 && outbox_flush(&f->outbox, &err) < 0)
		outbox_finish(&f->outbox); /* why is on the link */
	settle_events(f);
	got = cordon_link_receive(f->link, &m, &err);
	if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
		return;
	if (got == 0)
		(void)cordon_fail(&err, CORDON_EPEER, 0, "its process has ended");
	result = got > 0 ? hear(f, &m, &err) : -1;
	cordon_message_finish(&m);
	if (result < 0)
		fail(f, &err);
}

/* beginning and end */

static int
start(struct fetching *f, struct cordon_loop *loop, const struct fetching_options *o,
	struct cordon_error *err)
{
	const struct guard_answers answers = {
		.allow = on_allow, .refuse = on_refuse, .context = f
	};
	CORDON_CLOSE int theirs = -1, dialer = -1;
	int ends[2];

	cordon_writer_init(&f->request, CORDON_LINK_BODY);
	cordon_fetch_encode_request(o->request, &f->request);
	if (cordon_writer_check(&f->request, err) < 0 || cordon_link_pair(ends, err) < 0)
		return -1;
	f->link = ends[0];
	theirs = ends[1];
	outbox_init(&f->outbox, f->link, OUTBOX_BYTES);
	if (cordon_fd_nonblock(f->link, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a link");
	f->run = guard_open_asker(
		o->guard, o->number, o->profile, o->session, &answers, &dialer, err);
	if (f->run == NULL || guard_start_fetch(o->guard, theirs, dialer, &f->process, err) < 0)
		return -1;
	f->watch = cordon_loop_watch(loop, f->link, CORDON_LOOP_READ, on_link, f, err);
	if (f->watch == NULL)
		return -1;
	f->ticks = cordon_loop_timer(loop, TICK_MS, TICK_MS, tick, f, err);
	return f->ticks == NULL ? -1 : 0;
}

struct fetching *
fetching_begin(struct cordon_loop *loop, const struct fetching_options *o, struct cordon_error *err)
{
	struct fetching *f = cordon_array(1, sizeof(*f));

	if (f == NULL) {
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin a fetch");
		return NULL;
	}
	*f = (struct fetching){ .state = FETCHING_STARTING,
		.fn = o->fn,
		.context = o->context,
		.link = -1,
		.process = -1,
		.left_ms = o->request->timeout_ms + (uint64_t)LATE_MS };
	if (start(f, loop, o, err) == 0)
		return f;
	fetching_end(f);
	return NULL;
}

void
fetching_end(struct fetching *f)
{
	siginfo_t info;

	if (f == NULL)
		return;
	cordon_timer_remove(f->ticks);
	cordon_watch_remove(f->watch);
	outbox_finish(&f->outbox);
	cordon_writer_finish(&f->request);
	if (f->run != NULL) {
		(void)guard_end(f->run);
		guard_close(f->run);
	}
	cordon_fd_close_p(&f->link);
	if (f->process >= 0) {
		(void)syscall(SYS_pidfd_send_signal, f->process, SIGKILL, NULL, 0);
		while (waitid(P_PIDFD, (id_t)f->process, &info, WEXITED) < 0 && errno == EINTR)
			;
	}
	cordon_fd_close_p(&f->process);
	free(f);
}

const struct guard_run *
fetching_run(const struct fetching *f)
{
	return f->run;
}
