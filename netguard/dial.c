/* calls: none */
#include "dial.h"

#include <errno.h>
#include <stdlib.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

struct dial_call {
	struct dial_call *next;
	struct dial *dial;
	uint64_t request, grant;
	uint8_t at;
	int sent; /* DIAL was */
	int hangs_up; /* HANG_UP is to be sent */
	dial_fn *fn; /* NULL: cancelled, and an answer is to come */
	void *context;
};

struct dial {
	int link;
	struct cordon_watch *watch;
	struct dial_call *first, **last; /* in the order of their requests */
	unsigned count;
	uint64_t requests;
	dial_lost_fn *lost;
	void *context;
	int is_lost;
};

static void
drop(struct dial *d, struct dial_call *call)
{
	struct dial_call **at = &d->first;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	if (d->last == &call->next)
		d->last = at;
	d->count--;
	free(call);
}

/* Answers a call, which is over. */
static void
answer(struct dial *d, struct dial_call *call, int fd, enum cordon_dial_why why, int sys)
{
	dial_fn *fn = call->fn;
	void *context = call->context;

	drop(d, call);
	if (fn != NULL)
		fn(context, fd, why, sys);
	else
		cordon_fd_close_p(&fd);
}

static void
lose(struct dial *d, const struct cordon_error *why)
{
	if (d->is_lost)
		return;
	d->is_lost = 1;
	cordon_watch_remove(d->watch);
	d->watch = NULL;
	while (d->first != NULL)
		answer(d, d->first, -1, CORDON_DIAL_FAILED, EPIPE);
	d->lost(d->context, why);
}

/* Returns 1, 0 when the dialer has to read first, or -1. */
static int
say(struct dial *d, uint16_t message, const struct cordon_dial_word *word, struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(message, word, &w);
	result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_link_send(d->link, message, w.data, w.size, NULL, 0, err);
	cordon_writer_finish(&w);
	if (result < 0)
		return err->code == CORDON_ESYS && err->sys == EAGAIN ? 0 : -1;
	return 1;
}

static int
say_call(struct dial *d, struct dial_call *call, struct cordon_error *err)
{
	int result = 1;

	if (!call->sent) {
		result = say(d, CORDON_DIAL_DIAL,
			&(const struct cordon_dial_word){
				.id = call->request, .grant = call->grant, .at = call->at },
			err);
		call->sent = result > 0;
	}
	if (result > 0 && call->hangs_up) {
		result = say(d, CORDON_DIAL_HANG_UP,
			&(const struct cordon_dial_word){ .id = call->request }, err);
		call->hangs_up = result <= 0;
	}
	return result;
}

/* What there is to say, as far as the link takes it. That it has ended is heard when it is read. */
static void
flush(struct dial *d)
{
	struct cordon_error err;
	int result = 1;

	if (d->is_lost)
		return;
	for (struct dial_call *c = d->first; c != NULL && result > 0; c = c->next)
		result = say_call(d, c, &err);
	cordon_watch_set(
		d->watch, result == 0 ? CORDON_LOOP_READ | CORDON_LOOP_WRITE : CORDON_LOOP_READ);
}

/* One message. A CONNECTED without its socket is a lie like others. */
static int
take(struct dial *d, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_dial_word word;
	struct dial_call *call = d->first;
	const unsigned fds = m->number == CORDON_DIAL_CONNECTED;
	int fd = -1;

	if ((m->number != CORDON_DIAL_CONNECTED && m->number != CORDON_DIAL_UNCONNECTED) ||
		m->fd_count != fds)
		return cordon_fail(err, CORDON_EPEER, 0, "the dialer may not say that");
	if (cordon_dial_decode_word(m->number, m->body, m->size, &word, err) < 0)
		return -1;
	while (call != NULL && (call->request != word.id || !call->sent))
		call = call->next;
	if (call == NULL)
		return cordon_fail(
			err, CORDON_EPEER, 0, "the dialer answers what it was not asked");
	if (fds != 0)
		fd = cordon_fd_take(&m->fds[0]);
	answer(d, call, fd, word.why, word.sys);
	return 0;
}

static void
heard(void *context, unsigned events)
{
	struct dial *d = context;
	struct cordon_error err = { 0 };

	(void)events;
	for (unsigned i = 0; i < 16 && !d->is_lost; i++) {
		struct cordon_message m = { 0 };
		int got = cordon_link_receive(d->link, &m, &err);

		if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
			break;
		if (got == 0)
			(void)cordon_fail(&err, CORDON_EPEER, 0, "the dialer has ended");
		else if (got > 0 && take(d, &m, &err) < 0)
			got = -1;
		cordon_message_finish(&m);
		if (got <= 0)
			lose(d, &err);
	}
	flush(d);
}

struct dial *
dial_create(struct cordon_loop *loop, int link, dial_lost_fn *lost, void *context,
	struct cordon_error *err)
{
	struct dial *d = cordon_array(1, sizeof(*d));

	if (d == NULL || cordon_fd_nonblock(link, 1) < 0) {
		cordon_fail(err, CORDON_ESYS, d == NULL ? ENOMEM : errno,
			"could not use the link to the dialer");
		free(d);
		return NULL;
	}
	d->link = link;
	d->last = &d->first;
	d->lost = lost;
	d->context = context;
	d->watch = cordon_loop_watch(loop, link, CORDON_LOOP_READ, heard, d, err);
	if (d->watch == NULL) {
		free(d);
		return NULL;
	}
	return d;
}

void
dial_destroy(struct dial *d)
{
	if (d == NULL)
		return;
	cordon_watch_remove(d->watch);
	while (d->first != NULL)
		drop(d, d->first);
	free(d);
}

struct dial_call *
dial_begin(struct dial *d, uint64_t grant, unsigned at, dial_fn *fn, void *context,
	struct cordon_error *err)
{
	struct dial_call *call;

	if (d->is_lost) {
		cordon_fail(err, CORDON_EPEER, 0, "there is no dialer any more");
		return NULL;
	}
	if (d->count == DIAL_CALLS || at >= CORDON_DIAL_ADDRESSES) {
		cordon_fail(err, CORDON_ELIMIT, 0, "too many connections are under way");
		(void)cordon_because(err, cordon_dial_why_reason(CORDON_DIAL_FULL));
		return NULL;
	}
	call = cordon_array(1, sizeof(*call));
	if (call == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not dial");
		return NULL;
	}
	*call = (struct dial_call){ .dial = d,
		.request = ++d->requests,
		.grant = grant,
		.at = (uint8_t)at,
		.fn = fn,
		.context = context };
	*d->last = call;
	d->last = &call->next;
	d->count++;
	flush(d);
	return call;
}

void
dial_cancel(struct dial_call *call)
{
	struct dial *d;

	if (call == NULL)
		return;
	d = call->dial;
	if (!call->sent) {
		drop(d, call);
		return;
	}
	call->fn = NULL;
	call->hangs_up = 1;
	flush(d);
}
