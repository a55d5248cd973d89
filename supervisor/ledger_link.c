#include "ledger_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/spawn.h>

#include "ledger_place.h"
#include "programs.h"

/* More than all runs can have on the way. Its answers are short. */
#define OUTBOX_BYTES (48u << 20)

/* witness: -1: none. */
static int
spawn(struct ledger *l, int directory, int witness, const char *program, struct cordon_error *err)
{
	/* Not the caller's, which others wait for the end of, and it outlives us (A10). */
	CORDON_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int errors = l->speaks || CORDON_SANITIZED ? 2 : null;
	int ends[2];
	pid_t pid;

	if (null < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not open /dev/null");
	if (cordon_link_pair(ends, err) < 0)
		return -1;
	l->link = ends[0];
	pid = cordon_fd_nonblock(l->link, 1) < 0
		      ? cordon_fail(err, CORDON_ESYS, errno, "could not make a link")
		      : cordon_spawn(program, "cordon-ledger",
				(const int[]){ null, null, errors, ends[1], directory, witness },
				witness < 0 ? 5 : 6, &l->process, err);
	cordon_fd_close_p(&ends[1]);
	return pid < 0 ? -1 : 0;
}

int
ledger_start(struct ledger *l, const struct config *config, struct cordon_error *err)
{
	char program[PATH_MAX];
	CORDON_CLOSE int directory = ledger_place_open(config, err);
	CORDON_CLOSE int witness = directory < 0 ? -1 : ledger_place_witness(config, err);

	if (directory < 0 || (witness < 0 && config->ledger_witness != NULL) ||
		programs_find("cordon-ledger", program, err) < 0 ||
		spawn(l, directory, witness, program, err) < 0) {
		/* Which is not that there is no such command. */
		if (err->code == CORDON_ENOTFOUND)
			err->code = CORDON_EFLOOR;
		ledger_finish(l);
		return -1;
	}
	outbox_init(&l->outbox, l->link, OUTBOX_BYTES);
	return 0;
}

void
ledger_finish(struct ledger *l)
{
	outbox_finish(&l->outbox);
	cordon_fd_close_p(&l->link);
	cordon_fd_close_p(&l->process);
}

/* The first reason stays. Returns -1. */
static int
lose(struct ledger *l, const struct cordon_error *why)
{
	if (l->lost.code == CORDON_OK) {
		l->lost = *why;
		if (l->lost.reason[0] == '\0')
			(void)cordon_because(&l->lost, "ledger.failed");
	}
	return -1;
}

static int
lose_writer(struct ledger *l)
{
	struct cordon_error gone = { 0 };

	cordon_fail(&gone, CORDON_EFLOOR, 0,
		"cordon-ledger has ended, and nothing runs that cannot be recorded; restart this "
		"cordon");
	(void)cordon_because(&gone, "ledger.lost");
	return lose(l, &gone);
}

int
ledger_append(struct ledger *l, uint64_t token, int durable, char *payload, size_t size,
	struct cordon_error *err)
{
	const struct cordon_ledger_append append = {
		.token = token, .durable = durable, .payload = payload, .payload_size = size
	};
	struct cordon_writer w;
	int result;

	if (l->lost.code != CORDON_OK) {
		free(payload);
		*err = l->lost;
		return -1;
	}
	if (payload == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a record");
	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_ledger_encode_append(&append, &w);
	free(payload);
	result = outbox_send(&l->outbox, CORDON_LEDGER_APPEND, &w, NULL, 0, err);
	/* Why the writer has gone is heard at the link, and is the answer to all that it has not answered. */
	return result < 0 && err->code == CORDON_EPEER ? 0 : result;
}

/* One message of the writer. */
static int
take(struct ledger *l, const struct cordon_message *m, struct cordon_ledger_answer *answer)
{
	struct cordon_error err = { 0 };

	if (m->fd_count != 0 ||
		cordon_ledger_decode_answer(m->number, m->body, m->size, answer, &err) < 0)
		return lose_writer(l);
	if (m->number == CORDON_LEDGER_UNOPENED)
		return lose(l, &answer->error);
	return m->number == CORDON_LEDGER_OPENED ? 0 : 1;
}

int
ledger_hear(struct ledger *l, struct cordon_ledger_answer *answer)
{
	int result = 0;

	while (result == 0) {
		struct cordon_message m = { 0 };
		struct cordon_error err = { 0 };
		const int got = cordon_link_receive(l->link, &m, &err);

		if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
			return 0;
		result = got <= 0 ? lose_writer(l) : take(l, &m, answer);
		cordon_message_finish(&m);
	}
	return result;
}

int
ledger_await(struct ledger *l, uint64_t token, uint64_t *ret_sequence, struct cordon_error *err)
{
	struct cordon_ledger_answer answer = { 0 };
	int heard = 0;

	while (l->lost.code == CORDON_OK && (heard != 1 || answer.token != token)) {
		struct pollfd p = { .fd = l->link,
			.events = outbox_is_empty(&l->outbox) ? POLLIN : POLLIN | POLLOUT };

		if (poll(&p, 1, LEDGER_PATIENCE_MS) <= 0) {
			cordon_fail(err, CORDON_EFLOOR, 0, "the ledger does not answer");
			return cordon_because(err, "ledger.busy");
		}
		if ((p.revents & POLLOUT) != 0 && outbox_flush(&l->outbox, err) < 0)
			(void)lose(l, err);
		heard = ledger_hear(l, &answer);
	}
	if (heard == 1 && answer.token == token && answer.error.code == CORDON_OK) {
		*ret_sequence = answer.sequence;
		return 0;
	}
	*err = heard == 1 ? answer.error : l->lost;
	return -1;
}
