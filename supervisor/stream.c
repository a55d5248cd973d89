/* Descriptors of the caller are never made non-blocking: they share their description with others, a
 * shell for one. poll(2) says that a read will not wait; before a write to the caller's side a poll
 * says so too, and at most PIPE_BUF bytes are written then, which a pipe that is ready always takes
 * at once (pipe(7)). A terminal that is ready may take less and wait for the rest (Ctrl-S): it is
 * opened anew, which gives a description of our own. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#define BUFFER 65536

struct stream {
	struct cordon_loop *loop;
	int source, sink;
	int close_source, close_sink;
	int source_is_file, sink_is_file; /* always ready */
	int sink_is_quick; /* non-blocking: it says itself when it is full */
	struct cordon_watch *reader, *writer;
	struct cordon_timer *soon; /* a file as source is read when the loop comes round */
	struct stream_events events;
	char buffer[BUFFER];
	size_t start, end; /* what was read and not yet written */
	int at_end, paused, sink_gone, told;
	int error; /* errno of the write that failed, else 0 */
};

static int
is_always_ready(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode));
}

static int
is_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0;
}

static int
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Writes what the sink takes without waiting. */
static void
flush(struct stream *s)
{
	while (s->start < s->end && !s->sink_gone) {
		size_t piece = s->end - s->start;
		ssize_t written;

		if (!s->sink_is_file) {
			if (!is_writable(s->sink))
				return;
			if (piece > PIPE_BUF && !s->sink_is_quick)
				piece = PIPE_BUF;
		}
		written = write(s->sink, s->buffer + s->start, piece);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0) {
			s->sink_gone = 1;
			s->error = errno;
		} else {
			s->start += (size_t)written;
		}
	}
	s->start = s->end = 0;
}

/* Takes what the source has. Returns 0 when there is nothing to be had now. */
static int
fill(struct stream *s)
{
	ssize_t got;

	if (s->at_end || s->end != 0)
		return 0;
	if (!s->source_is_file && !is_readable(s->source))
		return 0;
	got = read(s->source, s->buffer, sizeof(s->buffer));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got <= 0) { /* EIO: the last writer of a pty has gone */
		s->at_end = 1;
		return 0;
	}
	s->end = (size_t)got;
	if (s->events.moved != NULL)
		s->end = (size_t)s->events.moved(s->events.context, s->buffer, (uint64_t)got);
	return 1;
}

static void pump(struct stream *s);

static void
on_ready(void *context, unsigned events)
{
	(void)events;
	pump(context);
}

static void
on_soon(void *context)
{
	struct stream *s = context;

	cordon_timer_remove(s->soon);
	s->soon = NULL;
	pump(s);
}

static void
set_interest(struct stream *s)
{
	const int wants_read = !s->at_end && !s->paused && s->end == 0;
	struct cordon_error ignored;

	if (s->reader != NULL)
		cordon_watch_set(s->reader, wants_read ? CORDON_LOOP_READ : 0);
	else if (wants_read && s->source_is_file && s->soon == NULL)
		s->soon = cordon_loop_timer(s->loop, 0, 0, on_soon, s, &ignored);
	if (s->writer != NULL)
		cordon_watch_set(s->writer, s->end != 0 ? CORDON_LOOP_WRITE : 0);
}

static void
pump(struct stream *s)
{
	/* Some rounds, so that other streams get their turn. */
	for (int round = 0; round < 16; round++) {
		flush(s);
		if (s->sink_gone || s->paused || !fill(s))
			break;
	}
	flush(s);
	if (s->sink_gone || (s->at_end && s->end == 0)) {
		s->at_end = 1;
		s->start = s->end = 0;
		/* The other side must see it: a writer gets EPIPE, a reader its end. */
		if (s->reader != NULL)
			cordon_watch_set(s->reader, 0);
		if (s->writer != NULL)
			cordon_watch_set(s->writer, 0);
		if (!s->told) {
			s->told = 1;
			if (s->events.ended != NULL)
				s->events.ended(s->events.context, s);
		}
		return;
	}
	set_interest(s);
}

/* A descriptor of our own for writing to sink, which epoll may know already for reading. */
static int
copy_sink(struct stream *s, int sink, int is_ours)
{
	int copy = -1;

	if (is_ours) {
		s->sink_is_quick = cordon_fd_nonblock(sink, 1) == 0;
	} else if (isatty(sink)) {
		char name[32];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", sink);
		copy = open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		s->sink_is_quick = copy >= 0;
	}
	return copy >= 0 ? copy : fcntl(sink, F_DUPFD_CLOEXEC, 3);
}

struct stream *
stream_create(struct cordon_loop *loop, int source, int sink, int close_source, int close_sink,
	const struct stream_events *events, struct cordon_error *err)
{
	struct stream *s = cordon_array(1, sizeof(*s));

	if (s == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not relay a stream");
		return NULL;
	}
	s->loop = loop;
	s->source = source;
	s->sink = sink;
	s->close_source = close_source;
	s->close_sink = close_sink;
	s->events = *events;
	s->source_is_file = is_always_ready(source);
	s->sink_is_file = is_always_ready(sink);
	if (!s->source_is_file) {
		s->reader = cordon_loop_watch(loop, source, 0, on_ready, s, err);
		if (s->reader == NULL)
			s->source_is_file = 1; /* /dev/null and other devices that epoll refuses */
	}
	if (!s->sink_is_file) {
		int copy = copy_sink(s, sink, close_sink);

		s->writer = copy < 0 ? NULL : cordon_loop_watch(loop, copy, 0, on_ready, s, err);
		if (s->writer == NULL) {
			cordon_fd_close_p(&copy);
			s->sink_is_file = 1;
		} else {
			s->sink = copy;
			if (close_sink)
				cordon_fd_close_p(&sink);
			s->close_sink = 1;
		}
	}
	set_interest(s);
	return s;
}

void
stream_drain(struct stream *s, int interrupt)
{
	if (s == NULL)
		return;
	for (;;) {
		struct pollfd p[2] = { { .fd = s->sink, .events = POLLOUT },
			{ .fd = interrupt, .events = POLLIN } };

		flush(s);
		if (s->sink_gone)
			return;
		if (s->end != 0) { /* whoever reads this may be slow: that is their right */
			(void)poll(p, 2, -1);
			if (p[1].revents != 0)
				return;
			continue;
		}
		if (!fill(s))
			return;
	}
}

int
stream_error(const struct stream *s)
{
	return s->error;
}

void
stream_pause(struct stream *s, int paused)
{
	if (s == NULL || s->told)
		return;
	s->paused = paused;
	set_interest(s);
}

void
stream_destroy(struct stream *s)
{
	if (s == NULL)
		return;
	cordon_watch_remove(s->reader);
	cordon_watch_remove(s->writer);
	cordon_timer_remove(s->soon);
	if (s->close_source)
		cordon_fd_close_p(&s->source);
	if (s->close_sink)
		cordon_fd_close_p(&s->sink);
	free(s);
}
