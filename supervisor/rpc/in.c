/* calls: read */
#include "in.h"

#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include <cordon/rate.h>

#include "answers.h"
#include "calls.h"
#include "rpc.h"

#define LARGE (16u * 1024) /* of a line, bytes; its tree may be fifty times that */

/* What a large line needed would stay with us: some small thing stands at the heap's end by then. */
static void
give_back(struct in *in)
{
	if (!in->large || !lines_give_back(&in->lines))
		return;
	in->large = 0;
	(void)malloc_trim(0);
}

static int
may_take(const struct in *in)
{
	return !in->paused && in->rest == NULL;
}

static void
settle_watch(struct in *in)
{
	in->begun_ms = cordon_now_ms(); /* who is not listened to is not slow */
	if (in->watch != NULL)
		cordon_watch_set(in->watch, may_take(in) ? CORDON_LOOP_READ : 0);
}

/* All lines that are there. */
static void
take_lines(struct in *in)
{
	const char *line;
	size_t size;
	struct fault fault;

	/* A line may pause, or close. */
	while (in->rpc->life == RPC_LIFE_SERVING && may_take(in)) {
		switch (lines_next(&in->lines, &line, &size)) {
		case LINES_NONE:
			give_back(in);
			return;
		case LINES_ONE:
			calls_take_line(in->rpc, line, size);
			in->large |= size > LARGE;
			break;
		case LINES_TOO_LONG:
			fault_set(&fault, FAULT_REQUEST, "limit.line",
				"a line is longer than %u bytes, which ends this link",
				LINE_MAX_BYTES);
			in->rpc->malformed++;
			answer_fault(in->rpc, NULL, &fault);
			rpc_close(in->rpc);
			return;
		}
		if (in->rpc->out.queued > OUT_HARD)
			rpc_settle(in->rpc);
	}
}

static void watch_the_time(struct in *in, uint64_t ms);

static void
on_late(void *context)
{
	struct in *in = context;
	const uint64_t patience = lines_patience_ms(&in->lines),
		       passed = cordon_now_ms() - in->begun_ms;
	struct fault fault;

	cordon_timer_remove(in->late);
	in->late = NULL;
	if (patience == 0)
		return;
	if (passed < patience || !may_take(in)) {
		watch_the_time(in, passed < patience ? patience - passed : LINE_MS);
		return;
	}
	fault_set(&fault, FAULT_REQUEST, "limit.line",
		"a line was not whole after %u seconds, which ends this link", LINE_MS / 1000);
	answer_fault(in->rpc, NULL, &fault);
	rpc_close(in->rpc);
	rpc_settle(in->rpc);
}

static void
watch_the_time(struct in *in, uint64_t ms)
{
	struct cordon_error ignored;

	in->late = cordon_loop_timer(in->rpc->loop, ms, 0, on_late, in, &ignored);
	if (in->late == NULL)
		rpc_stop(in->rpc);
}

/* before: where the first line began that was not whole. */
static void
note_rest(struct in *in, size_t before)
{
	const uint64_t patience = lines_patience_ms(&in->lines);

	if (patience == 0)
		return;
	if (in->late == NULL || in->lines.start != before)
		in->begun_ms = cordon_now_ms();
	if (in->late == NULL)
		watch_the_time(in, patience);
}

static void
read_some(struct in *in)
{
	size_t room;
	char *into = lines_room(&in->lines, &room);
	size_t before;
	ssize_t got;

	if (into == NULL) {
		rpc_close(in->rpc);
		return;
	}
	got = read(in->fd, into, room);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) { /* the rest of a line that has no end is nobody's request */
		rpc_close(in->rpc);
		return;
	}
	before = in->lines.start;
	lines_added(&in->lines, (size_t)got);
	take_lines(in);
	note_rest(in, before);
}

static void wait_for_more(struct in *in);

static void
on_readable(void *context, unsigned events)
{
	struct in *in = context;

	(void)events;
	if (may_take(in))
		read_some(in);
	rpc_settle(in->rpc);
}

/* What was read before a pause, or what a file has. */
static void
on_soon(void *context)
{
	struct in *in = context;

	cordon_timer_remove(in->soon);
	in->soon = NULL;
	take_lines(in);
	if (in->watch == NULL && may_take(in))
		read_some(in);
	rpc_settle(in->rpc);
	if (may_take(in))
		wait_for_more(in);
}

static void
come_back_soon(struct in *in)
{
	struct cordon_error ignored;

	if (in->soon != NULL)
		return;
	in->soon = cordon_loop_timer(in->rpc->loop, 0, 0, on_soon, in, &ignored);
	if (in->soon == NULL)
		rpc_stop(in->rpc);
}

static void
wait_for_more(struct in *in)
{
	if (in->watch == NULL)
		come_back_soon(in);
}

void
in_open(struct in *in, struct rpc *rpc, int fd)
{
	struct cordon_error ignored;

	*in = (struct in){ .rpc = rpc, .fd = fd, .paused = 1 };
	lines_init(&in->lines, LINE_MAX_BYTES);
	in->watch = cordon_loop_watch(rpc->loop, fd, 0, on_readable, in, &ignored);
}

void
in_finish(struct in *in)
{
	cordon_watch_remove(in->watch);
	cordon_timer_remove(in->soon);
	cordon_timer_remove(in->rest);
	cordon_timer_remove(in->late);
	in->watch = NULL;
	in->soon = in->rest = in->late = NULL;
	lines_finish(&in->lines);
}

void
in_pause(struct in *in, int paused)
{
	if (in->paused == paused)
		return;
	in->paused = paused;
	settle_watch(in);
	if (!paused)
		come_back_soon(in);
}

static void
on_rested(void *context)
{
	struct in *in = context;

	cordon_timer_remove(in->rest);
	in->rest = NULL;
	settle_watch(in);
	if (!in->paused)
		come_back_soon(in);
}

void
in_rest(struct in *in, uint64_t ms)
{
	struct cordon_error ignored;

	if (in->rest != NULL)
		return;
	in->rest = cordon_loop_timer(in->rpc->loop, ms, 0, on_rested, in, &ignored);
	if (in->rest == NULL)
		rpc_stop(in->rpc);
	settle_watch(in);
}
