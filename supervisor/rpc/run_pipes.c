/* All ends are ours alone, so they are made non-blocking. Output is read when it comes, unless the caller
 * wanted the run to wait for it (flow "block") and has not read what there is.
 *
 * calls: read write close fcntl */
#include "run_pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/text.h>

#include "rpc.h"
#include "run_notices.h"
#include "runs.h"

#define READS   4 /* of one pipe, before others get their turn */
#define HELD_MS 20

/* The terminal's master takes input, too. */
static struct run_pipe *
input_pipe(struct run *run)
{
	return &run->pipes[run->tty ? 1 : 0];
}

int
run_pipes_take(struct run *run, struct cordon_message *m)
{
	unsigned next = 0, wanted = run->tty ? 1 : run->wants_input ? 3 : 2;

	if (m->fd_count != wanted)
		return -1;
	for (int i = run->wants_input && !run->tty ? 0 : 1; i < 3 && next < wanted; i++) {
		run->pipes[i].fd = cordon_fd_take(&m->fds[next++]);
		/* Fresh, so it has no other flags. */
		if (fcntl(run->pipes[i].fd, F_SETFL, O_NONBLOCK) < 0)
			return -1;
	}
	return 0;
}

static void
close_pipe(struct run_pipe *p)
{
	cordon_watch_remove(p->watch);
	p->watch = NULL;
	p->events = 0;
	cordon_fd_close_p(&p->fd);
}

/* Bytes that were read. */
static void
keep(struct run_pipe *p, const char *data, size_t size)
{
	struct run *run = p->run;

	if (run->released || run->cancelled)
		return;
	switch (run->kind) {
	case RUN_WHOLE:
		output_add(&run->kept[p->stream - 1], data, size);
		break;
	case RUN_TERMINAL:
		output_add(&run->kept[0], data, size);
		break;
	case RUN_STREAMED:
		while (size > 0) {
			const size_t piece = size < CHUNK_BYTES ? size : CHUNK_BYTES;

			chunks_add(&run->chunks, p->stream, data, piece);
			data += piece;
			size -= piece;
		}
		run_notices_output(run);
		break;
	}
}

static void
give_held(struct run_pipe *p)
{
	const size_t size = p->held_size;

	p->held_size = 0;
	if (size > 0)
		keep(p, (const char *)p->held, size);
}

static void
give_all_held(void *context, struct run *run)
{
	(void)context;
	for (int i = 1; i < 3; i++)
		give_held(&run->pipes[i]);
}

static void
on_held_long(void *context)
{
	struct rpc *rpc = context;

	cordon_timer_remove(rpc->runs.held);
	rpc->runs.held = NULL;
	runs_each(rpc, give_all_held, NULL);
	rpc_settle(rpc);
}

/* A piece of a stream should be text when the stream is: the begin of a character waits a moment for its
 * rest. What is read stands behind room for it. */
static void
keep_characters(struct run_pipe *p, char *data, size_t size)
{
	struct rpc *rpc = p->run->rpc;
	struct cordon_error ignored;
	size_t whole;

	data -= p->held_size;
	size += p->held_size;
	memcpy(data, p->held, p->held_size);
	whole = cordon_text_whole(data, size);
	p->held_size = size - whole;
	memcpy(p->held, data + whole, p->held_size);
	if (p->held_size > 0 && rpc->runs.held == NULL)
		rpc->runs.held =
			cordon_loop_timer(rpc->loop, HELD_MS, 0, on_held_long, rpc, &ignored);
	if (whole > 0)
		keep(p, data, whole);
}

/* Counts, and returns how much of it may be kept: what is printed beyond the profile's limit ends the
 * run. */
static size_t
count(struct run_pipe *p, size_t size)
{
	struct run *run = p->run;
	const uint64_t before = run->printed[1] + run->printed[2];
	const uint64_t left = before < run->output_limit ? run->output_limit - before : 0;

	run->printed[p->stream] += size;
	if (size <= left)
		return size;
	if (!run->over_limit) {
		run->over_limit = 1;
		run_kill(run, RPC_KILL_OUTPUT);
	}
	return (size_t)left;
}

