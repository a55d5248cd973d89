#include "conduct.h"

#include <stdio.h>
#include <string.h>

#include <cordon/digest.h>
#include <cordon/rate.h>
#include <cordon/rpc_fetch_proto.h>

#include "refusal.h"
#include "serve_ledger.h"

/* An event, for whoever watches over this: the first of its kind, and then each time that there are twice as
 * many. */
static int
is_said(uint64_t count)
{
	return (count & (count - 1)) == 0;
}

/* "", or ' ' and the key, for a sentence. */
#define KEY(session) (session)->key[0] == '\0' ? "" : " ", (session)->key

struct decide_state
conduct_state(const struct caller *c, const struct session *session)
{
	return (struct decide_state){ .runs = c->live,
		.runs_max = RPC_RUNS,
		.wait_ms = breaker_wait_ms(&session->breaker, cordon_now_ms()),
		.suspected = c->suspected || session->suspected };
}

int
conduct_check_serving(const struct caller *c, struct cordon_error *err)
{
	const struct serve *s = c->serve;

	if (!s->frozen && !s->ending)
		return 0;
	cordon_fail(err, CORDON_EPOLICY, 0,
		s->frozen ? "the operator has stopped everything; restart cordon serve"
			  : "cordon is ending");
	return cordon_because(err, "supervisor.frozen");
}

int
conduct_check(const struct caller *c, const struct session *session, struct cordon_error *err)
{
	const struct decide_state state = conduct_state(c, session);
	const struct decision d = decide_session(&state);

	return decide_enforce_session(&d, err);
}

int
conduct_check_names(const struct caller *c, const struct session *session, struct cordon_error *err)
{
	const struct decide_state state = { .suspected = conduct_state(c, session).suspected };
	const struct decision d = decide_session(&state);

	return decide_enforce_session(&d, err);
}

/* A number for what these are, one after the other. */
static uint64_t
number_of(const struct cordon_digest_part *parts, size_t count)
{
	uint8_t digest[CORDON_DIGEST_SIZE];
	uint64_t number = 0;

	if (cordon_digest_parts(parts, count, digest) == 0)
		memcpy(&number, digest, sizeof(number));
	return number;
}

/* names that are not there to be named */

static void
note_wrong_name(struct caller *c, struct session *session, const char *kind, const char *name)
{
	const struct cordon_digest_part parts[] = { { kind, strlen(kind) + 1 },
		{ name, strlen(name) } };
	const uint64_t number = number_of(parts, 2), now = cordon_now_ms();
	struct serve *s = c->serve;

	if (!session->suspected && probe_note(session->wrong, PROBE_SESSION, number, now)) {
		session->suspected = 1;
		serve_ledger_event(c, session->key, "probe.suspected");
		if (is_said(++s->suspected))
			fprintf(stderr,
				"cordon: probe.suspected: the session%s%s of user %u has asked for "
				"%d names that are not its own, and is frozen (%llu times so far)\n",
				KEY(session), c->uid, PROBE_SESSION,
				(unsigned long long)s->suspected);
	}
	if (!c->suspected && probe_note(c->wrong, PROBE_CALLER, number, now)) {
		c->suspected = 1;
		serve_ledger_event(c, "", "probe.suspected");
		if (is_said(++s->suspected))
			fprintf(stderr,
				"cordon: probe.suspected: the sessions of a caller of user %u have "
				"asked for %d names that are not its own, and are frozen (%llu times "
				"so far)\n",
				c->uid, PROBE_CALLER, (unsigned long long)s->suspected);
	}
}

const struct cordon_profile *
conduct_profile(
	struct caller *c, struct session *session, const char *name, struct cordon_error *err)
{
	const struct cordon_profile *profile = catalogue_find(&c->serve->catalogue, name, err);

	if (profile == NULL)
		note_wrong_name(c, session, "profile", name);
	return profile;
}

void
conduct_wrong_run(struct caller *c, const char *name)
{
	note_wrong_name(c, sessions_find(&c->sessions, ""), "run", name);
}

/* the same thing again and again */

