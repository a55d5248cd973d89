/* The process of one fetch: asks for each hop (<cordon/fetch_proto.h>), dials what it was granted, and follows redirects by a
 * loop of its own. MUSTs:
 *
 * 1. No connection without an ALLOW for its very URL, and each redirect is a new one, also to where it has been.
 * 2. Text becomes a URL by cordon_url_parse alone: the caller's, and what a redirect says.
 * 3. What the caller sent for one origin (scheme, host, port) goes to no other: neither a body, nor a method that
 *    changes something, nor a header that could say who the caller is. What was left behind is not picked up again when a
 *    redirect leads back. (T-EXFIL-001)
 * 4. One process for one fetch: what a server makes of it sees no other one.
 * 5. The time, the number of hops, and what is kept of an answer are bounded. The time stands still while the monitor
 *    decides.
 *
 * Tests: tests/system/fetch, tests/kernel/test_fetch_jail.c.
 * calls: none */
#include "fetch_role.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/fetch_proto.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/rate.h>
#include <cordon/selfjail.h>
#include <cordon/wire.h>

#include "dial.h"
#include "fetch.h"
#include "fetch_calls.h" /* made by cmake/CollectCalls.cmake */
#include "fetch_page.h"
#include "fetch_peer.h"
#include "fetch_redirect.h"

#define DATA_BYTES \
	(512ull << 20) /* the longest text, its tree and its wrapping, with room for growing */
#define FILES 64

enum state { STATE_IDLE, STATE_ASKING, STATE_DIALING, STATE_EXCHANGING, STATE_ENDED };

struct role {
	struct cordon_loop *loop;
	struct dial *dial;
	struct fetch *fetch;
	struct cordon_watch *watch;
	struct cordon_timer *timer;
	enum state state;
	struct cordon_error *err;
	int status; /* when the loop has stopped */
	struct cordon_message message; /* the REQUEST, which the request borrows from */
	struct cordon_fetch_request request;
	struct fetch_ask ask;
	struct cordon_url url, next;
	struct cordon_dial_grant grant;
	struct dial_race *race;
	uint64_t left_ms, began_ms;
	struct fetch_page page;
	struct cordon_fetch_result result;
};

static void
end(struct role *r, int status)
{
	r->state = STATE_ENDED;
	r->status = status;
	cordon_loop_stop(r->loop);
}

static int
say(uint16_t message, const struct cordon_writer *w, const int *fds, unsigned count,
	struct cordon_error *err)
{
	if (w != NULL && cordon_writer_check(w, err) < 0)
		return -1;
	return cordon_link_send(FETCH_ROLE_MONITOR, message, w == NULL ? NULL : w->data,
		w == NULL ? 0 : w->size, fds, count, err);
}

/* The monitor waits for nothing else, so that we may wait for it. */
static void
say_result(struct role *r, int wrapped)
{
	const int fds[] = { r->page.fd, wrapped };
	const unsigned count = r->result.outcome != CORDON_FETCH_DONE ? 0 : wrapped < 0 ? 1 : 2;
	struct cordon_writer w;
	int status;

	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_fetch_encode_result(&r->result, &w);
	status = cordon_fd_nonblock(FETCH_ROLE_MONITOR, 0) < 0
			 ? cordon_fail(r->err, CORDON_ESYS, errno, "could not use the link")
			 : say(CORDON_FETCH_RESULT, &w, fds, count, r->err);
	cordon_writer_finish(&w);
	end(r, status < 0 && r->err->code != CORDON_EPEER ? -1 : 0);
}

static void
refuse(struct role *r, enum cordon_fetch_outcome outcome, const char *reason, const char *text)
{
	struct cordon_fetch_result *result = &r->result;

	fetch_cancel(r->fetch);
	dial_race_cancel(r->race);
	r->race = NULL;
	result->outcome = outcome;
	(void)snprintf(result->reason, sizeof(result->reason), "%.*s",
		(int)sizeof(result->reason) - 1, reason[0] == '\0' ? "limit.memory" : reason);
	(void)snprintf(
		result->text, sizeof(result->text), "%.*s", (int)sizeof(result->text) - 1, text);
	say_result(r, -1);
}

