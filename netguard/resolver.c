/* The way of a lookup. It waits for a lane; a lane tries one server after the other, in rounds: by UDP, and by TCP what was
 * cut. A question that has an answer is not put again, unless the server said that it cannot answer. What came is
 * judged when both questions have an answer; one that has none in the end refuses the name, for nobody knows what
 * it would have been.
 *
 * A well-formed lie ends the lookup at once. An answer that does not fit its query (another id, another question) is
 * waited out, being perhaps somebody else's; when nothing better comes until the time is over, that is the reason.
 *
 * calls: none */
#include <errno.h>
#include <stdlib.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "resolve_parts.h"

/* What went wrong in a lane; the greatest is what is told. */
enum trouble { TROUBLE_NONE, TROUBLE_UNREACHABLE, TROUBLE_SILENT, TROUBLE_FAILED, TROUBLE_LIED };

struct lookup {
	struct lookup *next;
	struct resolver *resolver;
	struct lane *lane; /* NULL: it waits for one */
	struct cordon_host name;
	resolver_fn *fn;
	void *context;
};

struct lane {
	struct resolver *resolver;
	struct ask *ask;
	struct lookup *lookup; /* NULL: idle */
	struct resolver_server servers[RESOLVER_SERVERS]; /* as they were when it began */
	unsigned server_count, tries;
	unsigned open; /* bits of the types that have no answer yet */
	int by_tcp;
	unsigned asking; /* bits of this try */
	struct dial_call *call;
	struct cordon_timer *timer;
	enum trouble trouble;
	enum dns_upstream_verdict verdicts[ASK_TYPES];
	struct dns_upstream answers[ASK_TYPES];
};

struct resolver {
	struct cordon_loop *loop;
	struct dial *dial;
	struct resolver_options options;
	struct resolver_server servers[RESOLVER_SERVERS];
	unsigned server_count;
	struct lane lanes[RESOLVER_LANES];
	struct lookup *waiting;
	unsigned count;
	struct cordon_timer *kick;
};

static void kick(struct resolver *r);
static void try_next(struct lane *l);
static void dial_server(struct lane *l);

static void
note(struct lane *l, enum trouble trouble)
{
	if (trouble > l->trouble)
		l->trouble = trouble;
}

/* Frees the lane and the lookup's place, but not the lookup. */
static struct lookup *
release(struct lane *l)
{
	struct lookup *lookup = l->lookup;

	dial_cancel(l->call);
	l->call = NULL;
	cordon_timer_remove(l->timer);
	l->timer = NULL;
	ask_give_up(l->ask);
	l->lookup = NULL;
	l->resolver->count--;
	kick(l->resolver);
	return lookup;
}

static void
tell_trouble(const struct lane *l, struct resolved *ret)
{
	static const struct {
		const char *reason, *text;
	} words[] = {
		[TROUBLE_NONE] = { "net.dns_unreachable", "there is no resolver" },
		[TROUBLE_UNREACHABLE] = { "net.dns_unreachable", "its resolver cannot be reached" },
		[TROUBLE_SILENT] = { "net.dns_timeout", "its resolver does not answer" },
		[TROUBLE_FAILED] = { "net.dns_failed", "its resolver could not answer" },
		[TROUBLE_LIED] = { "net.dns_lie", "what came were answers to something else" },
	};

	*ret = (struct resolved){ 0 };
	cordon_fail(&ret->error, CORDON_EPOLICY, 0, "'%s' was not resolved: %s",
		l->lookup->name.text, words[l->trouble].text);
	(void)cordon_because(&ret->error, words[l->trouble].reason);
}

static void
finish(struct lane *l)
{
	const struct resolver_options *o = &l->resolver->options;
	struct resolved resolved;
	struct lookup *lookup;

	if (l->open == 0)
		resolved_judge(&l->lookup->name, l->verdicts, l->answers, o->local, o->local_count,
			&resolved);
	else
		tell_trouble(l, &resolved);
	lookup = release(l);
	lookup->fn(lookup->context, &resolved);
	free(lookup);
}

static int
is_sound(enum dns_upstream_verdict verdict)
{
	return verdict == DNS_UPSTREAM_ADDRESSES || verdict == DNS_UPSTREAM_NODATA;
}

