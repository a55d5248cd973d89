#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

#include "cmd.h"
#include "control_proto.h"
#include "fetches.h"
#include "runtime.h"
#include "socket_place.h"

#define QUESTIONS_MAX 16 /* connections at one time */
#define PATIENCE_MS   5000 /* for the question */

/* One connection. It lives until its answer is sent, or its other end stops reading. */
struct question {
	struct question *next;
	struct serve *serve;
	int link;
	struct cordon_watch *watch;
	struct cordon_timer *patience;
	struct outbox outbox;
	int answered;
};

static void
drop(struct question *q)
{
	struct question **at = &q->serve->questions;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->serve->question_count--;
	cordon_watch_remove(q->watch);
	cordon_timer_remove(q->patience);
	outbox_finish(&q->outbox);
	cordon_fd_close_p(&q->link);
	free(q);
}

static int
answer(struct question *q, enum control_message number, struct cordon_writer *w)
{
	struct cordon_error ignored;

	return outbox_send(&q->outbox, (uint16_t)number, w, NULL, 0, &ignored);
}

#define COPY(field, text) ((void)snprintf((field), sizeof(field), "%s", (text)))

static void
answer_row(struct question *q, const struct job *job)
{
	struct control_row row = { .running = job->state == JOB_RUNNING,
		.pid = (uint32_t)job->start.pid,
		.age_ms = job->state == JOB_RUNNING ? serve_elapsed_ms(&job->started_at) : 0 };
	struct cordon_writer w;

	COPY(row.run, job->id);
	COPY(row.handle, job->handle);
	COPY(row.label, job->label);
	COPY(row.profile, job->profile->name);
	COPY(row.session, job->session == NULL ? "" : job->session->key);
	COPY(row.command, job->command);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	control_row_encode(&row, &w);
	(void)!answer(q, CONTROL_ROW, &w);
}

static void
answer_destinations(struct question *q, const struct job *job)
{
	struct guard_line line;

	for (size_t i = 0; job->network != NULL && guard_line(job->network, i, &line) == 0; i++) {
		struct control_destination d = { .port = line.port,
			.allowed = line.allowed != 0,
			.begun = line.traffic.begun,
			.open = line.traffic.open,
			.bytes_out = line.traffic.bytes_out,
			.bytes_in = line.traffic.bytes_in };
		struct cordon_writer w;

		COPY(d.host, line.host);
		COPY(d.reason, line.reason);
		cordon_writer_init(&w, CORDON_LINK_BODY);
		control_destination_encode(&d, &w);
		if (answer(q, CONTROL_DESTINATION, &w) < 0)
			return;
	}
}

static void
answer_state(struct question *q)
{
	const struct serve *s = q->serve;
	struct control_state state = { .kind = "serve",
		.version = CORDON_VERSION,
		.runs = s->job_count,
		.started = s->job_sequence,
		.refused = s->refused,
		.strangers = s->strangers,
		.suspected = s->suspected,
		.loops = s->loops,
		.ahead = s->ahead,
		.uptime_ms = serve_elapsed_ms(&s->began_at),
		.frozen = s->frozen != 0 };
	struct cordon_writer w;

	for (const struct caller *c = s->callers; c != NULL; c = c->next)
		state.callers++;
	COPY(state.socket, s->socket_path == NULL ? "" : s->socket_path);
	COPY(state.workspace, s->workspace.path);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	control_state_encode(&state, &w);
	(void)!answer(q, CONTROL_STATE, &w);
}

/* One that has ended only waits for its record. */
static int
is_live(const struct job *job)
{
	return job != NULL && job->state != JOB_ENDED;
}

/* Kills the run with this id, or all of them. Returns how many. */
static uint32_t
kill_runs(struct serve *s, const char *id)
{
	uint32_t count = 0;

	for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++)
		if (is_live(s->jobs[i]) && (id == NULL || strcmp(s->jobs[i]->id, id) == 0)) {
			job_kill(s->jobs[i], REASON_KILLED);
			count++;
		}
	return count;
}

static int
take_kill(struct question *q, const struct cordon_message *m, uint32_t *ret_count)
{
	struct cordon_reader r = { .at = m->body, .left = m->size };
	char id[32];

	if (cordon_get_text(&r, id, sizeof(id)) < 0 || r.left != 0)
		return -1;
	*ret_count = kill_runs(q->serve, id);
	return 0;
}

