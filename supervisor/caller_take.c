/* What a cordon-rpc asks, message by message: which is legal while, and who takes it. Shapes are checked by
 * <cordon/rpc_proto.h>, what is asked by those who do it. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <cordon/link.h>
#include <cordon/mem.h>

#include "conduct.h"
#include "fetches.h"
#include "file_request.h"
#include "serve.h"
#include "serve_ledger.h"

static int
take_start(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	struct rpc_start start;

	if (rpc_start_decode(m->body, m->size, &start, err) < 0)
		return -1;
	if (m->number == RPC_START)
		job_start(c, &start);
	else
		job_check(c, &start);
	rpc_start_finish(&start);
	return 0;
}

static int
take_signal(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	uint64_t run;
	uint32_t signal;
	struct job *job;

	if (rpc_order_decode(m->body, m->size, NSIG, &run, &signal, err) < 0)
		return -1;
	job = job_find(c->serve, run, c);
	if (job != NULL)
		job_signal(job, (int)signal);
	return 0;
}

static int
take_kill(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	uint64_t run;
	uint32_t kind;
	struct job *job;

	if (rpc_order_decode(m->body, m->size, RPC_KILL_KINDS, &run, &kind, err) < 0)
		return -1;
	job = job_find(c->serve, run, c);
	if (job != NULL)
		job_kill(job, kind == RPC_KILL_OUTPUT ? REASON_OUTPUT : REASON_KILLED);
	return 0;
}

static void
answer_done(struct caller *c, uint64_t request)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 16);
	rpc_done_encode(request, &w);
	caller_send(c, RPC_DONE, &w);
}

/* The open session of that name, or the one that is always there. */
static struct session *
session_or_first(struct caller *c, const char *key)
{
	struct session *session = sessions_find(&c->sessions, key);

	return session != NULL ? session : sessions_find(&c->sessions, "");
}

/* Opens a session, or gives an open one another workspace, directory or profile for runs to come. */
static int
open_session(struct caller *c, const struct rpc_session *r, struct cordon_error *err)
{
	/* A new one begins as the one without a name. */
	struct session *session = session_or_first(c, r->session);
	const struct cordon_profile *profile = NULL;
	struct workspace workspace;
	const char *cwd = r->cwd[0] == '\0' ? NULL : r->cwd;

	if (conduct_check_names(c, session, err) < 0)
		return -1;
	if (r->profile[0] != '\0') {
		profile = conduct_profile(c, session, r->profile, err);
		if (profile == NULL)
			return -1;
	}
	/* Judged before it is opened: a refused request leaves nothing behind. */
	if (session_check_key(r->session, "session", err) < 0)
		return -1;
	if (r->workspace[0] != '\0' && workspace_name(r->workspace, cwd, &c->serve->workspace,
					       c->serve->config, &workspace, err) < 0)
		return -1;
	if (r->workspace[0] == '\0' &&
		workspace_enter(&session->workspace, cwd, &workspace, err) < 0)
		return -1;
	session = sessions_open(&c->sessions, r->session, err);
	if (session == NULL)
		return -1;
	session->workspace = workspace;
	if (profile != NULL)
		session->profile = profile;
	return 0;
}

static int
take_session(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_error why = { 0 };
	struct rpc_session r;

	if (rpc_session_decode(m->body, m->size, &r, err) < 0)
		return -1;
	if (open_session(c, &r, &why) < 0)
		caller_refuse(c, r.request, &why, "");
	else
		answer_done(c, r.request);
	rpc_session_finish(&r);
	return 0;
}

static int
take_end_session(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	CORDON_FREE char *key = NULL;
	struct cordon_error why = { 0 };
	const struct session *session;
	uint64_t request;

	if (rpc_named_decode(m->body, m->size, RPC_SESSION_KEY, &request, &key, err) < 0)
		return -1;
	session = c->sessions.first;
	while (session != NULL && strcmp(session->key, key) != 0)
		session = session->next;
	if (session != NULL && key[0] != '\0') {
		jobs_abandon(c->serve, c, session);
		fetches_abandon(c->serve, c, session);
	}
	if (sessions_close(&c->sessions, key, &why) < 0)
		caller_refuse(c, request, &why, "");
	else
		answer_done(c, request);
	return 0;
}

static int
take_profile(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	CORDON_FREE char *name = NULL, *text = NULL;
	struct session *session = sessions_find(&c->sessions, "");
	const struct cordon_profile *profile;
	struct cordon_error why = { 0 };
	struct cordon_writer w;
	uint64_t request;

	if (rpc_named_decode(m->body, m->size, RPC_NAME, &request, &name, err) < 0)
		return -1;
	profile = conduct_check_names(c, session, &why) < 0
			  ? NULL
			  : conduct_profile(c, session, name, &why);
	if (profile != NULL) {
		text = cordon_profile_show(profile);
		if (text == NULL)
			cordon_fail(&why, CORDON_ESYS, ENOMEM, "could not show a profile");
	}
	if (text == NULL) {
		caller_refuse(c, request, &why, "");
		return 0;
	}
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_text_encode(request, text, &w);
	caller_send(c, RPC_TEXT, &w);
	return 0;
}