/* Returns 0 when there is no more for now. */
static int
read_once(struct run_pipe *p)
{
	struct rpc *rpc = p->run->rpc;
	char *into = rpc->buffer + sizeof(p->held);
	const ssize_t got = read(p->fd, into, sizeof(rpc->buffer) - sizeof(p->held));
	size_t size;

	if (got < 0 && errno == EINTR)
		return 1;
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got <= 0) { /* EIO: the last one who had a terminal open has gone */
		give_held(p);
		close_pipe(p);
		return 0;
	}
	size = count(p, (size_t)got);
	if (size == 0)
		return 1;
	if (p->run->kind == RUN_STREAMED)
		keep_characters(p, into, size);
	else
		keep(p, into, size);
	return 1;
}

/* Whether more output is wanted now. */
static int
wants_output(const struct run *run)
{
	const struct budget *budget = run->chunks.budget;

	if (run->kind != RUN_STREAMED || !run->block || run->released || run->cancelled)
		return 1;
	return chunks_have_room(&run->chunks) &&
	       (run->chunks.unread == 0 || budget->used + 2 * CHUNK_BYTES <= budget->max);
}

static void
on_ready(void *context, unsigned events)
{
	struct run_pipe *p = context;
	struct run *run = p->run;
	struct rpc *rpc = run->rpc;

	if (p->stream == 0 && events == CORDON_LOOP_READ)
		p->events = 0; /* an error, which has paused the watch: writing says which */
	if (p == input_pipe(run) && run->input.first != NULL)
		run_pipes_feed(run);
	for (int i = 0; p->stream > 0 && p->fd >= 0 && i < READS && wants_output(run); i++)
		if (!read_once(p))
			break;
	run_pipes_watch(run);
	rpc_settle(rpc);
}

static void
watch_pipe(struct run *run, struct run_pipe *p)
{
	struct cordon_error err;
	unsigned events = 0;

	if (p->fd < 0)
		return;
	if (p->stream > 0 && wants_output(run))
		events |= CORDON_LOOP_READ;
	if (p == input_pipe(run) && run->input.first != NULL)
		events |= CORDON_LOOP_WRITE;
	if (p->watch != NULL && events != p->events)
		cordon_watch_set(p->watch, events);
	else if (p->watch == NULL && events != 0)
		p->watch = cordon_loop_watch(run->rpc->loop, p->fd, events, on_ready, p, &err);
	p->events = events;
	/* A pipe that cannot be watched would fill, and its run stand still. */
	if (events != 0 && p->watch == NULL)
		run_kill(run, RPC_KILL_CANCELLED);
}

void
run_pipes_watch(struct run *run)
{
	if (run->state != RUN_LIVE || !run->is_watched)
		return;
	for (int i = 0; i < 3; i++)
		watch_pipe(run, &run->pipes[i]);
}

void
run_pipes_close(struct run *run)
{
	for (int i = 0; i < 3; i++)
		close_pipe(&run->pipes[i]);
}

void
run_pipes_drain(struct run *run)
{
	for (int i = 1; i < 3; i++) {
		while (run->pipes[i].fd >= 0 && read_once(&run->pipes[i]))
			;
		give_held(&run->pipes[i]);
	}
	run_pipes_close(run);
}

/* Answers who wrote what nobody will read. */
static void
lose_input(struct run *run)
{
	struct fault fault;
	struct request *asker;

	run->input.is_gone = 1;
	run->input.is_open = 0;
	fault_set(&fault, FAULT_PARAMS, "stdin.closed", "the run has closed its input");
	while (run->input.first != NULL) {
		asker = input_shift(&run->input);
		if (asker != NULL)
			request_fail(run->rpc, asker, &fault);
	}
	if (!run->tty)
		close_pipe(input_pipe(run));
}

static void
put_written(struct rpc *rpc, const struct request *request, struct cordon_json *j)
{
	(void)rpc;
	cordon_json_u64(j, "written", request->first);
}

void
run_pipes_feed(struct run *run)
{
	struct run_pipe *p = input_pipe(run);
	struct input *in = &run->input;

	while (in->first != NULL && p->fd >= 0) {
		struct input_piece *piece = in->first;
		const size_t left = piece->size - piece->sent;
		const ssize_t put = left == 0 ? 0 : write(p->fd, piece->data + piece->sent, left);
		struct request *asker;

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			break;
		if (put < 0) { /* EPIPE is no error: a run need not read */
			lose_input(run);
			return;
		}
		piece->sent += (size_t)put;
		in->queued -= (size_t)put;
		if (piece->sent < piece->size)
			continue;
		asker = input_shift(in);
		if (asker != NULL)
			request_answer(run->rpc, asker, put_written);
	}
	if (in->first == NULL && !in->is_open && !run->tty)
		close_pipe(p);
	run_pipes_watch(run);
}
