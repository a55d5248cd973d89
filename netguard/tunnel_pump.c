/* Bytes from one side to the other. MUSTs:
 *
 * 1. What is looked at is what goes on: the bytes that were judged are sent from our memory, and never read again. (What
 *    a program sends by vmsplice(2) or sendfile(2) it can still change while it waits in our socket.)
 * 2. Nothing is taken that cannot be passed on or held: one buffer of each flow, within the run's share (run_may_hold).
 *    Beyond that share bytes stay in the socket until the other side takes them.
 * 3. Nothing is taken beyond the run's budget, by whichever way.
 * 4. A turn ends after some bytes, so that others have theirs.
 *
 * Small data are copied through the relay's one scratch buffer. A flow of which some reads in a row were full is moved by
 * splice(2), with a pipe that is given back whenever it is empty. Urgent data stop a splice for as long as they stand
 * there (tcp_read_sock), while the socket stays readable: where the first splice of a turn moves nothing, it is copied.
 *
 * calls: recvfrom sendto splice shutdown */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "relay_parts.h"

#define CHUNK      (16u * 1024) /* one read */
#define FULL_READS 4u /* in a row, and it is worth a pipe */
#define SMALL      4096u /* and so much is not */
#define SPLICED \
	(1024u * 1024) /* at once; what a pipe takes is counted in pages, which may be large ones */
#define TURN (1024u * 1024) /* bytes of one turn */

/* A flow at work. */
struct work {
	struct tunnel *t;
	struct flow *f;
	enum tunnel_side side; /* where it comes from */
	int from, to;
	uint64_t *left; /* of the run's budget */
	struct pump pump;
};

static int
refuse(struct work *w, const char *reason)
{
	w->pump.result = PUMP_REFUSED;
	w->pump.reason = reason;
	return 0;
}

static void
drop_held(struct tunnel *t, struct flow *f)
{
	t->run->held -= f->size;
	t->run->relay->held -= f->size;
	free(f->held);
	f->held = NULL;
	f->at = f->ready = f->size = 0;
}

static void
drop_pipe(struct tunnel *t, struct flow *f)
{
	if (f->has_pipe && f->in_pipe == 0)
		pipes_give(&t->run->relay->pipes, &f->pipe);
	else if (f->has_pipe)
		pipes_close(&t->run->relay->pipes, &f->pipe);
	f->has_pipe = 0;
	f->in_pipe = 0;
}

void
pump_finish(struct tunnel *t, enum tunnel_side from)
{
	drop_held(t, &t->flows[from]);
	drop_pipe(t, &t->flows[from]);
}

int
pump_gives(const struct flow *f)
{
	return !f->done && (f->ready > f->at || f->in_pipe > 0 || f->blocked);
}

int
pump_takes(const struct flow *f)
{
	return !f->done && !f->ended && !pump_gives(f);
}

int
pump_has_part(const struct tunnel *t)
{
	const struct flow *f = &t->flows[SIDE_RUN];

	return t->inspect != NULL && f->size > f->ready;
}

/* The other side takes nothing more. What it has said may still be there to be read. */
static int
stop(struct work *w)
{
	pump_finish(w->t, w->side);
	w->f->blocked = 0;
	w->f->done = 1;
	if (w->t->flows[!w->side].done)
		w->pump.result = PUMP_BROKEN;
	return 0;
}

static void
count(struct work *w, size_t passed)
{
	struct destination *d = w->t->destination;

	*(w->side == SIDE_RUN ? &d->bytes_out : &d->bytes_in) += passed;
	w->pump.moved += passed;
	say_changed(w->t->run, d);
}

static int
keep(struct work *w, const uint8_t *data, size_t size, size_t ready)
{
	struct run *run = w->t->run;

	if (size == 0)
		return 1;
	if (!run_may_hold(run, size) || (w->f->held = malloc(size)) == NULL)
		return refuse(w, "limit.memory");
	memcpy(w->f->held, data, size);
	w->f->at = 0;
	w->f->ready = (uint32_t)ready;
	w->f->size = (uint32_t)size;
	run->held += size;
	run->relay->held += size;
	return 1;
}

