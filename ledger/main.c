/* cordon-ledger: the only writer of a ledger. Started by a monitor, with standard error as descriptor 2, the
 * link as 3, the ledger's directory as 4, and as 5 a file that checkpoints are copied to, if there is one. It alone has the key; taken over, it can write and sign what it
 * likes in that directory, and lie to its monitor about what is on record.
 *
 * MUST 1 (M8) KEPT is said of a durable append when it is on disk, and never of one that is not written.
 * MUST 2 An intent is ended once, and by the monitor that began it (claims.h).
 *
 * calls: ppoll poll clock_gettime; at start: close_range fcntl rt_sigaction write prlimit64 getsockopt */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_payload.h>
#include <cordon/ledger_proto.h>
#include <cordon/link.h>
#include <cordon/selfjail.h>
#include <cordon/wire.h>

#include "claims.h"
#include "ledger_calls.h" /* made by cmake/CollectCalls.cmake */
#include "store.h"
#include "store_files.h"

#define LINK          3
#define DIRECTORY     4
#define WITNESS       5
#define BATCH         256
#define CHECKPOINT_MS 1000
#define DATA_BYTES    (256ull << 20)
#define FILES         32

struct waiting { /* an append whose answer is due when its batch is written */
	uint64_t token, sequence;
	int ends, begins;
	uint64_t intent;
};

struct writer {
	struct store store;
	struct claims claims;
	struct waiting batch[BATCH];
	unsigned count;
	int durable;
	int64_t checkpoint_at; /* when the next one is due; 0: nothing has changed */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
answer(uint16_t message, const struct cordon_ledger_answer *a)
{
	struct cordon_error ignored;
	struct cordon_writer w;

	cordon_writer_init(&w, 4096);
	cordon_ledger_encode_answer(message, a, &w);
	/* A monitor that has gone is noticed at the link. */
	(void)!cordon_link_send(LINK, message, w.data, w.size, NULL, 0, &ignored);
	cordon_writer_finish(&w);
}

static void
refuse(uint64_t token, const struct cordon_error *why)
{
	answer(CORDON_LEDGER_REFUSED_APPEND,
		&(const struct cordon_ledger_answer){ .token = token, .error = *why });
}

/* What of the batch has no place any more, and is on record nowhere. */
static void
refuse_lost(struct writer *w, const struct cordon_error *why)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->count; i++) {
		const struct waiting *waiting = &w->batch[i];

		if (waiting->sequence < store_next(&w->store)) {
			w->batch[kept++] = *waiting;
			continue;
		}
		if (waiting->begins)
			claims_remove(&w->claims, waiting->sequence);
		refuse(waiting->token, why);
	}
	w->count = kept;
}

/* Its batch has failed, and perhaps is in the file all the same. So the intents among it stay claimed, and end
 * as unknown when somebody opens the ledger again. */
static void
refuse_batch(struct writer *w, const struct cordon_error *why)
{
	for (unsigned i = 0; i < w->count; i++)
		refuse(w->batch[i].token, why);
	w->count = 0;
}

/* Whether this monitor may say this now. */
static int
check(struct writer *w, const struct cordon_ledger_append *a, struct cordon_ledger_about *about,
	struct cordon_error *err)
{
	int legal = cordon_ledger_payload_read(a->payload, a->payload_size, about) == 0 &&
		    about->kind != CORDON_LEDGER_LOST;

	if (legal && about->ends) {
		legal = claims_has(&w->claims, about->intent);
		for (unsigned i = 0; i < w->count; i++)
			legal &= !w->batch[i].ends || w->batch[i].intent != about->intent;
	}
	return legal ? 0 : cordon_fail(err, CORDON_EPEER, 0, "a record that nobody may write");
}

static int
append(struct writer *w, const struct cordon_ledger_append *a, struct cordon_error *err)
{
	struct cordon_ledger_about about = { 0 };
	struct waiting *waiting = &w->batch[w->count];

	if (check(w, a, &about, err) < 0)
		return -1;
	*waiting = (struct waiting){ .token = a->token,
		.ends = about.ends,
		.begins = about.kind == CORDON_LEDGER_INTENT,
		.intent = about.intent };
	waiting->sequence = store_next(&w->store);
	/* Before it is written: who finds it there finds whose it is. */
	if (waiting->begins && claims_add(&w->claims, waiting->sequence) < 0) {
		cordon_fail(err, CORDON_ELIMIT, 0, "too many runs are open");
		return cordon_because(err, "limit.runs");
	}
	if (store_append(&w->store, a->payload, a->payload_size, about.ends, &waiting->sequence,
		    err) < 0) {
		if (waiting->begins)
			claims_remove(&w->claims, waiting->sequence);
		refuse_lost(w, err);
		return -1;
	}
	w->durable |= a->durable;
	w->count++;
	return 0;
}

/* busy: all that is done with an append is to note it, for refuse_batch. Returns 1, 0 when the monitor has gone, or -1 when it broke the rules. */
static int
take_one(struct writer *w, int busy)
{
	struct cordon_message m = { 0 };
	struct cordon_ledger_append a;
	struct cordon_error err = { 0 };
	int got = cordon_link_receive(LINK, &m, &err);

	if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
		return 1;
	if (got <= 0)
		return got;
	if (m.number != CORDON_LEDGER_APPEND || m.fd_count != 0 ||
		cordon_ledger_decode_append(m.body, m.size, &a, &err) < 0)
		got = -1;
	else if (busy)
		w->batch[w->count++] = (struct waiting){ .token = a.token };
	else if (append(w, &a, &err) < 0)
		refuse(a.token, &err);
	cordon_message_finish(&m);
	return got;
}