static void
refuse_by(struct role *r, enum cordon_fetch_outcome outcome, const struct cordon_error *why)
{
	refuse(r, outcome, why->reason, why->text);
}

/* the time */

static void
late(void *context)
{
	struct role *r = context;

	refuse(r, CORDON_FETCH_FAILED, "net.timeout", "it took longer than it may");
}

static int
start_clock(struct role *r, struct cordon_error *err)
{
	r->began_ms = cordon_now_ms();
	r->timer = cordon_loop_timer(r->loop, r->left_ms, 0, late, r, err);
	return r->timer == NULL ? -1 : 0;
}

static void
stop_clock(struct role *r)
{
	const uint64_t took_ms = cordon_now_ms() - r->began_ms;

	if (r->timer == NULL)
		return;
	cordon_timer_remove(r->timer);
	r->timer = NULL;
	r->left_ms = took_ms < r->left_ms ? r->left_ms - took_ms : 0;
}

/* hops */

static void
ask_hop(struct role *r)
{
	struct cordon_fetch_hop *hop = cordon_array(1, sizeof(*hop));
	struct cordon_writer w;
	int said = -1;

	stop_clock(r);
	if (hop == NULL) {
		refuse(r, CORDON_FETCH_FAILED, "limit.memory", "there is no memory for a URL");
		return;
	}
	hop->scheme = r->url.scheme;
	hop->to = r->url.to;
	cordon_url_print(&r->url, hop->url);
	cordon_writer_init(&w, 2 * CORDON_URL_TEXT);
	cordon_fetch_encode_hop(hop, &w);
	said = say(CORDON_FETCH_HOP, &w, NULL, 0, r->err);
	cordon_writer_finish(&w);
	free(hop);
	r->state = STATE_ASKING;
	if (said < 0)
		end(r, r->err->code == CORDON_EPEER ? 0 : -1);
}

static struct cordon_fetch_step *
last_step(struct role *r)
{
	return &r->result.steps[r->result.step_count - 1];
}

static void
dialed(void *context, int fd, enum cordon_dial_why why, int sys)
{
	struct role *r = context;
	struct cordon_fetch_step *step = last_step(r);
	struct cordon_error err;

	(void)sys;
	r->race = NULL;
	if (why != CORDON_DIAL_FINE) {
		refuse(r, CORDON_FETCH_FAILED, cordon_dial_why_reason(why),
			cordon_dial_why_text(why));
		return;
	}
	step->has_address = fetch_peer(fd, &step->address, &step->port) == 0;
	r->state = STATE_EXCHANGING;
	r->ask.url = &r->url;
	r->ask.grant = &r->grant;
	if (fetch_begin(r->fetch, &r->ask, fd, &err) < 0)
		refuse_by(r, CORDON_FETCH_FAILED, &err);
}

static void
begin_hop(struct role *r)
{
	struct dial_set set = { .grant = r->grant.id, .count = r->grant.count };
	struct cordon_fetch_step *step = &r->result.steps[r->result.step_count];
	struct cordon_error err;

	memcpy(set.addresses, r->grant.addresses, sizeof(set.addresses));
	step->url = cordon_array(1, CORDON_URL_TEXT);
	step->port = r->url.to.port;
	if (step->url == NULL) {
		refuse(r, CORDON_FETCH_FAILED, "limit.memory", "there is no memory for a URL");
		return;
	}
	cordon_url_print(&r->url, step->url);
	r->result.step_count++;
	r->state = STATE_DIALING;
	if (start_clock(r, &err) == 0)
		r->race = dial_race_begin(r->dial, r->loop, &set, dialed, r, &err);
	if (r->race == NULL)
		refuse_by(r, CORDON_FETCH_FAILED, &err);
}

/* redirects */