static void
fail(struct caller *c, struct session *session, const uint8_t digest[CORDON_DIGEST_SIZE],
	const char *reason, int status)
{
	const struct cordon_digest_part parts[] = { { digest, CORDON_DIGEST_SIZE },
		{ reason, strlen(reason) }, { &status, sizeof(status) } };
	const uint64_t pause_ms =
		breaker_failed(&session->breaker, number_of(parts, 3), cordon_now_ms());
	struct serve *s = c->serve;

	if (pause_ms > 0)
		serve_ledger_event(c, session->key, "breaker.loop");
	if (pause_ms > 0 && is_said(++s->loops))
		fprintf(stderr,
			"cordon: breaker.loop: the session%s%s of user %u fails again and again in "
			"the same way, and is paused for %llu ms (%llu times so far)\n",
			KEY(session), c->uid, (unsigned long long)pause_ms,
			(unsigned long long)s->loops);
}

static void
add_words(struct cordon_digest_part *parts, size_t *count, size_t max, char **words)
{
	for (size_t i = 0; words[i] != NULL && *count < max; i++)
		parts[(*count)++] = (struct cordon_digest_part){ words[i], strlen(words[i]) + 1 };
	if (*count < max)
		parts[(*count)++] = (struct cordon_digest_part){ "", 1 };
}

#define PARTS \
	64 /* of a request; who differs in later words alone is taken for one who repeats itself */

void
conduct_digest_start(const struct rpc_start *r, uint8_t out[CORDON_DIGEST_SIZE])
{
	const char *const names[] = { r->cwd, r->workspace, r->profile };
	struct cordon_digest_part parts[PARTS];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		parts[count++] = (struct cordon_digest_part){ names[i], strlen(names[i]) + 1 };
	add_words(parts, &count, PARTS, r->argv);
	add_words(parts, &count, PARTS, r->env);
	if (cordon_digest_parts(parts, count, out) < 0)
		memset(out, 0, CORDON_DIGEST_SIZE);
}

void
conduct_digest_file(const struct rpc_file *f, uint8_t out[CORDON_DIGEST_SIZE])
{
	const struct cordon_digest_part parts[] = { { "file", 5 }, { &f->act, sizeof(f->act) },
		{ f->profile, strlen(f->profile) + 1 }, { f->path, strlen(f->path) + 1 } };

	if (cordon_digest_parts(parts, sizeof(parts) / sizeof(parts[0]), out) < 0)
		memset(out, 0, CORDON_DIGEST_SIZE);
}

void
conduct_digest_fetch(const struct rpc_fetch *f, uint8_t out[CORDON_DIGEST_SIZE])
{
	const struct cordon_digest_part parts[] = { { "fetch", 6 },
		{ f->profile, strlen(f->profile) + 1 },
		{ f->what.method, strlen(f->what.method) + 1 }, { f->what.url, f->what.url_size } };

	if (cordon_digest_parts(parts, sizeof(parts) / sizeof(parts[0]), out) < 0)
		memset(out, 0, CORDON_DIGEST_SIZE);
}

/* What comes of the moment, or of the session itself, says nothing about the call. */
static int
is_about_the_call(const struct rpc_refused *refused)
{
	return (refused->error == RPC_ERROR_INVALID || refused->error == RPC_ERROR_POLICY ||
		       refused->error == RPC_ERROR_FLOOR ||
		       refused->error == RPC_ERROR_UNREACHABLE) &&
	       strncmp(refused->reason, "ledger.", 7) != 0 &&
	       strcmp(refused->reason, "probe.suspected") != 0 &&
	       strcmp(refused->reason, "supervisor.frozen") != 0 &&
	       strcmp(refused->reason, "run.killed") != 0;
}

void
conduct_refused(struct caller *c, struct session *session, const uint8_t digest[CORDON_DIGEST_SIZE],
	const struct cordon_error *err)
{
	struct cordon_error copy = *err;
	const struct rpc_refused refused = refusal_of(0, &copy, "");

	if (session != NULL && is_about_the_call(&refused))
		fail(c, session, digest, refused.reason, refused.error);
}

void
conduct_ended(struct caller *c, struct session *session, const uint8_t digest[CORDON_DIGEST_SIZE],
	const struct run_outcome *o)
{
	if (session == NULL ||
		o->reason == REASON_KILLED) /* by somebody, whatever it would have done */
		return;
	if (o->reason == REASON_EXIT && o->exit_code == 0)
		breaker_succeeded(&session->breaker);
	else
		fail(c, session, digest, run_reason_name(o->reason), o->exit_code);
}

void
conduct_fetched(struct caller *c, struct session *session, const uint8_t digest[CORDON_DIGEST_SIZE],
	const char *reason)
{
	if (reason[0] == '\0')
		breaker_succeeded(&session->breaker);
	else
		fail(c, session, digest, reason, 0);
}
