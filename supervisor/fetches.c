#include "fetches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#include "conduct.h"
#include "fetching.h"
#include "network_judge.h"
#include "record.h"
#include "result.h"
#include "serve_ledger.h"

struct fetch {
	struct fetch *next;
	struct serve *serve;
	struct caller *caller;
	struct session *session;
	const struct cordon_profile *profile;
	uint64_t number, request;
	char id[RUN_ID];
	uint8_t digest[CORDON_DIGEST_SIZE]; /* of what was asked for */
	struct fetching *fetching;
};

/* the list */

static void
drop(struct fetch *f)
{
	struct fetch **at = &f->serve->fetches;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->serve->fetch_count--;
	f->caller->fetches--;
	fetching_end(f->fetching);
	free(f);
}

static struct fetch *
add(struct caller *c, const struct rpc_fetch *r, struct cordon_error *err)
{
	struct serve *s = c->serve;
	struct fetch *f;

	if (c->fetches >= RPC_FETCHES || s->fetch_count >= FETCHES_MAX) {
		cordon_fail(err, CORDON_ELIMIT, 0, "there are already %u fetches",
			c->fetches >= RPC_FETCHES ? c->fetches : s->fetch_count);
		(void)cordon_because(err, "limit.fetches");
		return NULL;
	}
	f = cordon_array(1, sizeof(*f));
	if (f == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin a fetch");
		return NULL;
	}
	*f = (struct fetch){ .next = s->fetches,
		.serve = s,
		.caller = c,
		.number = FETCHES_FIRST + s->fetch_sequence++,
		.request = r->request };
	s->fetches = f;
	s->fetch_count++;
	c->fetches++;
	return f;
}

void
fetches_abandon(struct serve *s, const struct caller *c, const struct session *session)
{
	struct fetch *next;

	for (struct fetch *f = s->fetches; f != NULL; f = next) {
		struct cordon_error why = { 0 };

		next = f->next;
		if (f->caller != c || (session != NULL && f->session != session))
			continue;
		cordon_fail(&why, CORDON_EPOLICY, 0, "the session was closed");
		(void)cordon_because(&why, "request.cancelled");
		if (session != NULL)
			caller_refuse(f->caller, f->request, &why, "");
		drop(f);
	}
}

void
fetches_cancel(struct caller *c, uint64_t request)
{
	struct cordon_error why = { 0 };

	for (struct fetch *f = c->serve->fetches; f != NULL; f = f->next) {
		if (f->caller != c || f->request != request)
			continue;
		cordon_fail(&why, CORDON_EPOLICY, 0, "the request was cancelled");
		(void)cordon_because(&why, "request.cancelled");
		caller_refuse(c, request, &why, "");
		drop(f);
		return;
	}
}

void
fetches_stop(struct serve *s)
{
	struct cordon_error why = { 0 };

	cordon_fail(&why, CORDON_EPOLICY, 0, "the operator has stopped everything");
	(void)cordon_because(&why, "supervisor.frozen");
	while (s->fetches != NULL) {
		caller_refuse(s->fetches->caller, s->fetches->request, &why, "");
		drop(s->fetches);
	}
}

/* the record */

int
fetches_record(struct serve *s, uint64_t number, uint32_t destination,
	const struct guard_line *line, struct cordon_error *err)
{
	const struct fetch *f = s->fetches;
	struct record_connect connect;
	size_t size = 0;
	char *payload;

	while (f != NULL && f->number != number)
		f = f->next;
	if (f == NULL) {
		cordon_fail(err, CORDON_EPOLICY, 0, "there is no such fetch");
		return cordon_because(err, "ledger.failed");
	}
	connect = (struct record_connect){ .run = f->id,
		.uid = f->caller->uid,
		.session = f->session->key,
		.profile = f->profile->name,
		.line = line };
	payload = record_connect(&connect, &size);
	return serve_ledger_put_destination(
		s, f->caller, number, destination, line, payload, size, err);
}

/* It was asked for, and is not given: to the record, to what watches its session, and to the caller. */
static void
refuse(struct caller *c, const struct rpc_start *who, struct session *session,
	const uint8_t *digest, struct cordon_error *why)
{
	serve_ledger_refused(c, who, why, "", NULL);
	conduct_refused(c, session, digest, why);
	caller_refuse(c, who->request, why, "");
}

/* boundaries of a session */

static void
remember(struct session *s, const char *boundary)
{
	char *at = s->boundaries[s->boundary_count++ % CORDON_FETCH_EARLIER];

	memcpy(at, boundary, CORDON_FETCH_BOUNDARY);
}

static void
recall(const struct session *s, struct cordon_fetch_request *ret)
{
	ret->earlier_count =
		s->boundary_count < CORDON_FETCH_EARLIER ? s->boundary_count : CORDON_FETCH_EARLIER;
	memcpy(ret->earlier, s->boundaries, sizeof(ret->earlier));
}

/* what came of it */

/* The caller's copy of a page, or -1. */
static int
share(int fd, struct cordon_error *err)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy >= 0 ? copy
			 : cordon_fail(err, CORDON_ESYS, errno, "could not hand over a page");
}

static int
answer(struct fetch *f, const struct fetching_answer *a, struct cordon_error *err)
{
	const int theirs[] = { a->body, a->wrapped };
	struct cordon_writer w;
	int fds[2] = { -1, -1 };
	unsigned count = 0;

	for (; count < 2 && theirs[count] >= 0; count++) {
		fds[count] = share(theirs[count], err);
		if (fds[count] < 0) {
			cordon_fd_close_p(&fds[0]);
			return -1;
		}
	}
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_fetched_encode(f->request, a->result, &w);
	return caller_hand_over(f->caller, RPC_FETCHED, &w, fds, count, err);
}