/* Returns 0, or -1 for a question that is none. */
static int
take(struct question *q, const struct cordon_message *m)
{
	struct serve *s = q->serve;
	struct cordon_writer w;
	uint32_t count = 0;

	if (m->fd_count != 0 || (m->number != CONTROL_KILL && m->size != 0))
		return -1;
	switch (m->number) {
	case CONTROL_LIST:
	case CONTROL_LIST_NET:
		for (size_t i = 0; i < CORDON_LAUNCH_RUNS; i++)
			if (is_live(s->jobs[i])) {
				answer_row(q, s->jobs[i]);
				if (m->number == CONTROL_LIST_NET)
					answer_destinations(q, s->jobs[i]);
				count++;
			}
		break;
	case CONTROL_KILL:
		if (take_kill(q, m, &count) < 0)
			return -1;
		break;
	case CONTROL_STOP:
		s->frozen = 1;
		count = kill_runs(s, NULL);
		fetches_stop(s);
		break;
	case CONTROL_STATUS:
		answer_state(q);
		break;
	default:
		return -1;
	}
	cordon_writer_init(&w, 16);
	cordon_put_u32(&w, count);
	q->answered = 1;
	return answer(q, CONTROL_DONE, &w);
}

static void
on_question(void *context, unsigned events)
{
	struct question *q = context;
	struct cordon_message m = { 0 };
	struct cordon_error err = { 0 };
	int result = 0;

	if ((events & CORDON_LOOP_READ) != 0) {
		/* After the answer nothing is expected but the end. */
		const int got = cordon_link_receive(q->link, &m, &err);

		if (got == 1 && !q->answered)
			result = take(q, &m);
		else if (got >= 0 || err.sys != EAGAIN)
			result = -1;
		cordon_message_finish(&m);
	}
	if (result < 0 || outbox_flush(&q->outbox, &err) < 0) {
		drop(q);
		return;
	}
	cordon_watch_set(q->watch,
		CORDON_LOOP_READ | (outbox_is_empty(&q->outbox) ? 0u : CORDON_LOOP_WRITE));
}

static void
on_impatience(void *context)
{
	drop(context);
}

static void
on_connection(void *context, unsigned events)
{
	struct serve *s = context;
	CORDON_CLOSE int peer = serve_accept(s, s->control, SOCK_NONBLOCK);
	struct question *q;
	struct ucred who;
	socklen_t size = sizeof(who);
	struct cordon_error err = { 0 };

	(void)events;
	if (peer < 0 || getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 ||
		who.uid != geteuid() || s->question_count >= QUESTIONS_MAX)
		return;
	q = cordon_array(1, sizeof(*q));
	if (q == NULL)
		return;
	q->serve = s;
	q->link = cordon_fd_take(&peer);
	q->next = s->questions;
	s->questions = q;
	s->question_count++;
	outbox_init(&q->outbox, q->link, 4u << 20);
	q->watch = cordon_loop_watch(s->loop, q->link, CORDON_LOOP_READ, on_question, q, &err);
	q->patience = cordon_loop_timer(s->loop, PATIENCE_MS, 0, on_impatience, q, &err);
	if (q->watch == NULL || q->patience == NULL)
		drop(q);
}

int
control_begin(struct serve *s, struct cordon_error *err)
{
	char place[PATH_MAX];
	CORDON_CLOSE int directory = runtime_make(place, err);

	if (directory < 0)
		return -1;
	if (snprintf(s->control_path, sizeof(s->control_path), "%s/monitor-%d.sock", place,
		    getpid()) >= (int)sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return cordon_fail(err, CORDON_EINPUT, 0, "the path '%s' is too long for a socket",
			s->control_path);
	(void)unlink(s->control_path); /* of a monitor that had our pid */
	s->control = socket_place(s->control_path, SOCK_SEQPACKET, QUESTIONS_MAX, err);
	if (s->control < 0)
		return -1;
	s->control_watch =
		cordon_loop_watch(s->loop, s->control, CORDON_LOOP_READ, on_connection, s, err);
	return s->control_watch == NULL ? -1 : 0;
}

void
control_finish(struct serve *s)
{
	while (s->questions != NULL)
		drop(s->questions);
	cordon_watch_remove(s->control_watch);
	s->control_watch = NULL;
	cordon_fd_close_p(&s->control);
	if (s->control_path[0] != '\0')
		(void)unlink(s->control_path);
	s->control_path[0] = '\0';
}