/* Takes what a try has brought. Returns the bits of what has to be asked by TCP. */
static unsigned
take_results(struct lane *l)
{
	unsigned cut = 0;

	for (unsigned i = 0; i < ASK_TYPES; i++) {
		const struct ask_question *q = ask_result(l->ask, i);

		if ((l->asking & 1u << i) == 0)
			continue;
		if (q->result == ASK_BROKEN) {
			note(l, TROUBLE_UNREACHABLE);
		} else if (q->result != ASK_ANSWERED) {
			note(l, ask_was_lied_to(l->ask) ? TROUBLE_LIED : TROUBLE_SILENT);
		} else if (q->verdict == DNS_UPSTREAM_FAILED) {
			note(l, TROUBLE_FAILED);
		} else if (q->verdict == DNS_UPSTREAM_TRUNCATED && !l->by_tcp) {
			cut |= 1u << i;
		} else {
			l->open &= ~(1u << i);
			l->verdicts[i] = q->verdict;
			l->answers[i] = q->answer;
			/* The other one cannot make it good. */
			if (!is_sound(q->verdict)) {
				l->verdicts[!i] = DNS_UPSTREAM_NODATA;
				l->answers[!i] = (struct dns_upstream){ 0 };
				l->open = 0;
				return 0;
			}
		}
	}
	return cut;
}

/* The try is over. */
static void
done(void *context)
{
	struct lane *l = context;
	unsigned cut;

	if (l->lookup == NULL)
		return;
	cordon_timer_remove(l->timer);
	l->timer = NULL;
	cut = take_results(l);
	if (l->open != 0 && cut != 0) {
		l->by_tcp = 1;
		l->asking = cut;
		dial_server(l);
	} else if (l->open != 0) {
		try_next(l);
	} else {
		finish(l);
	}
}

static const struct resolver_server *
server_of(const struct lane *l)
{
	return &l->servers[(l->tries - 1) % l->server_count];
}

static void
late(void *context)
{
	struct lane *l = context;

	if (l->call != NULL) {
		dial_cancel(l->call);
		l->call = NULL;
		cordon_timer_remove(l->timer);
		l->timer = NULL;
		note(l, TROUBLE_SILENT);
		try_next(l);
		return;
	}
	ask_give_up(l->ask);
	done(l);
}

static void
dialed(void *context, int fd, enum cordon_dial_why why, int sys)
{
	struct lane *l = context;

	(void)sys;
	l->call = NULL;
	if (fd < 0) {
		note(l, why == CORDON_DIAL_TIMEOUT ? TROUBLE_SILENT : TROUBLE_UNREACHABLE);
		cordon_timer_remove(l->timer);
		l->timer = NULL;
		try_next(l);
	} else if (ask_begin(l->ask, fd, l->by_tcp, server_of(l), &l->lookup->name, l->asking) <
		   0) {
		done(l);
	}
}

/* Of a lane that has just been given up by a call of its own. */
static void
begin_failed(void *context)
{
	struct lane *l = context;

	cordon_timer_remove(l->timer);
	l->timer = NULL;
	note(l, TROUBLE_UNREACHABLE);
	try_next(l);
}

/* For this try's socket. Where the dialer cannot be asked, the timer says so, so that nothing here goes in circles. */
static void
dial_server(struct lane *l)
{
	const struct resolver_server *server = server_of(l);
	struct resolver *r = l->resolver;
	struct cordon_error err;

	l->call = dial_begin(r->dial, l->by_tcp ? server->tcp_grant : server->udp_grant, server->at,
		dialed, l, &err);
	l->timer = cordon_loop_timer(r->loop, l->call == NULL ? 0 : r->options.timeout_ms, 0,
		l->call == NULL ? begin_failed : late, l, &err);
	if (l->timer == NULL) {
		note(l, TROUBLE_UNREACHABLE);
		finish(l);
	}
}

static void
try_next(struct lane *l)
{
	if (l->tries >= l->server_count * l->resolver->options.rounds) {
		finish(l);
		return;
	}
	l->tries++;
	l->by_tcp = 0;
	l->asking = l->open;
	dial_server(l);
}

static struct lane *
idle_lane(struct resolver *r)
{
	for (unsigned i = 0; i < RESOLVER_LANES; i++)
		if (r->lanes[i].lookup == NULL)
			return &r->lanes[i];
	return NULL;
}