static int
is_redirect(const struct role *r, const struct fetch_answer *answer)
{
	const uint16_t s = answer->status;

	return r->request.redirects > 0 && answer->location != NULL &&
	       ((s >= 301 && s <= 303) || s == 307 || s == 308);
}

static int
changes_nothing(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* RFC 9110, 15.4: what browsers make of it. */
static void
choose_method(struct role *r, uint16_t status)
{
	if (changes_nothing(r->ask.method) || status >= 307 ||
		(status != 303 && strcmp(r->ask.method, "POST") != 0))
		return;
	r->ask.method = "GET";
	r->ask.body = NULL;
	r->ask.body_size = 0;
}

static void
follow(struct role *r, const struct fetch_answer *answer)
{
	struct cordon_error err;

	if (r->result.step_count > r->request.redirects) {
		refuse(r, CORDON_FETCH_BLOCKED, "net.redirects", "there are too many redirects");
		return;
	}
	if (fetch_redirect(&r->url, answer->location, &r->next, &err) < 0) {
		(void)cordon_while(&err, "a redirect leads to what is not fetched");
		refuse_by(r, CORDON_FETCH_BLOCKED, &err);
		return;
	}
	choose_method(r, answer->status);
	if (!fetch_same_origin(&r->url, &r->next)) {
		r->ask.crossed = 1;
		if (!changes_nothing(r->ask.method) || r->ask.body_size > 0) {
			refuse(r, CORDON_FETCH_BLOCKED, "net.redirect",
				"a redirect leads to another origin, with a body or a method that changes something");
			return;
		}
	}
	r->url = r->next;
	ask_hop(r);
}

/* answers */

static int
take_body(void *context, const struct fetch_answer *answer, const void *data, size_t size)
{
	struct role *r = context;

	if (is_redirect(r, answer))
		return -1;
	return fetch_page_add(&r->page, data, size, r->err);
}

static void
take_answer(struct role *r, const struct fetch_answer *answer)
{
	static char *none[] = { NULL };
	const struct fetch_wish wish = {
		.request = &r->request, .url = last_step(r)->url, .headers = answer->headers
	};
	struct cordon_error err;
	int wrapped = -1;

	stop_clock(r);
	r->page.truncated |= answer->cut;
	if (fetch_page_end(&r->page, &wish, &r->result, &wrapped, &err) < 0) {
		refuse_by(r, CORDON_FETCH_FAILED, &err);
		return;
	}
	r->result.outcome = CORDON_FETCH_DONE;
	r->result.headers = answer->headers == NULL ? none : answer->headers;
	r->result.headers_dropped = answer->dropped;
	say_result(r, wrapped);
	r->result.headers = NULL; /* the answer's */
	cordon_fd_close_p(&wrapped);
}

static void
done(void *context, const struct fetch_answer *answer, const struct cordon_error *why)
{
	struct role *r = context;

	last_step(r)->status = answer->status;
	if (why != NULL)
		refuse_by(r, CORDON_FETCH_FAILED, why);
	else if (is_redirect(r, answer))
		follow(r, answer);
	else
		take_answer(r, answer);
}

/* messages */

static int
take_request(struct role *r, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_error why;

	r->message = *m;
	*m = (struct cordon_message){ 0 };
	if (cordon_fetch_decode_request(r->message.body, r->message.size, &r->request, err) < 0 ||
		fetch_page_begin(&r->page, r->request.max_bytes, err) < 0)
		return -1;
	r->left_ms = r->request.timeout_ms;
	r->ask.method = r->request.method;
	r->ask.headers = r->request.headers;
	r->ask.body = r->request.body;
	r->ask.body_size = r->request.body_size;
	if (cordon_url_parse(r->request.url, r->request.url_size, &r->url, &why) < 0 ||
		fetch_headers_judge(r->request.method, r->request.headers, &why) < 0)
		refuse_by(r, CORDON_FETCH_INVALID, &why);
	else
		ask_hop(r);
	return 0;
}

static int
take_verdict(struct role *r, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_fetch_refuse why;

	if (m->number == CORDON_FETCH_REFUSE) {
		if (cordon_fetch_decode_refuse(m->body, m->size, &why, err) < 0)
			return -1;
		refuse(r, CORDON_FETCH_BLOCKED, why.reason, why.text);
		return 0;
	}
	if (cordon_dial_decode_grant(m->body, m->size, &r->grant, err) < 0)
		return -1;
	if (r->grant.port != r->url.to.port || r->grant.kind > CORDON_DIAL_PRIVATE)
		return cordon_fail(err, CORDON_EPEER, 0, "another grant is wanted");
	begin_hop(r);
	return 0;
}

static int
obey(struct role *r, struct cordon_message *m, struct cordon_error *err)
{
	if (m->fd_count == 0 && r->state == STATE_IDLE && m->number == CORDON_FETCH_REQUEST)
		return take_request(r, m, err);
	if (m->fd_count == 0 && r->state == STATE_ASKING &&
		(m->number == CORDON_FETCH_ALLOW || m->number == CORDON_FETCH_REFUSE))
		return take_verdict(r, m, err);
	return cordon_fail(err, CORDON_EPEER, 0, "the monitor may not say that now");
}

static void
heard(void *context, unsigned events)
{
	struct role *r = context;
	struct cordon_message m = { 0 };
	int got = cordon_link_receive(FETCH_ROLE_MONITOR, &m, r->err);

	(void)events;
	if (got < 0 && r->err->code == CORDON_ESYS && r->err->sys == EAGAIN)
		return;
	if (got > 0 && obey(r, &m, r->err) < 0)
		got = -1;
	cordon_message_finish(&m);
	if (got <= 0)
		end(r, got);
}

/* What was under way was answered before. */
static void
lost(void *context, const struct cordon_error *why)
{
	struct role *r = context;

	if (r->state == STATE_ENDED)
		return;
	*r->err = *why;
	end(r, -1);
}

static int
open_all(struct role *r, struct cordon_error *err)
{
	const struct cordon_selfjail jail = { .calls = fetch_calls,
		.call_count = sizeof(fetch_calls) / sizeof(fetch_calls[0]),
		.data_bytes = DATA_BYTES,
		.files = FILES };

	if (cordon_fd_nonblock(FETCH_ROLE_MONITOR, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use the monitor's link");
	r->loop = cordon_loop_create(err);
	r->dial = r->loop == NULL ? NULL : dial_create(r->loop, FETCH_ROLE_DIALER, lost, r, err);
	r->fetch = r->dial == NULL ? NULL : fetch_create(r->loop, take_body, done, r, err);
	if (r->fetch == NULL)
		return -1;
	r->watch = cordon_loop_watch(r->loop, FETCH_ROLE_MONITOR, CORDON_LOOP_READ, heard, r, err);
	if (r->watch == NULL || cordon_selfjail_enter(&jail, err) < 0)
		return -1;
	return say(CORDON_FETCH_READY, NULL, NULL, 0, err) < 0 && err->code != CORDON_EPEER ? -1
											    : 0;
}

int
fetch_role_run(struct cordon_error *err)
{
	struct role *r = cordon_array(1, sizeof(*r));
	int status;

	if (r == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin");
	r->err = err;
	r->page.fd = -1;
	status = open_all(r, err);
	if (status == 0)
		status = cordon_loop_run(r->loop, err);
	if (status == 0)
		status = r->status;
	dial_race_cancel(r->race);
	fetch_destroy(r->fetch);
	cordon_timer_remove(r->timer);
	cordon_watch_remove(r->watch);
	dial_destroy(r->dial);
	cordon_loop_destroy(r->loop);
	fetch_page_finish(&r->page);
	cordon_fetch_request_finish(&r->request);
	cordon_fetch_result_finish(&r->result);
	cordon_message_finish(&r->message);
	free(r);
	return status;
}
