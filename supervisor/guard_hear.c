/* What the relay says of runs. It reads what strangers send, so by now it may be somebody else's: whatever a relay may not say
 * ends it. */
#include "guard_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/link.h>
#include <cordon/mem.h>

static int
hear_traffic(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_traffic t;
	struct guard_run *r;

	if (cordon_guard_decode_traffic(m->body, m->size, &t, err) < 0)
		return -1;
	r = guard_run_find(g, t.run);
	/* Of a question that was on its way when the run ended nothing is kept. */
	if (r != NULL && r->state == GUARD_RUN_ENDING && t.destination >= r->count)
		return 0;
	if (r == NULL || t.destination >= r->count)
		return cordon_fail(err, CORDON_EPEER, 0, "it counts what nobody asked for");
	r->destinations[t.destination].traffic = t;
	return 0;
}

static int
hear_unlisted(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_unlisted u;
	struct guard_run *r;
	char *name;

	if (cordon_guard_decode_unlisted(m->body, m->size, &u, err) < 0)
		return -1;
	r = guard_run_find(g, u.run);
	if (r == NULL || r->unlisted_count == CORDON_GUARD_UNLISTED)
		return cordon_fail(err, CORDON_EPEER, 0, "it names more than it may");
	name = strdup(u.name);
	if (name == NULL || cordon_grow(&r->unlisted, &r->unlisted_room, r->unlisted_count + 1,
				    CORDON_GUARD_UNLISTED, sizeof(*r->unlisted)) < 0) {
		free(name);
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a name");
	}
	r->unlisted[r->unlisted_count++] = name;
	guard_record_refused(r, name, GUARD_NO_PORT, "net.not_listed");
	return 0;
}

static int
hear_ask(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_guard_ask ask;
	struct guard_run *r;

	if (cordon_guard_decode_ask(m->body, m->size, &ask, err) < 0)
		return -1;
	r = guard_run_find(g, ask.run);
	if (r == NULL || (r->state != GUARD_RUN_SERVED && r->state != GUARD_RUN_ENDING))
		return cordon_fail(
			err, CORDON_EPEER, 0, "it asks for a run that it does not serve");
	/* A question that was on its way when the run ended. */
	return r->state == GUARD_RUN_ENDING ? 0 : guard_judge(r, &ask, err);
}

static int
hear_ended(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	struct guard_run *r;
	uint64_t number = 0;

	if (cordon_guard_decode_run(m->body, m->size, &number, err) < 0)
		return -1;
	r = guard_run_find(g, number);
	if (r == NULL || r->state != GUARD_RUN_ENDING)
		return cordon_fail(err, CORDON_EPEER, 0, "it ends what nobody wants to end");
	guard_run_over(r);
	return 0;
}

int
guard_run_hear(struct guard *g, const struct cordon_message *m, struct cordon_error *err)
{
	switch (m->number) {
	case CORDON_GUARD_ASK:
		return hear_ask(g, m, err);
	case CORDON_GUARD_TRAFFIC:
		return hear_traffic(g, m, err);
	case CORDON_GUARD_UNLISTED_NAME:
		return hear_unlisted(g, m, err);
	case CORDON_GUARD_ENDED:
		return hear_ended(g, m, err);
	default:
		return cordon_fail(err, CORDON_EPEER, 0, "it may not say that");
	}
}
