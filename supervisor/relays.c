/* MUST 1 (A02) No descriptor of the caller reaches the run but an anonymous pipe: what else there is, files,
 * sockets, terminals, devices, is read and written by us, or replaced by a null device of our own.
 * MUST 2 Ends travel: the caller's end of input becomes the run's, and a reader of output that goes away
 * closes the run's pipe, so that it gets EPIPE as it would without us.
 * Tests: tests/system/pipes.bash, tests/system/terminal.bash. */
#include "relays.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cordon/fd.h>

void
relays_init(struct relays *r, struct cordon_loop *loop, const struct relays_events *events,
	uint64_t output_limit)
{
	*r = (struct relays){ .loop = loop,
		.events = *events,
		.run_ends = { -1, -1, -1 },
		.pty = -1,
		.counted = 1,
		.output_left = output_limit };
}

static void
end_stream(struct relays *r, int i)
{
	if (r->streams[i] == NULL)
		return;
	/* EPIPE is the reader's choice, and the run's to notice. */
	if (i > 0 && stream_error(r->streams[i]) != EPIPE)
		r->write_error[i] = stream_error(r->streams[i]);
	stream_destroy(r->streams[i]);
	r->streams[i] = NULL;
}

void
relays_finish(struct relays *r)
{
	for (int i = 0; i < 3; i++) {
		end_stream(r, i);
		cordon_fd_close_p(&r->run_ends[i]);
	}
	cordon_fd_close_p(&r->pty);
}

/* Counts what the run printed on stream i. Returns how much of it may go on. */
static uint64_t
on_moved(struct relays *r, int i, const void *data, uint64_t count)
{
	const uint64_t allowed = count < r->output_left ? count : r->output_left;

	if (r->output_left != UINT64_MAX)
		r->output_left -= allowed;
	r->bytes[i] += count;
	r->events.printed(r->events.context, data, allowed);
	return allowed;
}

static uint64_t
on_stdout_moved(void *context, const void *data, uint64_t count)
{
	return on_moved(context, 1, data, count);
}

static uint64_t
on_stderr_moved(void *context, const void *data, uint64_t count)
{
	return on_moved(context, 2, data, count);
}

static void
on_stream_ended(void *context, struct stream *stream)
{
	struct relays *r = context;
	int hung_up = 0;

	for (int i = 0; i < 3; i++)
		if (r->streams[i] == stream) {
			hung_up = r->pty >= 0 && (i == 0 || stream_error(stream) != 0);
			end_stream(r, i);
		}
	if (!hung_up)
		return;
	/* Closing the master hangs the run's terminal up: it gets SIGHUP. */
	end_stream(r, 0);
	end_stream(r, 1);
	r->write_error[1] = 0;
	cordon_fd_close_p(&r->pty);
	r->events.hung_up(r->events.context);
}

/* A pipe between the run and us; the run's end is blocking, as programs expect. */
static int
carry(struct relays *r, int i, struct cordon_error *err)
{
	struct stream_events events = { .ended = on_stream_ended, .context = r };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	if (i == 0) {
		r->run_ends[0] = ends[0];
		r->streams[0] = stream_create(r->loop, 0, ends[1], 0, 1, &events, err);
	} else {
		r->run_ends[i] = ends[1];
		events.moved = i == 1 ? on_stdout_moved : on_stderr_moved;
		r->streams[i] = stream_create(r->loop, ends[0], i, 1, 0, &events, err);
	}
	return r->streams[i] == NULL ? -1 : 0;
}

static int
is_null_device(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* What may be handed on, or -1. */
static int
pass_straight(int i)
{
	if (cordon_fd_is_anonymous_pipe(i))
		return fcntl(i, F_DUPFD_CLOEXEC, 3);
	if (is_null_device(i))
		return open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	return -1;
}

int
relays_is_null(int i, int count)
{
	return (i == 0 || !count) && is_null_device(i);
}

int
relays_set_up(struct relays *r, uint32_t tty, int count, struct cordon_error *err)
{
	for (int i = 0; i < 3; i++) {
		if ((tty & 1u << i) != 0)
			continue;
		if (i == 0 || !count)
			r->run_ends[i] = pass_straight(i);
		if (r->run_ends[i] < 0 && carry(r, i, err) < 0)
			return -1;
		if (i > 0 && r->streams[i] == NULL)
			r->counted = 0;
	}
	return 0;
}

unsigned
relays_run_ends(const struct relays *r, int fds[3])
{
	unsigned count = 0;

	for (int i = 0; i < 3; i++)
		if (r->run_ends[i] >= 0)
			fds[count++] = r->run_ends[i];
	return count;
}

int
relays_start(struct relays *r, int pty, struct cordon_error *err)
{
	const struct stream_events in = { .ended = on_stream_ended, .context = r };
	const struct stream_events out = {
		.moved = on_stdout_moved, .ended = on_stream_ended, .context = r
	};
	int copy;

	for (int i = 0; i < 3; i++)
		cordon_fd_close_p(&r->run_ends[i]);
	r->pty = pty;
	if (pty < 0)
		return 0;
	copy = fcntl(pty, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not relay a terminal");
	r->streams[0] = stream_create(r->loop, 0, copy, 0, 1, &in, err);
	r->streams[1] = stream_create(r->loop, pty, 1, 0, 0, &out, err);
	return r->streams[0] == NULL || r->streams[1] == NULL ? -1 : 0;
}

void
relays_pause_input(struct relays *r, int paused)
{
	stream_pause(r->streams[0], paused);
}

void
relays_drain(struct relays *r, int interrupt)
{
	for (int i = 1; i < 3; i++)
		stream_drain(r->streams[i], interrupt);
}