static int
has_message(int timeout_ms)
{
	struct pollfd p = { .fd = LINK, .events = POLLIN };

	return poll(&p, 1, timeout_ms) > 0;
}

/* Has the batch on record, or what of it has a place in spite of an error, and refuses the rest. */
static void
commit_batch(struct writer *w)
{
	struct cordon_error err = { 0 };

	if (store_commit(&w->store, w->durable, &err) == 0)
		return;
	if (w->store.broken.code == CORDON_OK) {
		refuse_lost(w, &err);
		if (store_commit(&w->store, w->durable, &err) == 0)
			return;
	}
	refuse_batch(w, &err);
}

static void
answer_batch(struct writer *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct waiting *waiting = &w->batch[i];

		if (waiting->ends)
			claims_remove(&w->claims, waiting->intent);
		answer(CORDON_LEDGER_KEPT,
			&(const struct cordon_ledger_answer){
				.token = waiting->token, .sequence = waiting->sequence });
	}
	if (w->count > 0 && w->checkpoint_at == 0)
		w->checkpoint_at = now_ms() + CHECKPOINT_MS;
	w->count = 0;
	w->durable = 0;
}

/* All that is there at the moment becomes one batch, with one wait for the disk. What is there when the lock was
 * waited for in vain has waited with it. */
static int
serve_once(struct writer *w)
{
	struct cordon_error err = { 0 };
	const int busy = store_lock(&w->store, &err) < 0;
	unsigned taken = 0;
	int more;

	do
		more = take_one(w, busy);
	while (more == 1 && ++taken < BATCH && has_message(0));
	/* Only now: what is sent because of a refusal has not waited. */
	if (busy) {
		refuse_batch(w, &err);
		return more;
	}
	commit_batch(w);
	store_unlock(&w->store);
	answer_batch(w);
	return more;
}

/* What the disk takes long for, all records since the last flush, is waited for without the lock. */
static int
sign(struct writer *w, struct cordon_error *err)
{
	int result;

	if (store_flush(&w->store, err) < 0 || store_lock(&w->store, err) < 0)
		return -1;
	result = store_checkpoint(&w->store, err);
	store_prepare_next(&w->store);
	store_unlock(&w->store);
	return result;
}

static void
checkpoint(struct writer *w)
{
	struct cordon_error err = { 0 };

	w->checkpoint_at = 0;
	if (sign(w, &err) == 0)
		return;
	if (strcmp(err.reason, "ledger.busy") == 0) {
		w->checkpoint_at = now_ms() + CHECKPOINT_MS;
		return;
	}
	files_say("cordon: %s\n", err.text);
	if (w->store.broken.code == CORDON_OK)
		w->checkpoint_at = now_ms() + 10 * CHECKPOINT_MS;
}

/* The monitor has gone. One command after another, each with a cordon of its own, does not wait for signatures. */
static void
leave(struct writer *w)
{
	struct cordon_error err = { 0 };

	if (w->checkpoint_at == 0)
		return;
	if (store_flush(&w->store, &err) < 0)
		files_say("cordon: %s\n", err.text);
	else if (!store_is_carried_on(&w->store))
		checkpoint(w);
}

static int
serve(struct writer *w)
{
	int more = 1;

	while (more == 1) {
		const int64_t left = w->checkpoint_at == 0 ? -1 : w->checkpoint_at - now_ms();

		if (w->checkpoint_at != 0 && left <= 0)
			checkpoint(w);
		else if (has_message((int)left))
			more = serve_once(w);
	}
	leave(w);
	return more;
}

static int
open_all(struct writer *w, struct cordon_error *err)
{
	const int witness = fcntl(WITNESS, F_GETFD) < 0 ? -1 : WITNESS;
	int ended;

	if (store_open(&w->store, DIRECTORY, witness, err) < 0 || store_lock(&w->store, err) < 0)
		return -1;
	ended = claims_recover(&w->claims, &w->store, err);
	if (ended >= 0 && claims_open(&w->claims, &w->store, err) < 0)
		ended = -1;
	store_unlock(&w->store);
	if (ended > 0) {
		files_say("cordon: %d run%s of a monitor that has gone %s recorded as unknown\n",
			ended, ended == 1 ? "" : "s", ended == 1 ? "is" : "are");
		w->checkpoint_at = now_ms();
	}
	return ended < 0 ? -1 : 0;
}

static int
begin(struct writer *w, struct cordon_error *err)
{
	const struct cordon_selfjail jail = { .calls = ledger_calls,
		.call_count = sizeof(ledger_calls) / sizeof(ledger_calls[0]),
		.data_bytes = DATA_BYTES,
		.files = FILES,
		.below = &w->store.directory };

	return open_all(w, err) < 0 ? -1 : cordon_selfjail_enter(&jail, err);
}

int
main(int argc, char **argv)
{
	struct cordon_ledger_answer opened = { 0 };
	static struct writer w;
	int type, result;
	socklen_t size = sizeof(type);

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("cordon-ledger " CORDON_VERSION);
		return 0;
	}
	if (getsockopt(LINK, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
		fputs("cordon-ledger: this is started by cordon, not by hand\n", stderr);
		return 125;
	}
	(void)close_range(WITNESS + 1, ~0U, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (begin(&w, &opened.error) < 0) {
		answer(CORDON_LEDGER_UNOPENED, &opened);
		return 1;
	}
	opened.sequence = w.store.cursor.state.tree.size;
	answer(CORDON_LEDGER_OPENED, &opened);
	result = serve(&w);
	claims_close(&w.claims);
	store_close(&w.store);
	return result < 0;
}
