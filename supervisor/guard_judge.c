/* What becomes of one destination: the profile's word, what its name leads to, the record, the grant, in this order
 * (struct guard_destination has the states). */
#include "guard_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/rate.h>

#define LOOKUPS            32u /* of one run at one time, so that others have theirs */
#define CONNECT_TIMEOUT_MS 15000u
#define LASTING_MS         UINT32_MAX /* an address is what it is */
#define SOON_MS            1000u /* when it may be asked again what was no verdict */

/* answers */

static struct guard_destination *
destination_of(const struct guard_pending *p)
{
	return &p->run->destinations[p->destination];
}

static void
drop(struct guard_pending *p)
{
	struct guard_pending **at = &p->run->guard->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	destination_of(p)->pending = NULL;
	free(p);
}

/* fresh_ms: 0: for as long as the run lives. Drops what is pending. */
static void
refuse(struct guard_run *r, uint32_t number, const char *reason, uint32_t fresh_ms)
{
	struct guard_destination *d = &r->destinations[number];
	struct cordon_guard_refuse words = {
		.run = r->number, .destination = number, .fresh_ms = fresh_ms
	};
	struct cordon_writer w;

	(void)snprintf(words.reason, sizeof(words.reason), "%s",
		reason[0] == '\0' ? "net.refused" : reason);
	if (strcmp(d->reason, words.reason) != 0)
		guard_record_refused(r, d->to->host.text, d->to->port, words.reason);
	memcpy(d->reason, words.reason, sizeof(d->reason));
	if (d->state == GUARD_RECORDING || d->state == GUARD_GRANTING)
		r->granted--;
	d->state = GUARD_REFUSED;
	if (d->pending != NULL)
		drop(d->pending);
	guard_withdraw(r, d);
	if (r->answers.refuse != NULL) {
		r->answers.refuse(r->answers.context, words.reason);
		return;
	}
	cordon_writer_init(&w, 256);
	cordon_guard_encode_refuse(&words, &w);
	guard_tell(r->guard, GUARD_RELAY, CORDON_GUARD_REFUSE, &w, NULL, 0);
}

static void
refuse_pending(struct guard_pending *p, const char *reason, uint32_t fresh_ms)
{
	refuse(p->run, p->destination, reason, fresh_ms);
}

static void
allow(struct guard_pending *p)
{
	struct guard_destination *d = destination_of(p);
	const struct cordon_guard_allow words = { .run = p->run->number,
		.destination = p->destination,
		.as = d->as,
		.ech = d->ech,
		.fresh_ms = p->fresh_ms,
		.grant = p->grant };
	struct cordon_writer w;

	d->state = GUARD_ALLOWED;
	d->was_allowed = 1;
	d->reason[0] = '\0';
	d->fresh_until_ms = p->fresh_ms == LASTING_MS ? UINT64_MAX : cordon_now_ms() + p->fresh_ms;
	guard_grant_follows(p->run, d, p->grant.id);
	if (p->run->answers.allow != NULL) {
		const struct guard_answers *a = &p->run->answers;

		drop(p);
		a->allow(a->context, &words);
		return;
	}
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_allow(&words, &w);
	guard_tell(p->run->guard, GUARD_RELAY, CORDON_GUARD_ALLOW, &w, NULL, 0);
	drop(p);
}

static void
grant(struct guard_pending *p)
{
	struct guard *g = p->run->guard;
	struct guard_destination *d = destination_of(p);
	struct cordon_writer w;

	d->state = GUARD_GRANTING;
	p->id = p->grant.id = g->next_id++;
	cordon_writer_init(&w, 1024);
	cordon_dial_encode_grant(&p->grant, &w);
	guard_tell(g, GUARD_DIALER, CORDON_DIAL_GRANT, &w, NULL, 0);
}

