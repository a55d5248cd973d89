#include "intent.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cordon/fd.h>

#define TOKEN 1

int
intent_send(struct intent *i, char *payload, size_t size, struct cordon_error *err)
{
	if (ledger_append(i->ledger, TOKEN, 1, payload, size, err) < 0)
		return -1;
	i->state = INTENT_SENT;
	if (pipe2(i->gate, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	return 0;
}

static void
refuse(struct intent *i, const struct cordon_error *why)
{
	i->state = INTENT_REFUSED;
	i->refused = *why;
}

static void
take(struct intent *i, const struct cordon_ledger_answer *answer)
{
	if (answer->token != TOKEN || i->state != INTENT_SENT)
		return;
	if (answer->error.code != CORDON_OK) {
		refuse(i, &answer->error);
		return;
	}
	i->state = INTENT_KEPT;
	i->sequence = answer->sequence;
	/* A launcher that has gone has taken the run with it. */
	(void)!write(i->gate[1], "", 1);
}

static void
on_ledger(void *context, unsigned events)
{
	struct intent *i = context;
	struct cordon_ledger_answer answer = { 0 };
	struct cordon_error err = { 0 };
	int heard = 1;

	if ((events & CORDON_LOOP_WRITE) != 0 && outbox_flush(&i->ledger->outbox, &err) < 0)
		cordon_watch_set(i->watch, CORDON_LOOP_READ); /* why is on the link */
	while (i->state == INTENT_SENT && (heard = ledger_hear(i->ledger, &answer)) > 0)
		take(i, &answer);
	if (i->state == INTENT_SENT && heard < 0)
		refuse(i, &i->ledger->lost);
	if (i->state != INTENT_SENT)
		intent_close(i);
}

int
intent_watch(struct intent *i, struct cordon_loop *loop, struct cordon_error *err)
{
	if (i->state != INTENT_SENT)
		return 0;
	i->watch = cordon_loop_watch(loop, i->ledger->link,
		outbox_is_empty(&i->ledger->outbox) ? CORDON_LOOP_READ
						    : CORDON_LOOP_READ | CORDON_LOOP_WRITE,
		on_ledger, i, err);
	return i->watch == NULL ? -1 : 0;
}

void
intent_close(struct intent *i)
{
	cordon_watch_remove(i->watch);
	i->watch = NULL;
	cordon_fd_close_p(&i->gate[0]);
	cordon_fd_close_p(&i->gate[1]);
}

void
intent_settle(struct intent *i)
{
	intent_close(i);
	if (i->state != INTENT_SENT)
		return;
	i->state = ledger_await(i->ledger, TOKEN, &i->sequence, &i->refused) == 0 ? INTENT_KEPT
										  : INTENT_REFUSED;
}