static int
take_tail(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	CORDON_FREE char *text = NULL;
	struct cordon_error why = { 0 };
	struct cordon_writer w;
	uint64_t request;
	uint32_t max;

	if (rpc_order_decode(m->body, m->size, RPC_TAIL_MAX + 1, &request, &max, err) < 0)
		return -1;
	text = tail_text(&c->tail, max);
	if (text == NULL) {
		cordon_fail(&why, CORDON_ESYS, ENOMEM, "could not show the ledger");
		caller_refuse(c, request, &why, "");
		return 0;
	}
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_text_encode(request, text, &w);
	caller_send(c, RPC_TEXT, &w);
	return 0;
}

static int
take_malformed(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	uint32_t count;

	if (rpc_malformed_decode(m->body, m->size, &count, err) < 0)
		return -1;
	serve_ledger_malformed(c, count);
	return 0;
}

static int
take_file(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_error why = { 0 };
	uint8_t digest[CORDON_DIGEST_SIZE];
	struct rpc_file f;

	if (rpc_file_decode(m->body, m->size, &f, err) < 0)
		return -1;
	if (file_request_serve(c, &f, &why) < 0) {
		conduct_digest_file(&f, digest);
		conduct_refused(c, sessions_find(&c->sessions, f.session), digest, &why);
		caller_refuse(c, f.request, &why, "");
	}
	rpc_file_finish(&f);
	return 0;
}

static int
take_fetch(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	struct rpc_fetch f;

	if (rpc_fetch_decode(m->body, m->size, &f, err) < 0)
		return -1;
	fetches_start(c, &f);
	rpc_fetch_finish(&f);
	return 0;
}

static int
take_cancel(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	uint64_t request;

	if (rpc_done_decode(m->body, m->size, &request, err) < 0)
		return -1;
	fetches_cancel(c, request);
	return 0;
}

static int
take_check_url(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	struct rpc_check_url r;

	if (rpc_check_url_decode(m->body, m->size, &r, err) < 0)
		return -1;
	fetches_check(c, &r);
	rpc_check_url_finish(&r);
	return 0;
}

/* A run that its caller does not have, and never had: foreign or not, the answer is the same. */
static int
take_unknown(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	CORDON_FREE char *name = NULL;
	struct cordon_error why = { 0 };
	uint64_t request;

	if (rpc_named_decode(m->body, m->size, RPC_LABEL, &request, &name, err) < 0)
		return -1;
	if (conduct_check_names(c, sessions_find(&c->sessions, ""), &why) == 0) {
		cordon_fail(&why, CORDON_ENOTFOUND, 0, "there is no run '%.128s'", name);
		(void)cordon_because(&why, "run.unknown");
		conduct_wrong_run(c, name);
	}
	caller_refuse(c, request, &why, "");
	return 0;
}

static int
take_ready(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	if (m->size != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a greeting is malformed");
	c->state = CALLER_READY;
	return 0;
}

/* The link's language: which message is legal while, and who takes it. */
static const struct {
	enum caller_state while_state;
	int (*take)(struct caller *c, const struct cordon_message *m, struct cordon_error *err);
} language[] = {
	[RPC_READY] = { CALLER_STARTING, take_ready },
	[RPC_START] = { CALLER_READY, take_start },
	[RPC_CHECK] = { CALLER_READY, take_start },
	[RPC_SIGNAL] = { CALLER_READY, take_signal },
	[RPC_KILL] = { CALLER_READY, take_kill },
	[RPC_SESSION] = { CALLER_READY, take_session },
	[RPC_END_SESSION] = { CALLER_READY, take_end_session },
	[RPC_PROFILE] = { CALLER_READY, take_profile },
	[RPC_FILE] = { CALLER_READY, take_file },
	[RPC_TAIL] = { CALLER_READY, take_tail },
	[RPC_MALFORMED] = { CALLER_READY, take_malformed },
	[RPC_UNKNOWN] = { CALLER_READY, take_unknown },
	[RPC_FETCH] = { CALLER_READY, take_fetch },
	[RPC_CANCEL] = { CALLER_READY, take_cancel },
	[RPC_CHECK_URL] = { CALLER_READY, take_check_url },
};

int
caller_take(struct caller *c, const struct cordon_message *m, struct cordon_error *err)
{
	if (m->number >= sizeof(language) / sizeof(language[0]) || m->fd_count != 0 ||
		language[m->number].while_state != c->state || language[m->number].take == NULL)
		return cordon_fail(err, CORDON_EPEER, 0,
			"its cordon-rpc sent a message out of order (number %u)", m->number);
	return language[m->number].take(c, m, err);
}