/* What the resolver said, as pins take it. */
static void
resolved_of(const struct guard_pending *p, struct resolved *ret)
{
	*ret = (struct resolved){ .count = p->grant.count, .ttl_s = p->ttl_s };
	memcpy(ret->addresses, p->grant.addresses, sizeof(ret->addresses));
}

/* A name that leads here, or to an address that this host has got by now. Returns the reason. */
static const char *
settle_forbidden(struct guard_pending *p)
{
	struct guard_destination *d = destination_of(p);
	struct resolved resolved = { 0 };
	struct cordon_error err = { 0 };
	const struct pin *pin;

	if (d->to->host.kind != CORDON_HOST_NAME || !p->found)
		return "net.private_address";
	cordon_fail(&resolved.error, CORDON_EPOLICY, 0, "it is one of this host's addresses");
	(void)cordon_because(&resolved.error, "net.private_address");
	if (pins_settle(p->run->session->pins, &d->to->host, &resolved, cordon_now_ms(), &pin,
		    &err) < 0 &&
		strcmp(err.reason, "net.rebind") == 0)
		return "net.rebind";
	return "net.private_address";
}

static struct guard_pending *
find(const struct guard *g, enum guard_state state, uint64_t id)
{
	for (struct guard_pending *p = g->pending; p != NULL; p = p->next)
		if (p->id == id && destination_of(p)->state == state)
			return p;
	return NULL;
}

void
guard_run_granted(struct guard *g, const struct cordon_dial_word *word, int fine)
{
	struct guard_pending *p = find(g, GUARD_GRANTING, word->id);
	struct resolved resolved;
	struct cordon_error err = { 0 };
	const struct pin *pin;

	if (p == NULL) { /* of a run that has ended meanwhile */
		g->orphans -= g->orphans > 0;
		if (fine)
			guard_withdraw_one(g, word->id);
	} else if (!fine && word->why == CORDON_DIAL_FORBIDDEN) {
		refuse_pending(p, settle_forbidden(p), SOON_MS);
	} else if (!fine) {
		refuse_pending(p, cordon_dial_why_reason(word->why), SOON_MS);
	} else if (p->found) {
		resolved_of(p, &resolved);
		if (pins_settle(p->run->session->pins, &destination_of(p)->to->host, &resolved,
			    cordon_now_ms(), &pin, &err) == 0) {
			allow(p);
			return;
		}
		guard_withdraw_one(g, word->id);
		refuse_pending(p, err.reason, SOON_MS);
	} else {
		allow(p);
	}
}

/* the record */

static void
record(struct guard_pending *p)
{
	const struct guard_owner *o = &p->run->guard->owner;
	struct guard_destination *d = destination_of(p);
	struct cordon_error err = { 0 };
	int result;

	if (!guard_grant_fits(p->run)) {
		refuse_pending(p, "net.budget", SOON_MS);
		return;
	}
	p->run->granted++;
	d->state = GUARD_RECORDING;
	result = o->record(o->context, p->run->number, p->destination,
		&(const struct guard_line){ .host = d->to->host.text,
			.port = d->to->port,
			.allowed = 1,
			.reason = "",
			.addresses = p->grant.addresses,
			.address_count = p->grant.count },
		&err);
	if (result < 0)
		refuse_pending(p, err.reason[0] == '\0' ? "ledger.failed" : err.reason, SOON_MS);
	else if (result > 0)
		grant(p);
}

void
guard_judge_recorded(struct guard_run *r, uint32_t number, const struct cordon_error *why)
{
	struct guard_pending *p = r->destinations[number].pending;

	if (p == NULL || r->destinations[number].state != GUARD_RECORDING)
		return;
	if (why != NULL)
		refuse_pending(p, why->reason[0] == '\0' ? "ledger.failed" : why->reason, SOON_MS);
	else
		grant(p);
}

/* names */

