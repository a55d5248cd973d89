/* Runs that have a network: opening, serving, ending, and what is known of their destinations. What may become of a
 * destination is guard_judge.c's, what the relay says of them guard_hear.c's. */
#include "guard_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#define PATIENCE_MS 2000 /* for the relay to close what a run has open */

/* sessions */

struct guard_session *
guard_session_create(void)
{
	struct guard_session *s = cordon_array(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->refs = 1;
	s->pins = pins_create();
	if (s->pins == NULL)
		cordon_free_p(&s);
	return s;
}

struct guard_session *
guard_session_hold(struct guard_session *s)
{
	s->refs++;
	return s;
}

void
guard_session_drop(struct guard_session *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	pins_destroy(s->pins);
	free(s);
}

/* opening */

static const struct network_policy *
policy_of(struct guard *g, const struct cordon_profile *profile, struct cordon_error *err)
{
	struct guard_policy *last;

	for (size_t i = 0; i < g->policy_count; i++)
		if (g->policies[i].profile == profile)
			return g->policies[i].policy;
	if (cordon_grow(&g->policies, &g->policy_room, g->policy_count + 1, SIZE_MAX,
		    sizeof(*g->policies)) < 0) {
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a network");
		return NULL;
	}
	last = &g->policies[g->policy_count];
	last->profile = profile;
	last->policy = network_policy_create(&profile->network, err);
	if (last->policy != NULL)
		g->policy_count++;
	return last->policy;
}

struct guard_run *
guard_open(struct guard *g, uint64_t number, const struct cordon_profile *profile,
	struct guard_session *session, struct cordon_error *err)
{
	const struct network_policy *policy = policy_of(g, profile, err);
	struct guard_run *r;

	if (policy == NULL || guard_start(g, err) < 0)
		return NULL;
	if (g->broken.code != CORDON_OK) { /* the next one comes in a moment */
		*err = g->broken;
		(void)cordon_because(err, "floor.network");
		return NULL;
	}
	if (g->run_count == CORDON_GUARD_RUNS) {
		(void)cordon_fail(err, CORDON_ELIMIT, 0, "%u live runs have a network already",
			CORDON_GUARD_RUNS);
		(void)cordon_because(err, "limit.runs");
		return NULL;
	}
	r = cordon_array(1, sizeof(*r));
	if (r == NULL) {
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a network");
		return NULL;
	}
	*r = (struct guard_run){ .next = g->runs,
		.guard = g,
		.number = number,
		.network = &profile->network,
		.policy = policy,
		.asker = ASKER_RELAY,
		.session = guard_session_hold(session) };
	g->runs = r;
	g->run_count++;
	return r;
}

struct guard_run *
guard_open_asker(struct guard *g, uint64_t number, const struct cordon_profile *profile,
	struct guard_session *session, const struct guard_answers *answers, int *ret_dialer,
	struct cordon_error *err)
{
	struct guard_run *r = guard_open(g, number, profile, session, err);
	int ends[2];

	if (r == NULL)
		return NULL;
	if (cordon_link_pair(ends, err) < 0) {
		guard_close(r);
		return NULL;
	}
	r->asker = g->next_asker++;
	r->answers = *answers;
	guard_tell_asker(g, r->asker, ends[0]);
	*ret_dialer = ends[1];
	return r;
}

/* serving */

static void
add_name(struct cordon_guard_name *list, size_t *count, int refused, const char *text)
{
	const int below = text[0] == '*';

	list[(*count)++] = (struct cordon_guard_name){
		.refused = refused, .below = below, .text = below ? text + 2 : text
	};
}

static int
is_name(const struct cordon_network_entry *e)
{
	return e->kind == CORDON_NETWORK_NAME || e->kind == CORDON_NETWORK_BELOW;
}

/* Names that may have an address inside: those that some port is open of. */
static size_t
list_names(const struct cordon_network *n, struct cordon_guard_name *list)
{
	size_t count = 0;

	for (size_t i = 0; i < n->allow_count; i++)
		if (is_name(&n->allow[i]))
			add_name(list, &count, 0, n->allow[i].host);
	for (size_t i = 0; i < n->private_count; i++)
		if (n->private[i].name != NULL)
			add_name(list, &count, 0, n->private[i].name);
	for (size_t i = 0; i < n->refuse_count; i++)
		if (is_name(&n->refuse[i]) && n->refuse[i].port_count == 0)
			add_name(list, &count, 1, n->refuse[i].host);
	return count;
}
_Static_assert(3 * CORDON_NETWORK_ENTRIES <= CORDON_GUARD_NAMES, "all lists fit");

static uint64_t
bound(uint64_t limit)
{
	return limit == CORDON_NO_LIMIT ? CORDON_GUARD_NO_LIMIT : limit;
}

void
guard_serve(struct guard_run *r, int *fds, unsigned count)
{
	const struct cordon_network *n = r->network;
	struct cordon_guard_serve serve = { .run = r->number,
		.others = n->otherwise != CORDON_NETWORK_REFUSE,
		.connections = bound(n->limits.connections),
		.rate = bound(n->limits.rate),
		.bytes_out = bound(n->limits.bytes_out),
		.bytes_in = bound(n->limits.bytes_in),
		.names = bound(n->limits.names) };
	struct cordon_guard_name *list = NULL;
	struct cordon_writer w;

	if (r->state == GUARD_RUN_OPEN)
		list = cordon_array(
			n->allow_count + n->private_count + n->refuse_count + 1, sizeof(*list));
	if (list == NULL) { /* it reaches nothing */
		for (unsigned i = 0; i < count; i++)
			cordon_fd_close_p(&fds[i]);
		return;
	}
	serve.list = list;
	serve.count = list_names(n, list);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_guard_encode_serve(&serve, &w);
	guard_tell(r->guard, GUARD_RELAY, CORDON_GUARD_SERVE, &w, fds, count);
	r->state = GUARD_RUN_SERVED;
	free(list);
}

/* ending */

/* For the grants of a run that is over: what was connected with them lives as long as the relay. */
static void
withdraw_all(struct guard_run *r)
{
	for (size_t i = 0; i < r->count; i++)
		guard_withdraw(r, &r->destinations[i]);
}

/* One that is about to be had. */
static void
forget_grant(struct guard_run *r, enum guard_state state)
{
	if (state == GUARD_RECORDING || state == GUARD_GRANTING)
		r->granted--;
	if (state == GUARD_GRANTING)
		r->guard->orphans++;
}

static void
forget_pending(struct guard_run *r)
{
	struct guard_pending **at = &r->guard->pending;

	while (*at != NULL) {
		struct guard_pending *p = *at;

		if (p->run != r) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		forget_grant(r, r->destinations[p->destination].state);
		r->destinations[p->destination].pending = NULL;
		free(p);
	}
	r->looking = r->asked = 0;
}

/* What is only a number of destinations has a last line of its own. */
static void
record_left_out(struct guard_run *r)
{
	const struct guard_owner *o = &r->guard->owner;
	struct cordon_error ignored = { 0 };

	if (r->left_out > 0)
		(void)o->record(o->context, r->number, UINT32_MAX,
			&(const struct guard_line){ .port = GUARD_NO_PORT,
				.reason = "net.not_listed",
				.left_out = r->left_out },
			&ignored);
	r->left_out = 0;
}

void
guard_run_over(struct guard_run *r)
{
	const struct guard_owner *o = &r->guard->owner;
	const int told = r->state == GUARD_RUN_ENDING;

	cordon_timer_remove(r->patience);
	r->patience = NULL;
	forget_pending(r);
	guard_grants_forget(r);
	r->state = GUARD_RUN_OVER;
	if (told) {
		record_left_out(r);
		o->ended(o->context, r->number);
	}
}

static void
on_patience(void *context)
{
	struct guard_run *r = context;
	struct cordon_error err;

	cordon_fail(&err, CORDON_EPEER, 0, "the relay does not answer");
	guard_break(r->guard, &err);
}

int
guard_end(struct guard_run *r)
{
	struct cordon_error err = { 0 };
	struct cordon_writer w;

	forget_pending(r);
	withdraw_all(r);
	if (r->state == GUARD_RUN_OPEN || r->state == GUARD_RUN_OVER) {
		r->state = GUARD_RUN_OVER;
		record_left_out(r);
		return 1;
	}
	if (r->state == GUARD_RUN_ENDING)
		return 0;
	r->state = GUARD_RUN_ENDING;
	r->patience = cordon_loop_timer(r->guard->loop, PATIENCE_MS, 0, on_patience, r, &err);
	if (r->patience == NULL)
		guard_break(r->guard, &err);
	cordon_writer_init(&w, 16);
	cordon_guard_encode_run(r->number, &w);
	guard_tell(r->guard, GUARD_RELAY, CORDON_GUARD_END, &w, NULL, 0);
	return 0;
}

void
guard_run_lose_all(struct guard *g)
{
	struct guard_run *next;

	for (struct guard_run *r = g->runs; r != NULL; r = next) {
		next = r->next; /* the owner may close it when it is over */
		if (r->state != GUARD_RUN_OVER)
			guard_run_over(r);
	}
}

void
guard_close(struct guard_run *r)
{
	struct guard_run **at;

	if (r == NULL)
		return;
	forget_pending(r);
	withdraw_all(r);
	at = &r->guard->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->guard->run_count--;
	cordon_timer_remove(r->patience);
	for (size_t i = 0; i < r->count; i++)
		free(r->destinations[i].to);
	free(r->destinations);
	for (size_t i = 0; i < r->unlisted_count; i++)
		free(r->unlisted[i]);
	free(r->unlisted);
	guard_session_drop(r->session);
	free(r);
}

/* what is known */

int
guard_line(const struct guard_run *r, size_t i, struct guard_line *ret)
{
	if (i < r->count) {
		const struct guard_destination *d = &r->destinations[i];

		*ret = (struct guard_line){ .host = d->to->host.text,
			.port = d->to->port,
			.allowed = d->was_allowed,
			.reason = d->was_allowed && d->traffic.reason[0] != '\0' ? d->traffic.reason
										 : d->reason,
			.traffic = d->traffic };
		return 0;
	}
	if (i - r->count >= r->unlisted_count)
		return -1;
	*ret = (struct guard_line){
		.host = r->unlisted[i - r->count], .port = GUARD_NO_PORT, .reason = "net.not_listed"
	};
	return 0;
}

void
guard_record_refused(struct guard_run *r, const char *host, uint32_t port, const char *reason)
{
	const struct guard_owner *o = &r->guard->owner;
	struct cordon_error ignored = { 0 };

	if (r->recorded == GUARD_RECORDED) {
		r->left_out++;
		return;
	}
	r->recorded++;
	(void)o->record(o->context, r->number, UINT32_MAX,
		&(const struct guard_line){ .host = host, .port = port, .reason = reason },
		&ignored);
}

struct guard_run *
guard_run_find(const struct guard *g, uint64_t number)
{
	for (struct guard_run *r = g->runs; r != NULL; r = r->next)
		if (r->number == number)
			return r;
	return NULL;
}

void
guard_recorded(struct guard *g, uint64_t run, uint32_t destination, const struct cordon_error *why)
{
	struct guard_run *r = guard_run_find(g, run);

	if (r != NULL && destination < r->count)
		guard_judge_recorded(r, destination, why);
}

void
guard_unrecorded(struct guard *g, const struct cordon_error *why)
{
	for (struct guard_run *r = g->runs; r != NULL; r = r->next)
		for (uint32_t i = 0; i < r->count; i++)
			guard_judge_recorded(r, i, why);
}