/* Why there is no answer but a refusal; CORDON_OK: there is one. */
static void
judge_answer(const struct fetching_answer *a, struct cordon_error *ret)
{
	const struct cordon_fetch_result *r = a->result;

	if (r == NULL) {
		*ret = *a->why;
		if (ret->reason[0] == '\0')
			(void)cordon_because(ret, "floor.network");
	} else if (r->outcome == CORDON_FETCH_BLOCKED || r->outcome == CORDON_FETCH_INVALID) {
		cordon_fail(ret,
			r->outcome == CORDON_FETCH_BLOCKED ? CORDON_EPOLICY : CORDON_EINPUT, 0,
			"%s", r->text);
		(void)cordon_because(ret, r->reason);
	}
}

static void
on_answer(void *context, const struct fetching_answer *a)
{
	struct fetch *f = context;
	struct serve *s = f->serve;
	const struct rpc_start who = { .request = f->request,
		.handle = f->id,
		.session = f->session->key,
		.profile = f->profile->name };
	struct cordon_error why = { 0 };

	judge_answer(a, &why);
	if (why.code == CORDON_OK && answer(f, a, &why) == 0) {
		conduct_fetched(f->caller, f->session, f->digest, a->result->reason);
		if (a->result->boundary[0] != '\0')
			remember(f->session, a->result->boundary);
	} else {
		refuse(f->caller, &who, f->session, f->digest, &why);
	}
	drop(f);
	callers_reap(s);
}

/* beginning */

static struct guard_session *
pins_of(struct session *session, struct cordon_error *err)
{
	if (session->network == NULL)
		session->network = guard_session_create();
	if (session->network == NULL)
		(void)cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a network");
	return session->network;
}

static int
begin(struct caller *c, const struct rpc_fetch *r, struct session *session,
	const struct cordon_profile *profile, const uint8_t *digest, struct cordon_error *err)
{
	struct cordon_fetch_request what = r->what;
	struct fetching_options options = {
		.guard = c->serve->guard, .profile = profile, .request = &what, .fn = on_answer
	};
	struct fetch *f;

	if (!cordon_network_opens(&profile->network)) {
		cordon_fail(
			err, CORDON_EPOLICY, 0, "the profile '%s' has no network", profile->name);
		return cordon_because(err, "net.not_listed");
	}
	f = add(c, r, err);
	if (f == NULL)
		return -1;
	f->session = session;
	f->profile = profile;
	memcpy(f->digest, digest, sizeof(f->digest));
	options.number = f->number;
	options.session = pins_of(session, err);
	options.context = f;
	recall(session, &what);
	if (options.session != NULL && result_make_id(f->id, err) == 0)
		f->fetching = fetching_begin(c->serve->loop, &options, err);
	if (f->fetching != NULL)
		return 0;
	drop(f);
	return -1;
}

/* Who asks, and by whose rules. *ret_session is set in any case when there is one. */
static const struct cordon_profile *
find_profile(struct caller *c, const char *key, const char *name, struct session **ret_session,
	struct cordon_error *err)
{
	if (conduct_check_serving(c, err) < 0)
		return NULL;
	*ret_session = sessions_open(&c->sessions, key, err);
	if (*ret_session == NULL || conduct_check(c, *ret_session, err) < 0)
		return NULL;
	return name[0] == '\0' ? (*ret_session)->profile
			       : conduct_profile(c, *ret_session, name, err);
}

void
fetches_start(struct caller *c, const struct rpc_fetch *r)
{
	struct cordon_error why = { 0 };
	struct session *session = NULL;
	const struct cordon_profile *profile =
		find_profile(c, r->session, r->profile, &session, &why);
	char none[] = "";
	const struct rpc_start who = {
		.request = r->request, .handle = none, .session = r->session, .profile = r->profile
	};
	uint8_t digest[CORDON_DIGEST_SIZE];

	conduct_digest_fetch(r, digest);
	if (profile == NULL || begin(c, r, session, profile, digest, &why) < 0)
		refuse(c, &who, session, digest, &why);
}

/* deciding alone */

static void
decide_url(const struct network_verdict *v, enum cordon_url_scheme scheme, struct rpc_checked *ret)
{
	enum cordon_decision decision = v->verdict;
	const char *reason = v->reason;

	/* As fetching.c has it. */
	if (decision != CORDON_REFUSE && v->as != CORDON_AS_OPAQUE &&
		(v->as == CORDON_AS_TLS) != (scheme == CORDON_URL_HTTPS)) {
		decision = CORDON_REFUSE;
		reason = "net.scheme";
	}
	ret->decision = (char *)(uintptr_t)cordon_decision_name(decision);
	ret->reason = (char *)(uintptr_t)reason;
}

void
fetches_check(struct caller *c, const struct rpc_check_url *r)
{
	struct cordon_error why = { 0 };
	struct session *session = NULL;
	const struct cordon_profile *profile =
		find_profile(c, r->session, r->profile, &session, &why);
	struct network_policy *policy =
		profile == NULL ? NULL : network_policy_create(&profile->network, &why);
	struct rpc_checked checked = { .request = r->request };
	struct network_verdict verdict;
	struct cordon_writer w;

	if (policy == NULL) {
		caller_refuse(c, r->request, &why, "");
		return;
	}
	verdict = network_judge(policy, &r->what.to, NULL, 0);
	decide_url(&verdict, r->what.scheme, &checked);
	cordon_writer_init(&w, 1024);
	rpc_checked_encode(&checked, &w);
	network_policy_destroy(policy);
	caller_send(c, RPC_CHECKED, &w);
}