/* Whether all may be dialed at that port; one that may not refuses the name. */
static int
check_addresses(struct guard_pending *p)
{
	const char *reason = "";

	for (unsigned i = 0; i < p->grant.count; i++)
		if (network_refuses_address(p->run->policy, &p->grant.addresses[i], p->grant.port,
			    NULL, 0, &reason)) {
			refuse_pending(p,
				strcmp(reason, "net.private_address") == 0 ? settle_forbidden(p)
									   : reason,
				0);
			return -1;
		}
	return 0;
}

static void
use_pin(struct guard_pending *p, const struct pin *pin, uint64_t now_ms)
{
	memcpy(p->grant.addresses, pin->addresses, sizeof(p->grant.addresses));
	p->grant.count = pin->count;
	p->fresh_ms = (uint32_t)(pin->expires_ms - now_ms);
	if (check_addresses(p) == 0)
		record(p);
}

static void
look_up(struct guard_pending *p)
{
	struct guard *g = p->run->guard;

	if (p->run->looking >= LOOKUPS) {
		refuse_pending(p, "limit.lookups", SOON_MS);
		return;
	}
	p->run->looking++;
	p->id = g->next_id++;
	destination_of(p)->state = GUARD_LOOKING;
	guard_lookups_go_on(g);
}

static void
refuse_unresolved(struct guard_pending *p, const struct cordon_guard_found *found)
{
	struct resolved resolved = { 0 };
	struct cordon_error err = { 0 };
	const struct pin *pin;

	cordon_fail(&resolved.error, CORDON_EPOLICY, 0, "%s", found->text);
	(void)cordon_because(&resolved.error, found->reason);
	if (pins_settle(p->run->session->pins, &destination_of(p)->to->host, &resolved,
		    cordon_now_ms(), &pin, &err) == 0)
		use_pin(p, pin, cordon_now_ms()); /* somebody else has just found it */
	else
		refuse_pending(p, err.reason, strcmp(err.reason, "net.rebind") == 0 ? 0 : SOON_MS);
}

static void
take_found(struct guard_pending *p, const struct cordon_guard_found *found)
{
	p->run->looking--;
	p->run->asked--;
	if (found->reason[0] != '\0') {
		refuse_unresolved(p, found);
		return;
	}
	memcpy(p->grant.addresses, found->addresses, sizeof(p->grant.addresses));
	p->grant.count = found->count;
	p->found = 1;
	p->ttl_s = found->ttl_s;
	p->fresh_ms = found->ttl_s * 1000;
	if (check_addresses(p) == 0)
		record(p);
}

int
guard_run_found(struct guard *g, const struct cordon_guard_found *found, struct cordon_error *err)
{
	struct guard_pending *p = find(g, GUARD_LOOKING, found->id);

	if (g->asked == 0 || (p != NULL && !p->asked))
		return cordon_fail(err, CORDON_EPEER, 0, "it answers what nobody has asked");
	g->asked--;
	if (p != NULL) /* else of a run that has ended meanwhile */
		take_found(p, found);
	guard_lookups_go_on(g);
	return 0;
}

/* the profile's word */

static enum cordon_guard_as
as_of(enum cordon_network_as as)
{
	switch (as) {
	case CORDON_AS_TLS:
		return CORDON_GUARD_TLS;
	case CORDON_AS_HTTP:
		return CORDON_GUARD_HTTP;
	case CORDON_AS_OPAQUE:
		return CORDON_GUARD_OPAQUE;
	case CORDON_AS_PORT:
	case CORDON_AS_COUNT:
		break;
	}
	return CORDON_GUARD_TLS; /* the strictest of what cannot be */
}

static struct guard_pending *
begin(struct guard_run *r, uint32_t number, const struct network_verdict *verdict)
{
	struct guard_pending *p = cordon_array(1, sizeof(*p));
	struct guard_destination *d = &r->destinations[number];

	if (p == NULL)
		return NULL;
	*p = (struct guard_pending){ .next = r->guard->pending,
		.run = r,
		.destination = number,
		.grant = { .asker = r->asker,
			.kind = verdict->dial != NULL ? CORDON_DIAL_PRIVATE : CORDON_DIAL_PUBLIC,
			.port = d->to->port,
			.timeout_ms = CONNECT_TIMEOUT_MS } };
	r->guard->pending = p;
	d->pending = p;
	d->as = as_of(verdict->as);
	d->ech = verdict->ech;
	return p;
}