/* Returns how much has gone, or -1: nothing will. */
static ssize_t
give(struct work *w, const uint8_t *data, size_t size)
{
	ssize_t sent;

	if (size == 0 || w->to < 0)
		return 0;
	do
		sent = send(w->to, data, size, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent > 0)
		count(w, (size_t)sent);
	return sent < 0 && errno == EAGAIN ? 0 : sent;
}

/* The steps return 1 to go on, or 0: it has to wait, or is over. */

static int
give_held(struct work *w)
{
	struct flow *f = w->f;
	const ssize_t sent = give(w, f->held + f->at, f->ready - f->at);

	if (sent < 0)
		return stop(w);
	f->at += (uint32_t)sent;
	if (f->at == f->size)
		drop_held(w->t, f);
	return f->ready == f->at;
}

static int
give_pipe(struct work *w)
{
	const ssize_t sent = splice(w->f->pipe.ends[0], NULL, w->to, NULL, w->f->in_pipe,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (sent < 0 && errno == EINTR)
		return 1;
	if (sent < 0)
		return errno == EAGAIN ? 0 : stop(w);
	w->f->in_pipe -= (uint32_t)sent;
	count(w, (size_t)sent);
	return 1;
}

static int
tell_end(struct work *w)
{
	pump_finish(w->t, w->side); /* the begin of something goes nowhere */
	w->f->done = 1;
	if (shutdown(w->to, SHUT_WR) < 0 && errno != ENOTCONN)
		w->pump.result = PUMP_BROKEN;
	if (w->t->flows[!w->side].done)
		w->pump.result = PUMP_END;
	return 0;
}

/* What a read of got bytes means when it is no data. */
static int
no_data(struct work *w, ssize_t got)
{
	if (got == 0) {
		w->f->ended = 1;
		return 1;
	}
	if (errno == EINTR)
		return 1;
	if (errno != EAGAIN)
		w->pump.result = PUMP_BROKEN;
	return 0;
}

/* The budget is spent: an end is still heard. */
static int
take_end(struct work *w)
{
	uint8_t byte;
	const ssize_t got = recv(w->from, &byte, sizeof(byte), MSG_PEEK);

	return got > 0 ? refuse(w, "net.budget") : no_data(w, got);
}

static size_t
at_most(const struct work *w, size_t size)
{
	return *w->left < size ? (size_t)*w->left : size;
}

static int
take_copied(struct work *w)
{
	uint8_t *scratch = w->t->run->relay->scratch;
	const ssize_t got = recv(w->from, scratch, at_most(w, CHUNK), 0);
	ssize_t sent;

	if (got <= 0)
		return no_data(w, got);
	*w->left -= (uint64_t)got;
	if ((size_t)got < CHUNK)
		w->f->full = 0;
	else if (w->f->full < FULL_READS)
		w->f->full++;
	sent = give(w, scratch, (size_t)got);
	if (sent < 0)
		return stop(w);
	/* A short read was all there is: what comes next wakes us. */
	return keep(w, scratch + sent, (size_t)(got - sent), (size_t)(got - sent)) && sent == got &&
	       got == (ssize_t)CHUNK;
}

/* What is not taken by the other side stays where it is. */
static int
take_peeked(struct work *w)
{
	uint8_t *scratch = w->t->run->relay->scratch;
	const ssize_t got = recv(w->from, scratch, at_most(w, CHUNK), MSG_PEEK);
	ssize_t sent;

	if (got <= 0)
		return no_data(w, got);
	sent = give(w, scratch, (size_t)got);
	if (sent < 0)
		return stop(w);
	*w->left -= (uint64_t)sent;
	w->f->blocked = sent < got;
	/* Of TCP that throws them away: tcp(7). */
	if (sent > 0 && recv(w->from, scratch, (size_t)sent, MSG_TRUNC) != sent)
		w->pump.result = PUMP_BROKEN;
	return !w->f->blocked && w->pump.result == PUMP_ON;
}

static int
take_spliced(struct work *w)
{
	struct flow *f = w->f;
	ssize_t got;

	if (!f->has_pipe && pipes_take(&w->t->run->relay->pipes, &f->pipe) < 0) {
		f->full = 0;
		return 1;
	}
	f->has_pipe = 1;
	got = splice(w->from, NULL, f->pipe.ends[1], NULL, at_most(w, SPLICED),
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (got < 0 && errno == EAGAIN && w->pump.moved == 0)
		return take_copied(w);
	if (got <= 0)
		return no_data(w, got);
	*w->left -= (uint64_t)got;
	f->in_pipe = (uint32_t)got;
	if ((size_t)got < SMALL)
		f->full = 0;
	return 1;
}

/* Judges what is in scratch, of which size bytes are there. Returns how many of them may go on, or -1: none. */
static ssize_t
judge(struct work *w, const uint8_t *data, size_t size)
{
	struct tunnel *t = w->t;
	struct cordon_endpoint to;
	const char *reason = "net.name_mismatch";
	size_t pass = 0;

	run_endpoint(t->run, t->destination, &to);
	switch (inspect_look(t->inspect, &to, data, size, &pass, &reason)) {
	case INSPECT_OPEN:
		free(t->inspect);
		t->inspect = NULL;
		return (ssize_t)size;
	case INSPECT_MORE:
		return (ssize_t)pass;
	case INSPECT_REFUSED:
		break;
	}
	(void)refuse(w, reason);
	return -1;
}

static int
take_inspected(struct work *w)
{
	uint8_t *scratch = w->t->run->relay->scratch;
	struct flow *f = w->f;
	const size_t have = f->size - f->at;
	ssize_t got, pass, sent;
	size_t size;

	if (have > INSPECT_HELD)
		return refuse(w, "limit.memory");
	got = recv(w->from, scratch + have, at_most(w, INSPECT_HELD), 0);
	if (got <= 0)
		return no_data(w, got);
	*w->left -= (uint64_t)got;
	if (have > 0)
		memcpy(scratch, f->held + f->at, have);
	drop_held(w->t, f);
	size = have + (size_t)got;
	pass = judge(w, scratch, size);
	if (pass < 0)
		return 0;
	sent = give(w, scratch, (size_t)pass);
	if (sent < 0)
		return stop(w);
	return keep(w, scratch + sent, size - (size_t)sent, (size_t)(pass - sent)) && sent == pass;
}

static int
take(struct work *w)
{
	if (*w->left == 0)
		return take_end(w);
	if (w->side == SIDE_RUN && w->t->inspect != NULL)
		return take_inspected(w);
	if (w->f->full >= FULL_READS)
		return take_spliced(w);
	return run_may_hold(w->t->run, CHUNK) ? take_copied(w) : take_peeked(w);
}

static int
step(struct work *w)
{
	const struct flow *f = w->f;

	if (f->done)
		return 0;
	if (f->ready > f->at)
		return give_held(w);
	if (f->in_pipe > 0)
		return give_pipe(w);
	return f->ended ? tell_end(w) : take(w);
}

static struct work
begin(struct tunnel *t, enum tunnel_side from)
{
	return (struct work){ .t = t,
		.f = &t->flows[from],
		.side = from,
		.from = t->ends[from].fd,
		.to = t->ends[!from].fd,
		.left = from == SIDE_RUN ? &t->run->left_out : &t->run->left_in };
}

struct pump
pump_flow(struct tunnel *t, enum tunnel_side from)
{
	struct work w = begin(t, from);

	w.f->blocked = 0;
	while (w.pump.moved < TURN && step(&w))
		;
	if (w.f->has_pipe && w.f->in_pipe == 0)
		drop_pipe(t, w.f);
	return w.pump;
}

struct pump
pump_first(struct tunnel *t)
{
	struct work w = begin(t, SIDE_RUN);

	while (t->inspect != NULL && !t->inspect->agreed && !w.f->ended &&
		(*w.left == 0 ? take_end(&w) : take_inspected(&w)))
		;
	if (w.f->ended && (t->inspect != NULL && !t->inspect->agreed))
		w.pump.result = PUMP_END;
	return w.pump;
}