static void
start(struct lane *l, struct lookup *lookup)
{
	const struct resolver *r = l->resolver;

	l->lookup = lookup;
	lookup->lane = l;
	for (unsigned i = 0; i < r->server_count; i++)
		l->servers[i] = r->servers[i];
	l->server_count = r->server_count;
	l->tries = 0;
	l->trouble = TROUBLE_NONE;
	l->open = (1u << ASK_TYPES) - 1;
	try_next(l);
}

static void
kicked(void *context)
{
	struct resolver *r = context;
	struct lane *l;

	cordon_timer_remove(r->kick);
	r->kick = NULL;
	while (r->waiting != NULL && (l = idle_lane(r)) != NULL) {
		struct lookup *lookup = r->waiting;

		r->waiting = lookup->next;
		start(l, lookup);
	}
}

/* Who waits gets a lane when everybody has left. Without memory for that, with the next lookup that begins or ends. */
static void
kick(struct resolver *r)
{
	struct cordon_error ignored;

	if (r->kick == NULL && r->waiting != NULL)
		r->kick = cordon_loop_timer(r->loop, 0, 0, kicked, r, &ignored);
}

struct resolver *
resolver_create(struct cordon_loop *loop, struct dial *dial, const struct resolver_options *options,
	struct cordon_error *err)
{
	struct resolver *r = cordon_array(1, sizeof(*r));

	if (r == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a resolver");
		return NULL;
	}
	r->loop = loop;
	r->dial = dial;
	r->options = *options;
	for (unsigned i = 0; i < RESOLVER_LANES; i++) {
		struct lane *l = &r->lanes[i];

		l->resolver = r;
		l->ask = ask_create(loop, done, l, err);
		if (l->ask == NULL) {
			resolver_destroy(r);
			return NULL;
		}
	}
	return r;
}

void
resolver_destroy(struct resolver *r)
{
	if (r == NULL)
		return;
	while (r->waiting != NULL)
		resolver_cancel(r->waiting);
	for (unsigned i = 0; i < RESOLVER_LANES; i++) {
		if (r->lanes[i].lookup != NULL)
			resolver_cancel(r->lanes[i].lookup);
		ask_destroy(r->lanes[i].ask);
	}
	cordon_timer_remove(r->kick);
	free(r);
}

int
resolver_set_servers(struct resolver *r, const struct resolver_server *servers, unsigned count,
	struct cordon_error *err)
{
	if (count > RESOLVER_SERVERS)
		return cordon_fail(
			err, CORDON_ELIMIT, 0, "at most %u resolvers are asked", RESOLVER_SERVERS);
	for (unsigned i = 0; i < count; i++)
		r->servers[i] = servers[i];
	r->server_count = count;
	return 0;
}

struct lookup *
resolver_begin(struct resolver *r, const struct cordon_host *name, resolver_fn *fn, void *context,
	struct cordon_error *err)
{
	struct lookup *lookup, **last = &r->waiting;

	if (name->kind != CORDON_HOST_NAME) {
		cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is no name", name->text);
		return NULL;
	}
	if (r->count == RESOLVER_LOOKUPS) {
		cordon_fail(err, CORDON_ELIMIT, 0, "too many names are being looked up");
		(void)cordon_because(err, "limit.lookups");
		return NULL;
	}
	lookup = cordon_array(1, sizeof(*lookup));
	if (lookup == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look up '%s'", name->text);
		return NULL;
	}
	*lookup = (struct lookup){ .resolver = r, .name = *name, .fn = fn, .context = context };
	while (*last != NULL)
		last = &(*last)->next;
	*last = lookup;
	r->count++;
	kick(r);
	if (r->kick == NULL) {
		resolver_cancel(lookup);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not look up '%s'", name->text);
		return NULL;
	}
	return lookup;
}

void
resolver_cancel(struct lookup *lookup)
{
	struct resolver *r;
	struct lookup **at;

	if (lookup == NULL)
		return;
	r = lookup->resolver;
	if (lookup->lane != NULL) {
		(void)release(lookup->lane);
		free(lookup);
		return;
	}
	at = &r->waiting;
	while (*at != lookup)
		at = &(*at)->next;
	*at = lookup->next;
	r->count--;
	free(lookup);
}