static void
go_on(struct guard_pending *p, const struct network_verdict *verdict)
{
	const struct cordon_host *host = &destination_of(p)->to->host;
	const uint64_t now_ms = cordon_now_ms();
	const struct pin *pin;

	if (verdict->dial != NULL || host->kind == CORDON_HOST_ADDRESS) {
		p->grant.addresses[0] = verdict->dial != NULL ? *verdict->dial : host->address;
		p->grant.count = 1;
		p->fresh_ms = LASTING_MS;
		record(p);
		return;
	}
	switch (pins_look(p->run->session->pins, host, now_ms, &pin)) {
	case PINS_FRESH:
		use_pin(p, pin, now_ms);
		break;
	case PINS_REFUSED:
		refuse_pending(p, "net.rebind", 0);
		break;
	case PINS_UNKNOWN:
		look_up(p);
		break;
	}
}

/* The destination of the question: the next one, or one that was answered. NULL with *err set. */
static struct guard_destination *
take(struct guard_run *r, const struct cordon_guard_ask *ask, struct cordon_error *err)
{
	struct guard_destination *d;

	if (ask->destination < r->count) {
		d = &r->destinations[ask->destination];
		if (d->pending == NULL && d->to->port == ask->to.port &&
			cordon_host_equal(&d->to->host, &ask->to.host))
			return d;
		(void)cordon_fail(err, CORDON_EPEER, 0, "it asks twice at once, or for two things");
		return NULL;
	}
	if (ask->destination != r->count) {
		(void)cordon_fail(err, CORDON_EPEER, 0, "it leaves out a destination");
		return NULL;
	}
	if (cordon_grow(&r->destinations, &r->room, r->count + 1, CORDON_GUARD_DESTINATIONS,
		    sizeof(*r->destinations)) < 0) {
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a destination");
		return NULL;
	}
	d = &r->destinations[r->count];
	*d = (struct guard_destination){ .state = GUARD_JUDGED, .to = malloc(sizeof(*d->to)) };
	if (d->to == NULL) {
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a destination");
		return NULL;
	}
	*d->to = ask->to;
	r->count++;
	return d;
}

int
guard_judge(struct guard_run *r, const struct cordon_guard_ask *ask, struct cordon_error *err)
{
	struct guard_destination *d = take(r, ask, err);
	struct network_verdict verdict;
	struct guard_pending *p;

	if (d == NULL)
		return -1;
	d->state = GUARD_JUDGED;
	/* What this host's own addresses are, the dialer looks up. */
	verdict = network_judge(r->policy, d->to, NULL, 0);
	if (verdict.verdict == CORDON_HOLD) {
		refuse(r, ask->destination, "approval.unreachable", 0);
		return 0;
	}
	if (verdict.verdict != CORDON_ALLOW) {
		refuse(r, ask->destination, verdict.reason, 0);
		return 0;
	}
	p = begin(r, ask->destination, &verdict);
	if (p == NULL)
		refuse(r, ask->destination, "limit.memory", SOON_MS);
	else
		go_on(p, &verdict);
	return 0;
}

int
guard_ask(struct guard_run *r, const struct cordon_endpoint *to, struct cordon_error *err)
{
	struct cordon_guard_ask ask = { .run = r->number, .to = *to };

	while (ask.destination < r->count &&
		(r->destinations[ask.destination].to->port != to->port ||
			!cordon_host_equal(&r->destinations[ask.destination].to->host, &to->host)))
		ask.destination++;
	return guard_judge(r, &ask, err);
}
